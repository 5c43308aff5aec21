#include "../distributed/dial.hpp"
#include "dispatch.hpp"

// Messages of clients: see `cache::connect`.

namespace supercache::detail {

namespace {

future<wire_frame> look(core& c, std::uint64_t version) {
  if (auto s = c.check_running(); !s)
    return s.why();
  if (version != hello::present_version)
    return {errc::invalid_config, "the client speaks version " + std::to_string(version)
                                    + " of the protocol; this node speaks "
                                    + std::to_string(hello::present_version)};
  cluster_view v = c.others().look();
  v.structure = structure_of(c.config());
  return wire_frame{encode_view(v)};
}

template <class T, class... Ts>
constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);

/// What a node counts for clients, which count for themselves, too.
metric counted(const operation& o) {
  const bool queue = o.target.kind == space_kind::queue;
  return std::visit(
    [queue]<class T>(const T&) {
      if constexpr (is_one_of<T, op::push, op::extend>)
        return queue ? metric::queue_push : metric::stack_push;
      else if constexpr (is_one_of<T, op::pop, op::drain>)
        return queue ? metric::queue_pop : metric::stack_pop;
      else if constexpr (is_one_of<T, op::remove, op::take>)
        return metric::delete_;
      else if constexpr (is_one_of<T, op::clear, op::wipe>)
        return metric::delete_all;
      else if constexpr (is_one_of<T, op::remove_match>)
        return metric::delete_match;
      else if constexpr (is_one_of<T, op::put, op::put_many, op::insert_new, op::restore>)
        return metric::put;
      else
        return metric::update;
    },
    o.body);
}
metric counted(const frame::question& q) {
  return std::visit(
    [&]<class T>(const T&) {
      if constexpr (is_one_of<T, ask::match, ask::match_some, ask::count_match>)
        return metric::match;
      else if constexpr (is_one_of<T, ask::page>)
        return metric::scan;
      else
        return q.at_primary ? metric::get_primary : metric::get_quorum;
    },
    q.what.body);
}

future<unit> take(core& c, const wire_frame& f, const caf::actor& client) {
  if (auto s = c.check_running(); !s)
    return s.why();
  wire_reader r{f.bytes};
  while (r.ok() && !r.at_end()) {
    auto i = frame::decode_item(r, c.partitions());
    if (!r.ok())
      break;
    if (auto* write = std::get_if<frame::request>(&i)) {
      c.metrics().add(counted(write->what));
      c.others().serve(std::move(*write), client);
    } else if (auto* question = std::get_if<frame::question>(&i)) {
      c.metrics().add(counted(*question));
      c.others().serve(std::move(*question), client);
    } else {
      r.fail("an item that no client sends");
    }
  }
  return r.status();
}

} // namespace

void add_service_rows(dispatch_table& to) {
  add_rows<service_actor>(
    to,
    on<view_atom, std::uint64_t>([](core& c, std::uint64_t version) { return look(c, version); }),
    on<frame_atom, wire_frame, caf::actor>(
      [](core& c, const wire_frame& f, const caf::actor& client) { return take(c, f, client); }));
}

} // namespace supercache::detail
