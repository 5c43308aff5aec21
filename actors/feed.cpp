#include "feed.hpp"

#include <caf/actor_addr.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace supercache::detail {

feed::feed(std::size_t key_pos, std::function<void()> wake)
  : key_pos_(key_pos), wake_(std::move(wake)) {}

namespace {

std::size_t bytes_of_change(const change& c) {
  return sizeof c + c.where.name.size() + c.row.heap_bytes();
}

} // namespace

std::size_t feed::bytes_of(const transition& t) {
  return sizeof t + t.where.name.size() + t.before.heap_bytes() + t.after.heap_bytes();
}

// -- changes come -------------------------------------------------------------------------------

void feed::changed(transition t) {
  std::vector<transition> one;
  one.push_back(std::move(t));
  gather(own_, std::move(one));
}

void feed::heard(std::vector<transition> ts) { gather(foreign_, std::move(ts)); }

void feed::gather(gathered& to, std::vector<transition> ts) {
  bool wake = false;
  std::size_t bytes = 0;
  for (const transition& t : ts)
    bytes += bytes_of(t);
  {
    const std::lock_guard hold{gathering_};
    if (!to.all.empty() && to.bytes + bytes > most_gathered) {
      to.overflow = true;
    } else {
      to.bytes += bytes;
      std::ranges::move(ts, std::back_inserter(to.all));
    }
    wake = !std::exchange(woken_, true);
  }
  if (wake)
    wake_();
}

// -- who watches --------------------------------------------------------------------------------

result<std::uint64_t> feed::add(interest i, caf::actor who) {
  auto filter = change_filter::make(std::move(i), key_pos_);
  if (!filter)
    return filter.why();
  if (!who)
    return {errc::invalid_argument, "nobody is given who listens"};
  const std::lock_guard hold{lock_};
  if (listeners_.size() >= most_watches)
    return {errc::overloaded, "this node has " + std::to_string(most_watches)
                                + " watches already; no more are allowed"};
  listeners_.emplace(++last_, listener{*std::move(filter), std::move(who)});
  return last_;
}

bool feed::remove(std::uint64_t watch) {
  {
    const std::lock_guard hold{lock_};
    const auto found = listeners_.find(watch);
    if (found == listeners_.end())
      return false;
    forget(watch, found->second);
    listeners_.erase(found);
  }
  wake_();
  return true;
}

void feed::remove_all_of(const caf::actor_addr& who) {
  {
    const std::lock_guard hold{lock_};
    std::erase_if(listeners_, [&](const auto& l) {
      const bool is = l.second.who.address() == who;
      if (is)
        forget(l.first, l.second);
      return is;
    });
  }
  wake_();
}

/// Under the lock.
void feed::forget(std::uint64_t watch, const listener& l) {
  assert(held_ >= l.line_bytes && large_ >= l.large_bytes);
  held_ -= l.line_bytes;
  large_ -= l.large_bytes;
  if (l.under_way)
    gone_.push_back(watch);
}

void feed::clear() {
  // Freed outside of the locks: a listener that nothing else holds ends, and with it what it holds.
  decltype(listeners_) gone;
  gathered own, foreign;
  {
    const std::lock_guard hold{lock_};
    gone.swap(listeners_);
    peers_.clear();
    held_ = large_ = 0;
  }
  const std::lock_guard hold{gathering_};
  std::swap(own, own_);
  std::swap(foreign, foreign_);
}

bool feed::anybody() const {
  const std::lock_guard hold{lock_};
  return !listeners_.empty() || !peers_.empty();
}

std::vector<interest> feed::interests() const {
  std::vector<interest> out;
  const std::lock_guard hold{lock_};
  for (const auto& [id, l] : listeners_)
    out.push_back(l.filter.of());
  return out;
}

void feed::peer_watches(const std::string& name, std::vector<interest> what, bool anew) {
  std::vector<change_filter> filters;
  for (interest& i : what)
    if (auto f = change_filter::make(std::move(i), key_pos_))
      filters.push_back(*std::move(f));
  {
    const std::lock_guard hold{lock_};
    if (filters.empty()) {
      peers_.erase(name);
      return;
    }
    peer& p = peers_[name];
    p.filters = std::move(filters);
    p.missed = p.missed || anew;
  }
  if (anew)
    wake_();
}

// -- changes go ---------------------------------------------------------------------------------

// All of these under the lock.

