#include "relays.hpp"

#include "../core.hpp"
#include "../pool.hpp"

#include <atomic>
#include <utility>
#include <vector>

namespace supercache::detail {

namespace {

/// Takes what a node tells of a watch.
using relay_actor
  = change_listener::extend_with<compat::iface<caf::result<void>(run_atom, local_job)>>;

} // namespace

/// One watch. What is not atomic belongs to its actor.
class relay : public std::enable_shared_from_this<relay> {
public:
  relay(std::uint64_t watch, interest what, caf::actor who, std::function<void()> over)
    : watch_(watch), what_(std::move(what)), who_(std::move(who)), over_(std::move(over)) {}

  void begin(pool& at) {
    actor_ = at.spawn<relay_actor>([me = shared_from_this()](relay_actor::pointer self) {
      me->self_ = self;
      compat::on_down(self, [me](const caf::actor_addr&) { me->over_(); });
      self->monitor(me->who_);
      return relay_actor::behavior_type{
        [me](changes_atom, std::uint64_t, std::vector<change>& xs) {
          return me->self_->delegate(caf::actor_cast<change_listener>(me->who_), changes_atom_v,
                                     me->watch_, std::move(xs));
        },
        [](run_atom, const local_job& work) { (*work)(); },
      };
    });
  }

  /// Has a node keep the watch from now on.
  void attach(const watch_keeper& k, std::function<void(status)> done) {
    keeper_ = k.id;
    on_actor([me = shared_from_this(), k, done = std::move(done)] {
      constexpr std::chrono::seconds longest{5};
      compat::ask(me->self_, k.node, longest, watch_atom_v, me->what_,
                  caf::actor_cast<caf::actor>(me->actor_))
        .then(
          [me, k, done](std::uint64_t watch) {
            me->at_node_ = watch;
            me->node_ = k.node;
            done(ok());
          },
          [me, k, done](caf::error& e) {
            auto mine = k.id;
            me->keeper_.compare_exchange_strong(mine, 0);
            done(compat::is_ours(e)
                   ? failure{code_of(e), message_of(e)}
                   : failure{errc::unavailable, "the node that should watch does not answer"});
          });
    });
  }
  bool is_kept_by(member_id id) const noexcept { return keeper_ == id; }
  void lost() { keeper_ = 0; }
  void tell_missed() const {
    compat::tell_from_anywhere(caf::actor_cast<change_listener>(who_), changes_atom_v, watch_,
                               std::vector<change>{{change_kind::missed, what_.where, {}}});
  }
  /// The node learns from the actor's end, too.
  void end() {
    on_actor([me = shared_from_this()] {
      if (me->node_)
        compat::tell_from_anywhere(me->node_, unwatch_atom_v, me->at_node_);
      me->self_->quit();
    });
  }

private:
  void on_actor(std::function<void()> work) const {
    compat::tell_from_anywhere(actor_, run_atom_v,
                               std::make_shared<std::function<void()>>(std::move(work)));
  }

  const std::uint64_t watch_;
  const interest what_;
  const caf::actor who_;
  const std::function<void()> over_;
  relay_actor actor_;
  relay_actor::pointer self_ = nullptr;
  std::atomic<member_id> keeper_{0};
  watchable_actor node_;
  std::uint64_t at_node_ = 0;
};

future<std::uint64_t> relays::add(const interest& what, const caf::actor& who) {
  const auto keeper = keeper_();
  if (!keeper)
    return {errc::unavailable, "no node of the cluster can be reached"};
  std::shared_ptr<relay> made;
  std::uint64_t watch = 0;
  {
    const std::lock_guard hold{lock_};
    watch = ++last_;
    made = std::make_shared<relay>(watch, what, who, [c = core_.weak_from_this(), this, watch] {
      if (const auto alive = c.lock())
        remove(watch);
    });
  }
  made->begin(core_.pool());
  auto out = future<std::uint64_t>::pending();
  made->attach(*keeper, [c = core_.weak_from_this(), this, made, watch, out](const status& s) {
    const auto alive = c.lock();
    if (!alive || !s) {
      made->end();
      out.set(s ? failure{errc::not_started, "the cache was stopped"} : s.why());
      return;
    }
    {
      const std::lock_guard hold{lock_};
      all_.emplace(watch, made);
    }
    out.set(watch);
  });
  return out;
}

bool relays::remove(std::uint64_t watch) {
  std::shared_ptr<relay> gone;
  {
    const std::lock_guard hold{lock_};
    const auto found = all_.find(watch);
    if (found == all_.end())
      return false;
    gone = std::move(found->second);
    all_.erase(found);
  }
  gone->end();
  return true;
}

void relays::lost(member_id keeper) {
  const std::lock_guard hold{lock_};
  for (const auto& [watch, r] : all_)
    if (r->is_kept_by(keeper))
      r->lost();
}

void relays::tick() {
  std::vector<std::shared_ptr<relay>> homeless;
  {
    const std::lock_guard hold{lock_};
    for (const auto& [watch, r] : all_)
      if (r->is_kept_by(0))
        homeless.push_back(r);
  }
  for (const auto& r : homeless)
    if (const auto keeper = keeper_())
      r->attach(*keeper, [r](const status& s) {
        if (s)
          r->tell_missed();
      });
}

void relays::stop() {
  decltype(all_) gone;
  {
    const std::lock_guard hold{lock_};
    gone.swap(all_);
  }
  for (const auto& [watch, r] : gone)
    r->end();
}

} // namespace supercache::detail
