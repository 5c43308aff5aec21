#include "feed.hpp"

#include <caf/actor_addr.hpp>

#include <algorithm>
#include <utility>

namespace supercache::detail {

feed::feed(std::size_t key_pos, std::function<void()> wake)
  : key_pos_(key_pos), wake_(std::move(wake)) {}

// -- changes come -------------------------------------------------------------------------------

void feed::changed(transition t) {
  std::vector<transition> one;
  one.push_back(std::move(t));
  gather(own_, std::move(one));
}

void feed::heard(std::vector<transition> ts) { gather(foreign_, std::move(ts)); }

void feed::gather(gathered& to, std::vector<transition> ts) {
  bool wake = false;
  {
    const std::lock_guard hold{gathering_};
    if (to.all.size() + ts.size() > most_waiting)
      to.overflow = true;
    else
      std::ranges::move(ts, std::back_inserter(to.all));
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
  listeners_.emplace(++last_, listener{*std::move(filter), std::move(who), {}});
  return last_;
}

bool feed::remove(std::uint64_t watch) {
  const std::lock_guard hold{lock_};
  return listeners_.erase(watch) > 0;
}

void feed::remove_all_of(const caf::actor_addr& who) {
  const std::lock_guard hold{lock_};
  std::erase_if(listeners_, [&](const auto& l) { return l.second.who.address() == who; });
}

void feed::clear() {
  // Outside of the locks: a listener that nobody else holds ends, and with it what it holds.
  decltype(listeners_) gone;
  gathered own, foreign;
  {
    const std::lock_guard hold{lock_};
    gone.swap(listeners_);
    peers_.clear();
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

void feed::tell(listener& l, const transition& t) {
  auto seen = l.filter.sees(t);
  if (!seen)
    return;
  if (l.waiting.size() >= most_waiting) {
    l.waiting.clear();
    l.waiting.push_back({});
  }
  const auto is_missed = [](const change& c) { return c.kind == change_kind::missed; };
  if (!is_missed(*seen) || l.waiting.empty() || !is_missed(l.waiting.back()))
    l.waiting.push_back(*std::move(seen));
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
  for (auto& [name, p] : peers_)
    if (auto what = for_peer(p, own); !what.empty())
      out.letters.push_back({name, std::move(what)});
  for (auto& [id, l] : listeners_) {
    for (const gathered* g : {&own, &foreign})
      for (const transition& t : g->all)
        tell(l, t);
    if (l.under_way || l.waiting.empty())
      continue;
    l.under_way = true;
    out.parcels.push_back({id, l.who, std::exchange(l.waiting, {})});
  }
  return out;
}

void feed::taken(std::uint64_t watch, bool answered) {
  const std::lock_guard hold{lock_};
  const auto found = listeners_.find(watch);
  if (found == listeners_.end())
    return;
  found->second.under_way = false;
  if (!answered)
    tell(found->second, {});
}

void feed::undelivered(const std::string& name) {
  const std::lock_guard hold{lock_};
  if (const auto found = peers_.find(name); found != peers_.end())
    found->second.missed = true;
}

} // namespace supercache::detail
