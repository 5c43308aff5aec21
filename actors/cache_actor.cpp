#include "cache_backup.hpp"
#include "clauses_kv.hpp"
#include "clauses_queues.hpp"
#include "clauses_structs.hpp"
#include "clauses_tuples.hpp"
#include "distributed/node.hpp"
#include "distributed/remote.hpp"
#include "pages.hpp"

namespace supercache::detail {

namespace {

/// Reads pages at the primary, as there may be no copy here, or an old one.
list_options as_asked(std::string prefix, std::uint64_t limit) {
  return {read_mode::primary, remote::default_timeout, std::move(prefix), index_in(limit)};
}

/// An exception, e.g. that a place in the walk nests too deeply to be sent, becomes the answer.
caf::result<page> answer_page(core& c, const std::string& kind, const std::string& name,
                              const value& from, const list_options& o, bool keys_only) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  for (const auto k : {space_kind::tuples, space_kind::kv, space_kind::structs})
    if (kind == to_string(k))
      try {
        if (auto s = k == space_kind::structs ? struct_rows::check_type(name) : ok(); !s)
          return to_caf(s.why());
        return reply(to_expected(next_page(c, {k, name}, from, o, keys_only)));
      } catch (const error& e) {
        return make_error(e.code(), e.what());
      }
  return to_caf(
    {errc::invalid_argument, "cannot page through '" + kind + "'; allowed is tuples, kv, structs"});
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

/// The options in force: one can be changed while the cache runs.
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

caf::result<value_list> names_in_use(core& c, const std::string& kind, const value& behind,
                                     const list_options& o) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  for (const auto x : {space_kind::kv, space_kind::queue, space_kind::stack, space_kind::structs})
    if (kind == to_string(x))
      return reply(to_expected(names_of(c, x, behind, o)));
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
      return answer_page(*c, kind, name, from, as_asked({}, 0), false);
    },
    [=](page_atom, const std::string& kind, const std::string& name, const value& from,
        std::string& prefix, std::uint64_t limit, bool keys_only) {
      return answer_page(*c, kind, name, from, as_asked(std::move(prefix), limit), keys_only);
    },
    [=](list_atom, const std::string& kind) { return names_in_use(*c, kind, {}, {}); },
    [=](list_atom, const std::string& kind, const value& behind, std::string& prefix,
        std::uint64_t limit) {
      return names_in_use(*c, kind, behind,
                          {.prefix = std::move(prefix), .limit = index_in(limit)});
    },
  };
}

/// For listeners.
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

/// For nodes and for operators.
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

/// Never called, as CACHE passes it on.
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
    .or_else(part_of<backup_actor>(backup_clauses(c)))
    .or_else(part_of<member_actor>(member_clauses(c)));
}

} // namespace supercache::detail
