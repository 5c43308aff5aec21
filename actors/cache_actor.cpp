#include "clauses_kv.hpp"
#include "clauses_queues.hpp"
#include "clauses_structs.hpp"
#include "clauses_tuples.hpp"
#include "distributed/node.hpp"
#include "distributed/remote.hpp"

#include <algorithm>
#include <iterator>

namespace supercache::detail {

namespace {

/// A page of one partition: of the table here, or in a cluster of its primary's, as a copy here may
/// be none or old. Answers where the next one begins; nil: nowhere.
result<value> partition_page(core& c, std::size_t partition, const space& of, const value& from,
                             record_list& rows) {
  if (!c.cluster()) {
    table* t = of.kind == space_kind::tuples ? &c.at(partition).tuples()
                                             : c.at(partition).find(of.kind, of.name);
    return t ? t->next_page(from, c.now(), rows) : result<value>{value{}};
  }
  auto x
    = remote::ask(c, partition, remote::reading(ask::page{from}, of), {.mode = read_mode::primary});
  if (!x)
    return x.why();
  for (auto& some : x->rows)
    for (record& r : some)
      rows.push_back(std::move(r));
  return std::move(x->one);
}

caf::result<page> find_page(core& c, const std::string& kind, const std::string& name,
                            const value& from) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  space_kind k = space_kind::tuples;
  for (const auto x : {space_kind::kv, space_kind::structs})
    if (kind == to_string(x))
      k = x;
  if (k == space_kind::tuples && kind != to_string(k))
    return to_caf({errc::invalid_argument,
                   "cannot page through '" + kind + "'; allowed is tuples, kv, structs"});
  // A point in the walk is {partition, where in its table}.
  std::size_t partition = 0;
  value inner;
  if (!from.is_nil()) {
    if (!from.is_tuple() || from.items().size() != 2 || !from.items()[0].is_int()
        || from.items()[0].as_int() < 0)
      return to_caf({errc::invalid_argument, "no page ends at " + to_string(from)});
    partition = static_cast<std::size_t>(from.items()[0].as_int());
    inner = from.items()[1];
  }
  page out;
  for (; partition < c.partitions() && out.rows.empty(); ++partition, inner = {}) {
    auto next = partition_page(c, partition, {k, name}, inner, out.rows);
    if (!next)
      return to_caf(next.why());
    if (!next->is_nil()) {
      out.next = value::tuple({partition, *std::move(next)});
      return out;
    }
  }
  if (partition < c.partitions())
    out.next = value::tuple({partition, value{}});
  return out;
}

/// What is thrown, e.g. that a place in the walk nests too deeply to be sent, becomes the answer.
caf::result<page> next_page(core& c, const std::string& kind, const std::string& name,
                            const value& from) {
  try {
    return find_page(c, kind, name, from);
  } catch (const error& e) {
    return make_error(e.code(), e.what());
  }
}

caf::result<value> statistics(core& c, const std::string& section) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  if (section == "cache")
    return to_value(c.stats());
  if (section == "cluster")
    return to_value(c.cluster_stats());
  if (section == "api")
    return to_value(api(c.metrics()));
  return to_caf({errc::invalid_argument,
                 "no statistics called '" + section + "'; there are cache, cluster, api"});
}

/// What is in force: one option can be changed while the cache runs.
options options_in_force(const core& c) {
  options o = c.config();
  o.debug_log = c.log().decides();
  return o;
}

value configuration(const core& c) {
  const options o = options_in_force(c);
  std::vector<std::pair<value, value>> out;
  for (const setting& s : settings())
    out.emplace_back(s.name, get_option(o, s.name).value());
  return value::map(std::move(out));
}

status set_while_running(core& c, const std::string& name, const std::string& text) {
  auto changed = c.config();
  if (auto s = set_option(changed, name, text); !s)
    return s;
  if (name != "debug_log")
    return {errc::invalid_config,
            name + " cannot be changed while the cache runs; only debug_log can be"};
  return c.log().log_decisions(changed.debug_log);
}

/// Sorted, each once, of all partitions.
result<value_list> names_of(core& c, space_kind kind) {
  value_list out;
  if (c.cluster()) {
    const auto all
      = remote::ask_each(c, 0, c.partitions(), remote::reading(ask::names{}, {kind, {}}));
    if (!all)
      return all.why();
    for (const answer& a : *all)
      std::ranges::copy(a.one.items(), std::back_inserter(out));
  } else {
    for (std::size_t i = 0; i < c.partitions(); ++i)
      std::ranges::copy(c.at(i).names(kind), std::back_inserter(out));
  }
  std::erase_if(out, [&](const value& x) { return !struct_rows::is_shown(kind, x.as_string()); });
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

caf::result<value_list> names_in_use(core& c, const std::string& kind) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  for (const auto x : {space_kind::kv, space_kind::queue, space_kind::stack, space_kind::structs})
    if (kind == to_string(x))
      return reply(to_expected(names_of(c, x)));
  return to_caf({errc::invalid_argument,
                 "no names of kind '" + kind + "'; there are kv, queue, stack, structs"});
}

