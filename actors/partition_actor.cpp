#include "core.hpp"
#include "item_waits.hpp"

#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace supercache::detail {

namespace {

using namespace std::chrono_literals;

/// How often expired records are looked for, and how many are freed before other work has its turn.
constexpr auto tidy_interval = 200ms;
constexpr std::size_t tidy_budget = 2000;
/// How many may wait for items of a partition's queues: some hundred bytes each.
constexpr std::size_t waits_most = 100'000;
/// How long an operation in a cluster is tried.
constexpr auto default_wait = 5'000ms;

class partition_logic : public std::enable_shared_from_this<partition_logic> {
public:
  partition_logic(partition_actor::pointer self, std::shared_ptr<core> c, std::size_t index)
    : self_(self),
      core_(std::move(c)),
      store_(core_->at(index)),
      index_(index),
      parking_(self, store_.queues()) {}

  caf::typed_response_promise<value> apply(const operation& o) {
    auto promise = self_->make_response_promise<value>();
    deliver<value>(promise, core_->executor().begin_write(index_, o, default_wait));
    return promise;
  }

  caf::typed_response_promise<answer> ask(const query& q, const read_options& o) {
    auto promise = self_->make_response_promise<answer>();
    deliver<answer>(promise, core_->executor().read(index_, q, o));
    return promise;
  }

  caf::typed_response_promise<value> wait(const std::string& queue, std::int64_t timeout_ms) {
    const auto timeout = countable(std::chrono::milliseconds{timeout_ms});
    const auto who = self_->current_sender(); // the promise takes it away
    auto promise = self_->make_response_promise<value>();
    if (waits().count() >= waits_most) {
      promise.deliver(to_caf({errc::overloaded, "too many wait for items of queues already"}));
      return promise;
    }
    if (who && monitored_.insert(who->address()).second)
      self_->monitor(who);
    parking_.serve(queue); // callers that wait already come first
    waits().add(promise, queue, timeout, caf::actor_cast<caf::actor_addr>(who));
    return promise;
  }

  /// There may be items for callers that wait.
  void serve(const std::string& queue) {
    parking_.serve(queue);
    if (parking_.idle(queue))
      store_.queues().unwatch(queue);
  }
  /// For another node that waits.
  void park(const std::string& queue, std::int64_t longest_ms, const local_job& look) {
    parking_.park(queue, parking_.next_ticket(), std::chrono::milliseconds{longest_ms}, *look);
  }

  void tidy() {
    parking_.tick();
    bool more = core_->running() && core_->others().reclaim(index_, tidy_budget);
    more |= store_.free_cleared(tidy_budget);
    reclaim::collect();
    if (const auto now = std::chrono::steady_clock::now(); now - aged_ >= 1s) {
      aged_ = now;
      store_.age_snapshots();
    }
    compat::tell_later(self_, partition_actor{self_}, more ? 0ms : tidy_interval, caf::tick_atom_v);
  }

  /// Nothing is taken out of a queue for a caller that is gone.
  void forget(const caf::actor_addr& who) {
    monitored_.erase(who);
    waits().forget(who);
  }

  void stop() {
    end_all({errc::not_started, "the cache was stopped"});
    self_->quit();
  }
  /// Answers all that wait: the actor ends.
  void end_all(const failure& why) {
    if (waits_)
      waits_->stop(why);
    for (auto& [id, promise] : std::exchange(under_way_, {}))
      promise.deliver(to_caf({errc::outcome_unknown, why.message + " before an answer came"}));
  }

private:
  /// Not before the node is complete.
  item_waits& waits() {
    if (!waits_)
      waits_ = std::make_shared<item_waits>(self_, core_->executor(), index_, parking_);
    return *waits_;
  }

  /// Delivers on this actor what comes on another thread.
  template <class T>
  void deliver(caf::response_promise promise, future<T> x) {
    if (x.here())
      return promise.deliver(to_expected(std::move(x).wait()));
    const auto id = ++last_id_;
    under_way_.emplace(id, std::move(promise));
    std::move(x).then([me = shared_from_this(), to = partition_actor{self_}, id](result<T> y) {
      compat::tell_from_anywhere(
        to, run_atom_v,
        std::make_shared<std::function<void()>>([me, id, y = std::move(y)]() mutable {
          const auto found = me->under_way_.find(id);
          if (found == me->under_way_.end())
            return;
          auto waiting = std::move(found->second);
          me->under_way_.erase(found);
          waiting.deliver(to_expected(std::move(y)));
        }));
    });
  }

  partition_actor::pointer self_;
  std::shared_ptr<core> core_;
  partition_store& store_;
  std::size_t index_;
  parking parking_;
  std::shared_ptr<item_waits> waits_;
  std::chrono::steady_clock::time_point aged_{}; ///< when snapshots were looked at
  std::uint64_t last_id_ = 0;
  /// Requests of `apply` and `ask` that other nodes have to answer.
  std::map<std::uint64_t, caf::response_promise> under_way_;
  std::set<caf::actor_addr> monitored_; ///< callers that wait or waited, and live
};

} // namespace

partition_actor::behavior_type partition_behavior(partition_actor::pointer self,
                                                  std::shared_ptr<core> c, std::size_t index) {
  auto logic = std::make_shared<partition_logic>(self, std::move(c), index);
  compat::on_down(self, [logic](const caf::actor_addr& who) { logic->forget(who); });
  self->attach_functor([logic](const caf::error&) {
    logic->end_all({errc::unavailable, "the actor that waited was ended"});
  });
  compat::tell_later(self, partition_actor{self}, tidy_interval, caf::tick_atom_v);
  return {
    [logic](apply_atom, const operation& o) { return logic->apply(o); },
    [logic](ask_atom, const query& q, const read_options& o) { return logic->ask(q, o); },
    [logic](wait_atom, const std::string& queue, std::int64_t timeout_ms) {
      return logic->wait(queue, timeout_ms);
    },
    [logic](run_atom, const local_job& work) { (*work)(); },
    [logic](ready_atom, const std::string& queue) { logic->serve(queue); },
    [logic](ready_atom, const std::string& queue, std::int64_t longest_ms, const local_job& look) {
      logic->park(queue, longest_ms, look);
    },
    [logic](tick_atom) { logic->tidy(); },
    [logic](stop_atom) { logic->stop(); },
  };
}

} // namespace supercache::detail
