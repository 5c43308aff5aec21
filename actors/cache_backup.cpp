#include "cache_backup.hpp"

#include "distributed/remote.hpp"
#include "struct_rows.hpp"

namespace supercache::detail {

namespace {

/// The approximate size of a part of a snapshot: a connection takes it without others noticing.
constexpr std::uint64_t part_bytes = 256 * 1024;

failure elsewhere(std::uint64_t partition) {
  return {errc::invalid_argument,
          "what is to be restored does not belong into partition " + std::to_string(partition)};
}

} // namespace

status check_restoring(const core& c, std::uint64_t partition, const operation& o) {
  if (auto s = c.check_running(); !s)
    return s;
  if (auto s = c.check_index(index_in(partition)); !s)
    return s;
  const auto belongs = [&](const value& x) { return c.index_of(hash(x)) == partition; };
  if (const auto* r = std::get_if<op::restore>(&o.body)) {
    const bool tuples = o.target.kind == space_kind::tuples;
    if (o.target.kind == space_kind::structs)
      if (auto s = struct_rows::check_type(o.target.name); !s)
        return s;
    for (const auto& row : r->rows) {
      if (tuples)
        if (auto s = c.check(row.what); !s)
          return s;
      const std::size_t pos = tuples ? c.config().partition_pos : 0;
      if (row.what.empty() || !belongs(row.what[pos]))
        return elsewhere(partition);
    }
    return ok();
  }
  if (std::holds_alternative<op::wipe>(o.body))
    return ok();
  const bool line
    = std::holds_alternative<op::extend>(o.body) || std::holds_alternative<op::clear>(o.body);
  if (!line || is_table(o.target.kind))
    return {errc::invalid_argument, std::string{name_of(o.body)} + " of "
                                      + std::string{to_string(o.target.kind)}
                                      + " restores nothing"};
  if (!belongs(value{o.target.name}))
    return elsewhere(partition);
  return ok();
}

caf::result<value> apply_restoring(core& c, std::uint64_t partition, const operation& o) {
  if (auto s = check_restoring(c, partition, o); !s)
    return to_caf(s.why());
  const auto index = index_in(partition);
  if (c.cluster())
    return reply(to_expected(remote::write(c, index, o.target, o.body, remote::default_timeout)));
  bool watched = false;
  auto x = c.at(index).apply(o, c.now(), &watched);
  if (watched)
    c.wake_waiters(o.target.name);
  return reply(to_expected(std::move(x)));
}

caf::result<value> read_snapshot(core& c, std::uint64_t partition, std::uint64_t id,
                                 std::uint64_t number) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  const auto index = index_in(partition);
  if (auto s = c.check_index(index); !s)
    return to_caf(s.why());
  query q{{}, ask::snapshot{id, number, part_bytes}};
  auto part = c.cluster() ? remote::ask(c, index, std::move(q), {.mode = read_mode::primary})
                          : c.at(index).ask(q, c.now());
  if (!part)
    return to_caf(part.why());
  return std::move(part->one);
}

caf::result<value> declared_structs(core& c) {
  if (auto s = c.check_running(); !s)
    return to_caf(s.why());
  const auto declared = struct_rows::declared(c, {.mode = read_mode::primary});
  if (!declared)
    return to_caf(declared.why());
  value_list all;
  for (const auto& [type, field] : *declared)
    all.push_back(value::list({type, field}));
  return value::list(all);
}

} // namespace supercache::detail