void feed::tell(listener& l, const transition& t) {
  auto seen = l.filter.sees(t);
  if (!seen)
    return;
  const auto bytes = bytes_of_change(*seen);
  if (seen->kind == change_kind::missed) {
    if (l.line.empty() || l.line.back().what.kind != change_kind::missed)
      put_in_line(l, *std::move(seen), bytes);
    return;
  }
  if (l.line_bytes + bytes > most_of_one)
    give_up_line(l);
  if (l.line_bytes + bytes <= most_of_one && make_room(l, bytes))
    put_in_line(l, *std::move(seen), bytes);
  else if (l.line.empty() || l.line.back().what.kind != change_kind::missed)
    give_up_line(l);
}

void feed::put_in_line(listener& l, change c, std::size_t bytes) {
  l.line.push_back({std::move(c), bytes});
  l.line_bytes += bytes;
  held_ += bytes;
}

/// All that waits is missed.
void feed::give_up_line(listener& l) {
  l.line.clear();
  held_ -= std::exchange(l.line_bytes, 0);
  put_in_line(l, {}, bytes_of_change({}));
}

/// Whether there is room for more among all listeners, if need be in place of what waits for those
/// that have most. No listener gives up for one that has more.
bool feed::make_room(const listener& who, std::size_t bytes) {
  while (held_ + bytes > most_of_all) {
    const auto most
      = std::ranges::max_element(listeners_, {}, [](const auto& l) { return l.second.line_bytes; });
    if (most->second.line_bytes <= who.line_bytes + bytes)
      return false;
    give_up_line(most->second);
  }
  return true;
}

/// What goes into its next message.
std::vector<change> feed::next_of(listener& l) {
  std::vector<change> out;
  std::size_t sum = 0;
  while (!l.line.empty() && (out.empty() || sum + l.line.front().bytes <= most_at_once)) {
    waiting next = std::move(l.line.front());
    l.line.pop_front();
    assert(l.line_bytes >= next.bytes && held_ >= next.bytes);
    l.line_bytes -= next.bytes;
    held_ -= next.bytes;
    sum += next.bytes;
    if (next.bytes <= most_at_once) {
      out.push_back(std::move(next.what));
    } else if (large_ + next.bytes <= most_large) {
      large_ += l.large_bytes = next.bytes;
      out.push_back(std::move(next.what));
    } else {
      out.push_back({});
    }
  }
  return out;
}

std::vector<transition> feed::for_peer(peer& p, const gathered& own) const {
  std::vector<transition> out;
  if (std::exchange(p.missed, false))
    out.push_back({});
  for (const transition& t : own.all)
    if (std::ranges::any_of(p.filters, [&](const auto& f) { return f.sees(t).has_value(); }))
      out.push_back(t);
  return out;
}

feed::outgoing feed::take() {
  gathered own, foreign;
  {
    const std::lock_guard hold{gathering_};
    std::swap(own, own_);
    std::swap(foreign, foreign_);
    woken_ = false;
  }
  for (gathered* g : {&own, &foreign})
    if (g->overflow)
      g->all.push_back({});
  outgoing out;
  const std::lock_guard hold{lock_};
  out.gone = std::exchange(gone_, {});
  for (auto& [name, p] : peers_)
    if (auto what = for_peer(p, own); !what.empty())
      out.letters.push_back({name, std::move(what)});
  for (auto& [id, l] : listeners_) {
    for (const gathered* g : {&own, &foreign})
      for (const transition& t : g->all)
        tell(l, t);
    if (l.under_way || l.line.empty())
      continue;
    l.under_way = true;
    out.parcels.push_back({id, l.who, next_of(l)});
  }
  return out;
}

void feed::taken(std::uint64_t watch) {
  const std::lock_guard hold{lock_};
  const auto found = listeners_.find(watch);
  if (found == listeners_.end())
    return;
  found->second.under_way = false;
  large_ -= std::exchange(found->second.large_bytes, 0);
}

void feed::forget_deliveries() {
  const std::lock_guard hold{lock_};
  for (auto& [watch, l] : listeners_) {
    l.under_way = false;
    large_ -= std::exchange(l.large_bytes, 0);
  }
}

std::size_t feed::held() const {
  const std::lock_guard hold{lock_};
  return held_;
}

void feed::undelivered(const std::string& name) {
  const std::lock_guard hold{lock_};
  if (const auto found = peers_.find(name); found != peers_.end())
    found->second.missed = true;
}

} // namespace supercache::detail
