#include "../core.hpp"
#include "node.hpp"

#include <algorithm>
#include <chrono>

// What nodes tell each other about watches: each tells all others what its listeners watch, and of
// the changes that they watch in the partitions that it leads.

namespace supercache::detail {

void node::listen(bool on) {
  for (const auto& h : hosts_)
    h->listen(on);
}

std::uint64_t node::tell_interests() {
  const batch gather{*this};
  // Under the lock, so that what is sent last is the latest.
  const std::lock_guard hold{watch_lock_};
  const frame::watching news{++watch_version_, false, core_.changes().interests()};
  for (link* l : links())
    if (l->send(news))
      batch::current().urgent(*l);
  return news.version;
}

future<unit> node::spread_interests() {
  constexpr std::chrono::seconds longest{5};
  const auto version = tell_interests();
  const auto out = future<unit>::pending();
  waits_.add([this, out, version, until = deadline_in(longest)]() -> std::function<void()> {
    const auto ignorant = [&]() -> link* {
      const std::lock_guard hold{watch_lock_};
      for (link* l : links())
        if (l->up() && watch_told_[l->name()] < version)
          return l;
      return nullptr;
    };
    const link* l = ignorant();
    if (!l)
      return [out] { out.set(ok()); };
    if (now_ms() < until && !ending_)
      return nullptr;
    return [out, name = l->name()] {
      out.set(
        {errc::timeout, "node " + name + " did not confirm within 5 s that it tells of changes"});
    };
  });
  return out;
}

/// A session with a peer begins: it has to know what is watched here.
void node::watch_opened(link& l) {
  const batch gather{*this};
  {
    const std::lock_guard hold{watch_lock_};
    if (watch_version_ == 0)
      return;
    watch_told_.erase(l.name());
    l.send(frame::watching{watch_version_, true, core_.changes().interests()});
  }
  batch::current().urgent(l);
}

/// A session with a peer ends.
void node::watch_closed(link& l) {
  {
    const std::lock_guard hold{watch_lock_};
    watch_told_.erase(l.name());
  }
  waits_.look_at_all();
  core_.changes().peer_watches(l.name(), {}, false);
  core_.watch_stores();
}

void node::on_watching(link& from, frame::watching& x) {
  core_.changes().peer_watches(from.name(), std::move(x.what), x.anew);
  core_.watch_stores();
  from.send(frame::watched{x.version});
  batch::current().urgent(from);
}

void node::on_watched(link& from, const frame::watched& x) {
  {
    const std::lock_guard hold{watch_lock_};
    auto& told = watch_told_[from.name()];
    told = std::max(told, x.version);
  }
  waits_.look_at_all();
}

bool node::tell_changes(const std::string& name, std::vector<transition> what) {
  constexpr std::size_t most_in_one = 256 << 10; // bytes, if there is more than one
  link& l = link_to(name);
  const batch gather{*this};
  for (auto next = what.begin(); next != what.end();) {
    frame::changes some;
    for (std::size_t bytes = 0; next != what.end(); ++next) {
      bytes += feed::bytes_of(*next);
      if (bytes > most_in_one && !some.what.empty())
        break;
      some.what.push_back(std::move(*next));
    }
    if (!l.send(some, link::changes_max))
      return !l.up(); // a node that is not up is told when it is
    batch::current().urgent(l);
  }
  return true;
}

} // namespace supercache::detail
