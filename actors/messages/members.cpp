#include "dispatch.hpp"

// Messages by which nodes find each other, and people steer a cluster.

namespace supercache::detail {

namespace {

/// How long the sender of a message of `admin_atom` waits; 30 s if the message does not say.
std::chrono::milliseconds wait_of(const value& argument) {
  return std::chrono::milliseconds{argument.is_int() && argument.as_int() > 0 ? argument.as_int()
                                                                              : 30'000};
}

/// A hello, and who takes frames.
struct introduction {
  wire_frame hello;
  caf::actor endpoint;
};
caf::message to_message(introduction x) {
  return caf::make_message(std::move(x.hello), std::move(x.endpoint));
}

} // namespace

template <>
struct travels_as<introduction> {
  using type = caf::output_tuple<wire_frame, caf::actor>;
};

namespace {

future<introduction> join(core& c, const wire_frame& theirs, const caf::actor& endpoint) {
  auto ours = c.others().welcome(theirs.bytes, endpoint);
  if (!ours)
    return ours.why();
  return introduction{wire_frame{std::move(ours->first)}, std::move(ours->second)};
}

future<value> administer(core& c, const std::string& what, const value& argument) {
  neighbours& others = c.others();
  const auto nothing = [](unit) -> result<value> { return value{}; };
  if (what == "members")
    return others.members();
  if (what == "partitions")
    return others.placement();
  if (what == "leave")
    return others.leave(wait_of(argument)).map(nothing);
  if (what == "sync")
    return others.sync(wait_of(argument))
      .map([asked_for
            = c.config().replication.replication_factor](std::size_t copies) -> result<value> {
        return value::map({{"copies", copies}, {"asked_for", asked_for}});
      });
  if (what == "force-primary" && argument.is_int()) {
    const auto index = static_cast<std::size_t>(argument.as_int());
    auto s = c.check_index(index);
    return future<unit>{s ? others.force_primary(index) : s}.map(nothing);
  }
  return {errc::invalid_argument, "no command '" + what
                                    + "'; there are members, partitions, leave, sync, "
                                      "force-primary"};
}

} // namespace

void add_member_rows(dispatch_table& to) {
  add_rows<member_actor>(to,
                         on_long<join_atom, wire_frame, caf::actor>(
                           [](core& c, const wire_frame& theirs, const caf::actor& endpoint) {
                             return join(c, theirs, endpoint);
                           }),
                         on_long<admin_atom, std::string, value>(
                           [](core& c, const std::string& what, const value& argument) {
                             return administer(c, what, argument);
                           }));
}

} // namespace supercache::detail
