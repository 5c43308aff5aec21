#include "../log.hpp"
#include "../settings.hpp"
#include "../struct_rows.hpp"
#include "dispatch.hpp"

// Messages by which CACHE tells about itself, is watched, and is backed up.

namespace supercache::detail {

namespace {

future<value> statistics(core& c, const std::string& section) {
  if (auto s = c.check_running(); !s)
    return s.why();
  if (section == "cache")
    return to_value(c.stats());
  if (section == "cluster")
    return to_value(c.others().stats());
  if (section == "api")
    return to_value(api(c.metrics()));
  return {errc::invalid_argument,
          "no statistics called '" + section + "'; there are cache, cluster, api"};
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

/// Pages are read at the primary, as there may be no copy here, or an old one. An exception, e.g.
/// that a place in the walk nests too deeply to be sent, is caught by the call.
future<page> page_of(core& c, const std::string& kind, const std::string& name, const value& from,
                     std::string prefix, std::uint64_t limit, bool keys_only) {
  if (auto s = c.check_running(); !s)
    return s.why();
  const list_options o{read_mode::primary, read_options{}.timeout, std::move(prefix),
                       index_in(limit)};
  for (const auto k : {space_kind::tuples, space_kind::kv, space_kind::structs})
    if (kind == to_string(k)) {
      if (auto s = k == space_kind::structs ? struct_rows::check_type(name) : ok(); !s)
        return s.why();
      return calls::next_page(c, {k, name}, from, o, keys_only);
    }
  return {errc::invalid_argument,
          "cannot page through '" + kind + "'; allowed is tuples, kv, structs"};
}

future<value_list> names_in_use(core& c, const std::string& kind, const value& behind,
                                const list_options& o) {
  if (auto s = c.check_running(); !s)
    return s.why();
  for (const auto x : {space_kind::kv, space_kind::queue, space_kind::stack, space_kind::structs})
    if (kind == to_string(x))
      return calls::names(c, x, behind, o);
  return {errc::invalid_argument,
          "no names of kind '" + kind + "'; there are kv, queue, stack, structs"};
}

auto about_options() {
  return std::tuple_cat(
    on<config_atom>([](core& c) -> future<value> { return configuration(c); }),
    on<config_atom, std::string>([](core& c, const std::string& name) -> future<std::string> {
      return get_option(options_in_force(c), name);
    }),
    on<config_atom, std::string, std::string>(
      [](core& c, const std::string& name, const std::string& text) -> future<unit> {
        return set_while_running(c, name, text);
      }));
}

auto about_data() {
  return std::tuple_cat(
    on_long<stats_atom>([](core& c) { return statistics(c, "cache"); }),
    on_long<stats_atom, std::string>(
      [](core& c, const std::string& section) { return statistics(c, section); }),
    on<stats_atom, reset_atom>([](core& c) -> future<unit> {
      c.metrics().reset();
      return ok();
    }),
    on_long<page_atom, std::string, std::string, value>(
      [](core& c, const std::string& kind, const std::string& name, const value& from) {
        return page_of(c, kind, name, from, {}, 0, false);
      }),
    on_long<page_atom, std::string, std::string, value, std::string, std::uint64_t, bool>(
      [](core& c, const std::string& kind, const std::string& name, const value& from,
         std::string& prefix, std::uint64_t limit, bool keys_only) {
        return page_of(c, kind, name, from, std::move(prefix), limit, keys_only);
      }),
    on_long<list_atom, std::string>(
      [](core& c, const std::string& kind) { return names_in_use(c, kind, {}, {}); }),
    on_long<list_atom, std::string, value, std::string, std::uint64_t>(
      [](core& c, const std::string& kind, const value& behind, std::string& prefix,
         std::uint64_t limit) {
        return names_in_use(c, kind, behind,
                            {.prefix = std::move(prefix), .limit = index_in(limit)});
      }));
}

} // namespace

void add_info_rows(dispatch_table& to) { add_rows<info_actor>(to, about_options(), about_data()); }

void add_watch_rows(dispatch_table& to) {
  add_rows<watchable_actor>(
    to,
    on_long<watch_atom, interest, caf::actor>(
      [](core& c, interest& what, const caf::actor& who) { return c.watch(std::move(what), who); }),
    on_long<unwatch_atom, std::uint64_t>(
      [](core& c, std::uint64_t watch) -> future<bool> { return c.unwatch(watch); }),
    on<watch_atom, caf::actor>(
      [](core& c, const caf::actor& who) -> future<unit> { return c.watch_nodes(who); }),
    on<unwatch_atom, caf::actor>([](core& c, const caf::actor& who) -> future<bool> {
      return c.nodes().remove(who.address());
    }));
}

void add_backup_rows(dispatch_table& to) {
  add_rows<backup_actor>(
    to,
    on_long<page_atom, index_atom, std::uint64_t, std::uint64_t, std::uint64_t>(
      [](core& c, std::uint64_t partition, std::uint64_t snapshot, std::uint64_t number) {
        return calls::read_snapshot(c, index_in(partition), snapshot, number);
      }),
    on_long<apply_atom, index_atom, std::uint64_t, operation>(
      [](core& c, std::uint64_t partition, operation& o) {
        return calls::restore(c, index_in(partition), std::move(o));
      }),
    on_long<struct_atom, init_atom>([](core& c) {
      return struct_rows::declared(c, {.mode = read_mode::primary})
        .map([](const std::vector<std::pair<std::string, std::size_t>>& types) -> result<value> {
          value_list all;
          for (const auto& [type, field] : types)
            all.push_back(value::list({type, field}));
          return value::list(all);
        });
    }));
}

} // namespace supercache::detail