/// About the cache.
auto info_clauses(handle_source c) {
  return std::tuple{
    [=](stats_atom) { return statistics(*c, "cache"); },
    [=](stats_atom, const std::string& section) { return statistics(*c, section); },
    [=](stats_atom, reset_atom) { c->metrics().reset(); },
    [=](config_atom) { return configuration(*c); },
    [=](config_atom, const std::string& name) {
      return reply(to_expected(get_option(options_in_force(*c), name)));
    },
    [=](config_atom, const std::string& name, const std::string& text) {
      return reply(to_expected(set_while_running(*c, name, text)));
    },
    [=](page_atom, const std::string& kind, const std::string& name, const value& from) {
      return next_page(*c, kind, name, from);
    },
    [=](list_atom, const std::string& kind) { return names_in_use(*c, kind); },
  };
}

/// Of those who watch.
auto watch_clauses(handle_source c) {
  return std::tuple{
    [=](watch_atom, interest& what, const caf::actor& who) {
      return reply(to_expected(c->watch(std::move(what), who)));
    },
    [=](unwatch_atom, std::uint64_t watch) { return c->unwatch(watch); },
    [=](watch_atom, const caf::actor& who) { return reply(to_expected(c->watch_nodes(who))); },
    [=](unwatch_atom, const caf::actor& who) { return c->nodes().remove(who.address()); },
  };
}

caf::result<wire_frame, caf::actor> join(core& c, const wire_frame& theirs,
                                         const caf::actor& endpoint) {
  if (!c.cluster())
    return to_caf({errc::invalid_config, "this node is no member of a cluster"});
  const auto from = decode_hello(theirs.bytes);
  if (!from) {
    c.cluster()->refuse(speaker_of(theirs.bytes), from.why());
    return to_caf(from.why());
  }
  caf::actor ours;
  const auto mine = c.cluster()->welcome(*from, endpoint, ours);
  if (!mine)
    return to_caf(mine.why());
  return {wire_frame{encode_hello(*mine)}, ours};
}

/// All but "sync", for which no thread waits.
caf::result<value> administer(core& c, const std::string& what, const value& argument) {
  if (!c.cluster())
    return to_caf({errc::invalid_argument, "this node is no member of a cluster"});
  node& n = *c.cluster();
  if (what == "members")
    return n.members();
  if (what == "partitions")
    return n.placement();
  status done{errc::invalid_argument, "no command '" + what
                                        + "'; there are members, partitions, leave, sync, "
                                          "force-primary"};
  if (what == "leave")
    done = n.leave(wait_of(argument));
  else if (what == "force-primary" && argument.is_int())
    done = c.check_index(static_cast<std::size_t>(argument.as_int()))
             ? n.force_primary(static_cast<std::size_t>(argument.as_int()))
             : c.check_index(static_cast<std::size_t>(argument.as_int()));
  if (!done)
    return to_caf(done.why());
  return value{};
}

/// Of nodes and of people.
auto member_clauses(handle_source c) {
  return std::tuple{
    [=](join_atom, const wire_frame& theirs, const caf::actor& endpoint) {
      return join(*c, theirs, endpoint);
    },
    [=](admin_atom, const std::string& what, const value& argument) {
      return administer(*c, what, argument);
    },
  };
}

template <class Behavior>
Behavior with_clauses(auto... groups) {
  return std::apply(
    [](auto&&... clauses) -> Behavior { return {std::forward<decltype(clauses)>(clauses)...}; },
    std::tuple_cat(std::move(groups)...));
}

/// The clauses of one part of CACHE's interface; the compiler sees that none is missing.
template <class Part>
caf::message_handler part_of(auto... groups) {
  auto typed = with_clauses<typename Part::behavior_type>(std::move(groups)...);
  return {typed.unbox().as_behavior_impl()};
}

/// Never asked, as CACHE passes it on.
auto wait_clauses() {
  return std::tuple{
    [](queue_atom, wait_atom, const std::string&, std::int64_t) -> caf::result<value> {
      return make_error(errc::internal, "nobody waits here");
    },
  };
}

} // namespace

caf::message_handler short_behavior(std::shared_ptr<core> c) {
  return with_clauses<caf::message_handler>(tuple_clauses(c), tuple_update_clauses(c),
                                            kv_clauses(c), kv_upkeep_clauses(c), queue_clauses(c),
                                            struct_clauses(c), partition_clauses(c));
}

caf::behavior cache_behavior(std::shared_ptr<core> c) {
  return part_of<tuple_actor>(tuple_clauses(c), tuple_update_clauses(c), match_clauses(c),
                              partition_clauses(c))
    .or_else(part_of<kv_actor>(kv_clauses(c), kv_upkeep_clauses(c), kv_walk_clauses(c)))
    .or_else(part_of<queue_actor>(queue_clauses(c), wait_clauses()))
    .or_else(part_of<struct_actor>(struct_clauses(c), struct_walk_clauses(c)))
    .or_else(part_of<watchable_actor>(watch_clauses(c)))
    .or_else(part_of<info_actor>(info_clauses(c)))
    .or_else(part_of<member_actor>(member_clauses(c)));
}

} // namespace supercache::detail
