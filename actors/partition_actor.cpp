#include "core.hpp"
#include "distributed/distant_waits.hpp"
#include "distributed/node.hpp"
#include "parking.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

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

/// A caller that waits for an item of a queue.
struct waiter {
  caf::typed_response_promise<value> promise;
  std::int64_t deadline_ms;
};

class partition_logic {
public:
  partition_logic(partition_actor::pointer self, std::shared_ptr<core> c, std::size_t index)
    : self_(self),
      core_(std::move(c)),
      store_(core_->at(index)),
      index_(index),
      parking_(self, store_.queues()),
      distant_(std::make_shared<distant_waits>(self, core_, index, parking_)) {}

  caf::typed_response_promise<value> apply(const operation& o) {
    auto promise = self_->make_response_promise<value>();
    if (core_->cluster()) {
      const auto id = ++last_id_;
      applied_.emplace(id, promise);
      core_->cluster()->router().write(index_, o, default_wait).then(answer_to(id));
      return promise;
    }
    bool watched = false;
    auto r = store_.apply(o, core_->now(), &watched);
    if (watched)
      serve(o.target.name);
    if (r)
      promise.deliver(*std::move(r));
    else
      promise.deliver(to_caf(r.why()));
    return promise;
  }

  caf::typed_response_promise<value> wait(const std::string& queue, std::int64_t timeout_ms) {
    const auto timeout = countable(std::chrono::milliseconds{timeout_ms});
    const auto who = self_->current_sender(); // the promise takes it away
    auto promise = self_->make_response_promise<value>();
    if (waits_ + distant_->count() >= waits_most) {
      promise.deliver(to_caf({errc::overloaded, "too many wait for items of queues already"}));
      return promise;
    }
    if (core_->cluster()) {
      watch_over(who);
      distant_->add(promise, queue, timeout, caf::actor_cast<caf::actor_addr>(who));
      return promise;
    }
    value item;
    serve(queue); // callers that wait already come first
    if (!waiting_.contains(queue) && store_.queues().pop_or_watch(queue, item)) {
      promise.deliver(std::move(item));
    } else if (timeout <= 0ms) {
      promise.deliver(to_caf(none_came(queue)));
      unwatch_if_alone(queue);
    } else {
      watch_over(who);
      waiting_[queue].push_back({promise, deadline_in(timeout)});
      ++waits_;
      compat::tell_later(self_, partition_actor{self_}, timeout, ready_atom_v, queue);
    }
    return promise;
  }

  /// Gives what is in the queue to the callers that wait for it, longest first; ends waits that are
  /// over.
  void serve(const std::string& queue) {
    if (core_->cluster())
      return parking_.serve(queue);
    const auto found = waiting_.find(queue);
    if (found == waiting_.end())
      return;
    auto& line = found->second;
    value item;
    while (!line.empty() && store_.queues().pop_or_watch(queue, item)) {
      line.front().promise.deliver(std::move(item));
      line.pop_front();
      --waits_;
    }
    const auto now = system_ms();
    waits_ -= std::erase_if(line, [&](waiter& w) {
      if (w.deadline_ms > now)
        return false;
      w.promise.deliver(to_caf(none_came(queue)));
      return true;
    });
    if (line.empty()) {
      waiting_.erase(found);
      store_.queues().unwatch(queue);
    }
  }

  void park(const std::string& queue, std::int64_t longest_ms, const local_job& look) {
    parking_.park(queue, std::chrono::milliseconds{longest_ms}, *look);
  }

  void tidy() {
    end_waits();
    // In a cluster the log's time decides, and the node monitor sees to it.
    const bool more
      = !core_->cluster() && store_.reclaim_expired(system_ms(), tidy_budget) >= tidy_budget;
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
    distant_->forget(who);
    for (auto& [queue, line] : waiting_)
      waits_ -= std::erase_if(line, [&](waiter& w) {
        const caf::response_promise& p = w.promise;
        return !p.source() || p.source()->address() == who;
      });
  }

  void stop() {
    for (auto& [queue, line] : waiting_)
      for (waiter& w : line)
        w.promise.deliver(to_caf({errc::not_started, "the cache was stopped"}));
    waiting_.clear();
    waits_ = 0;
    distant_->stop();
    for (auto& [id, promise] : std::exchange(applied_, {}))
      promise.deliver(
        to_caf({errc::outcome_unknown, "the cache was stopped before an answer came"}));
    self_->quit();
  }

private:
  /// Ends the waits that are over. CAF's own clock, by which callers are told, stands still while
  /// the machine is suspended.
  void end_waits() {
    const auto now = system_ms();
    std::vector<std::string> over;
    for (const auto& [queue, line] : waiting_)
      if (std::ranges::any_of(line, [now](const waiter& w) { return w.deadline_ms <= now; }))
        over.push_back(queue);
    for (const auto& queue : over)
      serve(queue);
  }

  /// Delivers on this actor what comes on another thread.
  later<value>::handler answer_to(std::uint64_t id) {
    return [c = core_, index = index_, this, id](result<value> x) {
      c->cluster()->elsewhere(index, [this, id, x = std::move(x)]() mutable {
        auto promise = std::move(applied_.at(id));
        applied_.erase(id);
        promise.deliver(to_expected(std::move(x)));
      });
    };
  }

  void watch_over(const caf::strong_actor_ptr& who) {
    if (who && monitored_.insert(who->address()).second)
      self_->monitor(who);
  }
  void unwatch_if_alone(const std::string& queue) {
    if (!waiting_.contains(queue))
      store_.queues().unwatch(queue);
  }

  partition_actor::pointer self_;
  std::shared_ptr<core> core_;
  partition_store& store_;
  std::size_t index_;
  std::map<std::string, std::deque<waiter>> waiting_;
  std::size_t waits_ = 0; ///< in it
  parking parking_;       ///< in a cluster
  std::shared_ptr<distant_waits> distant_;
  std::chrono::steady_clock::time_point aged_{}; ///< when snapshots were looked at
  std::uint64_t last_id_ = 0;
  /// Operations of a cluster that are under way.
  std::map<std::uint64_t, caf::response_promise> applied_;
  std::set<caf::actor_addr> monitored_; ///< callers that wait or waited, and live
};

} // namespace

partition_actor::behavior_type partition_behavior(partition_actor::pointer self,
                                                  std::shared_ptr<core> c, std::size_t index) {
  auto logic = std::make_shared<partition_logic>(self, std::move(c), index);
  compat::on_down(self, [logic](const caf::actor_addr& who) { logic->forget(who); });
  compat::tell_later(self, partition_actor{self}, tidy_interval, caf::tick_atom_v);
  return {
    [logic](apply_atom, const operation& o) { return logic->apply(o); },
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
