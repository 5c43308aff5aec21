#include "clauses_kv.hpp"
#include "clauses_queues.hpp"
#include "clauses_structs.hpp"
#include "clauses_tuples.hpp"

namespace supercache::detail {

namespace {

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
    table* t = k == space_kind::tuples ? &c.at(partition).tuples() : c.at(partition).find(k, name);
    if (!t)
      continue;
    auto next = t->next_page(inner, c.now(), out.rows);
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

value configuration(const core& c) {
  std::vector<std::pair<value, value>> out;
  for (const setting& s : settings())
    out.emplace_back(s.name, get_option(c.config(), s.name).value());
  return value::map(std::move(out));
}

caf::result<value_list> names_in_use(core& c, const std::string& kind) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  const auto all = c.stats();
  const std::pair<std::string_view, const std::vector<std::string>*> lists[]
    = {{"kv", &all.namespaces},
       {"queue", &all.queues},
       {"stack", &all.stacks},
       {"structs", &all.structs}};
  for (const auto& [name, list] : lists)
    if (kind == name)
      return value_list(list->begin(), list->end());
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
      return reply(to_expected(get_option(c->config(), name)));
    },
    [=](page_atom, const std::string& kind, const std::string& name, const value& from) {
      return next_page(*c, kind, name, from);
    },
    [=](list_atom, const std::string& kind) { return names_in_use(*c, kind); },
  };
}

} // namespace

cache_actor::behavior_type cache_behavior(cache_actor::pointer self, std::shared_ptr<core> c) {
  return std::apply(
    [](auto&&... clauses) -> cache_actor::behavior_type {
      return {std::forward<decltype(clauses)>(clauses)...};
    },
    std::tuple_cat(tuple_clauses(c), match_clauses(c), kv_clauses(c), kv_upkeep_clauses(c),
                   queue_clauses(self, c), struct_clauses(c), info_clauses(c)));
}

} // namespace supercache::detail
