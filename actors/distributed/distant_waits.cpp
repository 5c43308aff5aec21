#include "distant_waits.hpp"

#include "../core.hpp"
#include "../parking.hpp"
#include "node.hpp"
#include "remote.hpp"

#include <algorithm>

namespace supercache::detail {

namespace {

using std::chrono::milliseconds;

/// The longest pause between two looks while something stands in the way.
constexpr std::int64_t longest_pause_ms = 20;
/// The least time for a look, or for taking an item: a caller that does not want to wait wants an
/// answer, too.
constexpr milliseconds least_wait{100};

milliseconds left_until(std::int64_t until_ms) {
  return std::max(least_wait, milliseconds{until_ms - system_ms()});
}

space space_of(const std::string& queue) { return {space_kind::queue, queue}; }

} // namespace

failure none_came(const std::string& queue) {
  return {errc::timeout, "no item came to queue '" + queue + "' in time"};
}

void distant_waits::add(caf::response_promise promise, std::string queue, milliseconds timeout,
                        const caf::actor_addr& who) {
  const auto until_ms = deadline_in(timeout);
  const auto id = ++last_id_;
  waits_.emplace(id, wait{std::move(promise), std::move(queue), until_ms, who});
  look(id);
}

void distant_waits::forget(const caf::actor_addr& who) {
  std::erase_if(waits_, [&](const auto& x) { return x.second.who == who; });
}

void distant_waits::stop() {
  for (auto& [id, w] : std::exchange(waits_, {}))
    w.promise.deliver(to_caf(
      w.takes ? failure{errc::outcome_unknown, "the cache was stopped while an item of queue '"
                                                 + w.queue + "' was being taken"}
              : failure{errc::not_started, "the cache was stopped"}));
}

void distant_waits::look(std::uint64_t id) {
  if (const wait* w = find(id))
    core_->cluster()
      ->router()
      .ask(partition_, remote::reading(ask::peek{}, space_of(w->queue)), read_mode::primary,
           left_until(w->until_ms), true)
      .then(on_actor<answer>([this, id](result<answer> x) { seen(id, x); }));
}

void distant_waits::seen(std::uint64_t id, const result<answer>& x) {
  wait* w = find(id);
  if (!w)
    return;
  if (!x)
    pause(id, *w, x.why());
  else if (x->one.items().empty())
    await_item(id, *w);
  else
    take(id, *w);
}

/// If the primary is here: waits for an item as a primary elsewhere does with a question.
void distant_waits::await_item(std::uint64_t id, wait& w) {
  const milliseconds longest{hold_of(w.until_ms, system_ms())};
  if (longest.count() <= 0 || !core_->cluster()->host_of(partition_).leads())
    return pause(id, w, none_came(w.queue));
  const auto queue = w.queue; // the wait may end meanwhile
  parking_.park(queue, longest, [me = shared_from_this(), id] { me->look(id); });
}

void distant_waits::take(std::uint64_t id, wait& w) {
  w.takes = true;
  core_->cluster()
    ->router()
    .write(partition_, remote::writing(op::pop{1}, space_of(w.queue)), left_until(w.until_ms))
    .then(on_actor<value>([this, id](result<value> got) { taken(id, std::move(got)); }));
}

/// If an item may have been taken though none came, the caller is told so: another try might lose
/// it.
void distant_waits::taken(std::uint64_t id, result<value> got) {
  wait* w = find(id);
  if (!w)
    return;
  if (got && got->items().empty())
    return pause(id, *w, none_came(w->queue)); // another caller was faster
  if (!got && (got.why().code == errc::unavailable || got.why().code == errc::overloaded))
    return pause(id, *w, got.why()); // nothing was changed
  if (got)
    got = value{got->items().front()};
  end(id, std::move(got));
}

/// Looks again after a while, or ends with the last thing that stood in the way.
void distant_waits::pause(std::uint64_t id, wait& w, failure why) {
  w.takes = false;
  const auto again = [me = shared_from_this(), id, why = std::move(why)] {
    const wait* const still = me->find(id);
    if (still && system_ms() >= still->until_ms)
      me->end(id, why);
    else
      me->look(id);
  };
  compat::tell_later(self_, partition_actor{self_}, milliseconds{w.pause_ms}, run_atom_v,
                     std::make_shared<std::function<void()>>(again));
  w.pause_ms = std::min(w.pause_ms * 2, longest_pause_ms);
}

void distant_waits::end(std::uint64_t id, result<value> x) {
  const auto found = waits_.find(id);
  auto promise = std::move(found->second.promise);
  waits_.erase(found);
  promise.deliver(to_expected(std::move(x)));
}

distant_waits::wait* distant_waits::find(std::uint64_t id) {
  const auto found = waits_.find(id);
  return found == waits_.end() ? nullptr : &found->second;
}

template <class T, class F>
std::function<void(result<T>)> distant_waits::on_actor(F f) {
  return [me = shared_from_this(), f](result<T> x) {
    me->core_->cluster()->elsewhere(me->partition_,
                                    [me, f, x = std::move(x)]() mutable { f(std::move(x)); });
  };
}

} // namespace supercache::detail
