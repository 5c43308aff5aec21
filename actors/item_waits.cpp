#include "item_waits.hpp"

#include <supercache/cluster/requests.hpp>

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

void item_waits::add(caf::response_promise promise, std::string queue, milliseconds timeout,
                     const caf::actor_addr& who) {
  const auto until_ms = deadline_in(timeout);
  const auto id = parking_.next_ticket();
  waits_.emplace(id, wait{std::move(promise), std::move(queue), until_ms, who});
  look(id);
}

void item_waits::forget(const caf::actor_addr& who) {
  std::erase_if(waits_, [&](const auto& x) { return x.second.who == who; });
}

void item_waits::stop(const failure& why) {
  for (auto& [id, w] : std::exchange(waits_, {}))
    w.promise.deliver(
      to_caf(w.takes ? failure{errc::outcome_unknown, why.message + " while an item of queue '"
                                                        + w.queue + "' was being taken"}
                     : why));
}

void item_waits::look(ticket id) {
  if (const wait* w = find(id))
    on_actor(executor_.look_for_item(partition_, w->queue, left_until(w->until_ms)),
             [this, id](result<answer> x) { seen(id, x); });
}

void item_waits::seen(ticket id, const result<answer>& x) {
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
void item_waits::await_item(ticket id, wait& w) {
  const milliseconds longest{hold_of(w.until_ms, system_ms())};
  if (longest.count() <= 0 || !executor_.leads(partition_))
    return pause(id, w, none_came(w.queue));
  const auto queue = w.queue; // the wait may end meanwhile
  parking_.park(queue, id, longest, [me = shared_from_this(), id] { me->look(id); });
}

void item_waits::take(ticket id, wait& w) {
  w.takes = true;
  on_actor(executor_.begin_write(partition_, operation{space_of(w.queue), op::pop{1}},
                                 left_until(w.until_ms)),
           [this, id](result<value> got) { taken(id, std::move(got)); });
}

/// If an item may have been taken though none came, the caller is told so: another try might lose
/// it.
void item_waits::taken(ticket id, result<value> got) {
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
void item_waits::pause(ticket id, wait& w, failure why) {
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

void item_waits::end(ticket id, result<value> x) {
  const auto found = waits_.find(id);
  auto promise = std::move(found->second.promise);
  waits_.erase(found);
  promise.deliver(to_expected(std::move(x)));
}

item_waits::wait* item_waits::find(ticket id) {
  const auto found = waits_.find(id);
  return found == waits_.end() ? nullptr : &found->second;
}

template <class T, class F>
void item_waits::on_actor(future<T> x, F f) {
  if (x.here())
    return f(std::move(x).wait());
  // The actor is there as long as its handle is.
  std::move(x).then([me = shared_from_this(), to = partition_actor{self_}, f](result<T> y) {
    compat::tell_from_anywhere(to, run_atom_v,
                               std::make_shared<std::function<void()>>(
                                 [me, f, y = std::move(y)]() mutable { f(std::move(y)); }));
  });
}

} // namespace supercache::detail
