#include "../core.hpp"
#include "../distributed/dial.hpp"
#include "remote.hpp"

#include <utility>

// NODE MONITOR of a client.

namespace supercache::detail {

namespace {

using namespace std::chrono_literals;

class client_monitor : public std::enable_shared_from_this<client_monitor> {
public:
  client_monitor(monitor_actor::pointer self, std::shared_ptr<remote> of)
    : self_(self), remote_(std::move(of)) {
    remote_->nodes().forget_dialling(); // one before this may have ended while it dialled
  }

  void tick() {
    if (stopping_)
      return;
    const auto now = system_ms();
    for (const auto& at : remote_->nodes().to_dial(now))
      dial(at);
    if (const auto node = remote_->nodes().to_ask(now))
      look(node);
    remote_->tick();
    compat::tell_later(self_, monitor_actor{self_}, tick_interval, caf::tick_atom_v);
  }
  void stop() {
    stopping_ = true;
    end_helpers();
    self_->quit();
  }
  void end_helpers() {
    for (const auto& d : std::exchange(dialers_, {}))
      compat::end(d);
  }

  /// A helper ended, which it should not.
  void replace(const caf::actor_addr& who) {
    for (auto& d : dialers_)
      if (d == who)
        d = make_dialer();
  }

private:
  static constexpr auto tick_interval = 25ms;
  /// How long a node may take to answer; one that hangs costs nobody else anything.
  static constexpr std::chrono::milliseconds longest{2'000};
  static constexpr std::size_t dialers_most = 3;

  void dial(const node_address& at) {
    find_node(self_, next_dialer(), at, longest,
              [me = shared_from_this(), at](result<caf::strong_actor_ptr> found) {
                if (!found)
                  return me->remote_->failed(at, found.why());
                me->ask(caf::actor_cast<service_actor>(*found), at);
              });
  }
  void ask(const service_actor& node, const node_address& at) {
    compat::ask(self_, node, longest, view_atom_v, hello::present_version)
      .then(
        [me = shared_from_this(), node, at](wire_frame& x) {
          auto v = decode_view(x.bytes);
          if (v)
            me->remote_->reached(at, node, *v);
          else
            me->remote_->failed(at, v.why());
        },
        [me = shared_from_this(), at](caf::error& e) {
          me->remote_->failed(at, why_no_answer(e));
        });
  }
  void look(const service_actor& node) {
    compat::ask(self_, node, longest, view_atom_v, hello::present_version)
      .then(
        [me = shared_from_this()](wire_frame& x) {
          if (auto v = decode_view(x.bytes))
            me->remote_->told(*v);
        },
        [](caf::error&) {});
  }
  /// Several, so that a host that does not answer keeps few from being reached.
  const dialer_actor& next_dialer() {
    if (dialers_.size() < dialers_most)
      return dialers_.emplace_back(make_dialer());
    return dialers_[turn_++ % dialers_.size()];
  }

  dialer_actor make_dialer() {
    return self_->spawn<caf::detached + caf::hidden + caf::monitored>(dialer_behavior, longest);
  }

  monitor_actor::pointer self_;
  const std::shared_ptr<remote> remote_;
  std::vector<dialer_actor> dialers_;
  std::size_t turn_ = 0;
  bool stopping_ = false;
};

} // namespace

monitor_actor::behavior_type client_monitor_behavior(monitor_actor::pointer self,
                                                     std::shared_ptr<remote> of) {
  auto logic = std::make_shared<client_monitor>(self, std::move(of));
  compat::on_down(self, [logic](const caf::actor_addr& who) { logic->replace(who); });
  self->attach_functor([logic](const caf::error&) { logic->end_helpers(); });
  return {
    [logic](caf::tick_atom) { logic->tick(); },
    [](caf::reset_atom, const std::vector<std::string>&) {},
    [](node_down_atom, const std::string&) {},
    [logic](stop_atom) { logic->stop(); },
  };
}

} // namespace supercache::detail
