#include "guard.hpp"

#include "broker_guard.hpp"

#include <supercache/compat.hpp>

#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

namespace supercache::detail {

namespace {

using caf::io::basp_broker;

/// Puts the guard's clauses before CAF's. Their exceptions end here: they would end the broker, and
/// with it all connections of the process.
class guarded final : public caf::detail::behavior_impl {
public:
  explicit guarded(basp_broker& broker) : guard_(broker, {}), ours_(guard_.clauses()) {}

  caf::match_case::result invoke(caf::detail::invoke_result_visitor& f,
                                 caf::type_erased_tuple& content) override {
    try {
      const auto done = ours_.as_behavior_impl()->invoke(f, content);
      return done == caf::match_case::no_match ? guard_.forward(f, content) : done;
    } catch (const std::exception& e) {
      guard_.failed(content, e);
      return caf::match_case::match;
    }
  }

private:
  broker_guard guard_;
  caf::message_handler ours_;
};

/// Whether this is the first cache of its actor system.
bool is_first(const caf::actor& broker) {
  static std::mutex lock;
  static std::vector<caf::actor_addr> seen;
  const std::lock_guard hold{lock};
  std::erase_if(seen, [](const auto& a) { return !caf::actor_cast<caf::strong_actor_ptr>(a); });
  if (std::ranges::find(seen, broker.address()) != seen.end())
    return false;
  seen.push_back(broker.address());
  return true;
}

/// The broker that has CAF's connections; null once CAF ends. Thread: CAF's I/O thread.
basp_broker* broker_behind(const caf::actor& broker) {
  auto* found = dynamic_cast<basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker));
  return found && !found->getf(caf::abstract_actor::is_terminated_flag) ? found : nullptr;
}

} // namespace

void guard_network(caf::actor_system& system) {
  if (!system.has_middleman())
    return;
  auto& middleman = system.middleman();
  const auto broker = compat::connections_of<basp_broker>(middleman);
  if (!is_first(broker))
    return;
  middleman.backend().post([broker] {
    if (basp_broker* found = broker_behind(broker))
      found->become(caf::keep_behavior, caf::message_handler{caf::detail::behavior_impl::pointer{
                                          new guarded(*found), false}});
  });
}

void drop_silent(caf::actor_system& system, const caf::node_id& to, connections which) {
  compat::tell_from_anywhere(compat::connections_of<basp_broker>(system.middleman()),
                             caf::close_atom_v, to, which == connections::all);
}

} // namespace supercache::detail
