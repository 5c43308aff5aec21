#include "calls.hpp"
#include "struct_rows.hpp"

// What is done when a backup is made or put back.

namespace supercache::detail::calls {

namespace {

/// The approximate size of a part of a snapshot: a connection takes it without others noticing.
constexpr std::uint64_t part_bytes = 256 * 1024;

constexpr std::chrono::milliseconds longest{5'000};

failure elsewhere(std::size_t partition) {
  return {errc::invalid_argument,
          "what is to be restored does not belong into partition " + std::to_string(partition)};
}

status check_rows(const core& c, std::size_t partition, const space& target,
                  const op::restore& what) {
  const bool tuples = target.kind == space_kind::tuples;
  if (target.kind == space_kind::structs)
    if (auto s = struct_rows::check_type(target.name); !s)
      return s;
  for (const auto& row : what.rows) {
    if (tuples)
      if (auto s = c.check(row.what); !s)
        return s;
    const std::size_t pos = tuples ? c.config().partition_pos : 0;
    if (row.what.empty() || c.index_of(hash(row.what[pos])) != partition)
      return elsewhere(partition);
  }
  return ok();
}

/// Whether an operation is one that puts a backup back, and all of it belongs into the partition.
status check_restoring(const core& c, std::size_t partition, const operation& o) {
  if (auto s = c.check_index(partition); !s)
    return s;
  if (const auto* r = std::get_if<op::restore>(&o.body))
    return check_rows(c, partition, o.target, *r);
  if (std::holds_alternative<op::wipe>(o.body))
    return ok();
  const bool line
    = std::holds_alternative<op::extend>(o.body) || std::holds_alternative<op::clear>(o.body);
  if (!line || is_table(o.target.kind))
    return {errc::invalid_argument, std::string{name_of(o.body)} + " of "
                                      + std::string{to_string(o.target.kind)}
                                      + " restores nothing"};
  if (c.index_of(hash(value{o.target.name})) != partition)
    return elsewhere(partition);
  return ok();
}

} // namespace

future<value> restore(core& all, std::size_t partition, operation what) {
  return call(all, metric::put, [&, &c = all]() -> future<value> {
    if (auto s = check_restoring(c, partition, what); !s)
      return s.why();
    return c.executor().begin_write(partition, std::move(what), longest);
  });
}

future<value> read_snapshot(core& c, std::size_t partition, std::uint64_t id,
                            std::uint64_t number) {
  if (auto s = c.check_running(); !s)
    return s.why();
  if (auto s = c.check_index(partition); !s)
    return s.why();
  return c.executor()
    .read(partition, query{{}, ask::snapshot{id, number, part_bytes}},
          {read_mode::primary, longest})
    .map([](answer x) -> result<value> { return std::move(x.one); });
}

} // namespace supercache::detail::calls
