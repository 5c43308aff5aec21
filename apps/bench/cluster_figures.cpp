#include "cluster_subject.hpp"
#include "report.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

// Figures of a cluster other than latencies: sustained rate, memory, failover.

namespace bench {

using namespace std::chrono_literals;
using supercache::value;

std::vector<std::uint64_t> cluster_subject::lasts(const supercache::cache_actor& of) {
  std::vector<std::uint64_t> out;
  const value table = placement(of);
  for (const value& row : table.items())
    out.push_back(static_cast<std::uint64_t>(row.find("last")->as_int()));
  return out;
}

/// How many of these entries the slowest other copy lacks.
std::uint64_t cluster_subject::behind(const std::vector<std::uint64_t>& ours) {
  std::uint64_t worst = 0;
  for (const auto& other : others_) {
    const auto theirs = lasts(other);
    std::uint64_t lacks = 0;
    for (std::size_t i = 0; i < ours.size(); ++i)
      lacks += ours[i] - std::min(ours[i], theirs[i]);
    worst = std::max(worst, lacks);
  }
  return worst;
}

cluster_subject::sustained cluster_subject::write_on(double seconds) {
  sustained out;
  std::atomic<bool> over{false};
  std::thread watcher{[&] {
    while (!over) {
      out.behind = std::max(out.behind, behind(lasts(cache_->actor())));
      std::this_thread::sleep_for(200ms);
    }
  }};
  const auto all = one_by_one("write_async", place::primary, seconds);
  out.per_sec = static_cast<double>(all.ns.size()) / seconds;
  const double end = now_ns();
  over = true;
  watcher.join();
  const auto ours = lasts(cache_->actor());
  while (behind(ours) > 0 && now_ns() < end + 60e9)
    std::this_thread::sleep_for(1ms);
  out.caught_up_ms = (now_ns() - end) / 1e6;
  return out;
}

cluster_subject::memory cluster_subject::forward(std::size_t writes) {
  const auto all = [&] {
    std::size_t sum = resident_bytes();
    for (const auto& c : children_)
      sum += resident_bytes(std::to_string(c->pid()));
    return sum;
  };
  memory out;
  out.writes = writes;
  const auto some = [&](std::size_t n) {
    for (std::size_t done = 0; done < n;) {
      const auto t
        = pipelined(system_, 64, 0.5, [this](auto* self, std::uint64_t i, auto finished) {
            supercache::compat::ask(self, cache_->actor(), caf::timespan{10s},
                                    supercache::put_atom_v, there_.rows[i % 1000])
              .then([finished] { finished(true); },
                    [finished](const caf::error&) { finished(false); });
          });
      done += static_cast<std::size_t>(t.per_sec * 0.5) + 1;
    }
  };
  some(writes / 10);
  out.before = all();
  some(writes);
  out.after = all();
  return out;
}

cluster_subject::failover cluster_subject::kill_one() {
  const auto victim = supercache::node_address_from(names_[1]).value().name;
  std::vector<supercache::record> rows; // one for each of its partitions
  const auto table = placement(cache_->actor());
  for (std::size_t p = 0; p < table.items().size(); ++p)
    if (*table.items()[p].find("primary") == value{victim})
      for (const auto& r : there_.rows)
        if (cache_->partition_of(r[0]) == p) {
          rows.push_back(r);
          break;
        }
  failover out;
  const double start = now_ns();
  children_[0]->kill();
  std::thread watcher{[&] {
    for (;;) {
      const auto live = cache_->cluster_stats().live_nodes;
      if (std::ranges::find(live, victim) == live.end() || now_ns() > start + 30e9)
        break;
      std::this_thread::sleep_for(1ms);
    }
    out.declared_ms = (now_ns() - start) / 1e6;
  }};
  for (const auto& r : rows)
    cache_->put(r, {.timeout = 30s});
  out.accepted_ms = (now_ns() - start) / 1e6;
  watcher.join();
  return out;
}

} // namespace bench
