#include "inflow.hpp"

#include <algorithm>
#include <cassert>

namespace supercache::detail {

void inflow::begin(connection c, std::size_t length, std::int64_t now_ms) {
  const auto number = ++last_;
  frames_.emplace(c, frame{number, length, now_ms, 0, 0, {}, false, false});
  order_.emplace(number, c);
}

void inflow::add(connection c, const bytes& some, std::int64_t now_ms) {
  frame& f = frames_.at(c);
  if (!f.given_up)
    keep(f, some);
  f.came += some.size();
  if (f.came - f.before >= limits_.fast) {
    f.since_ms = now_ms;
    f.before = f.came;
  }
}

void inflow::keep(frame& f, const bytes& some) {
  if (const auto needed = f.here.size() + some.size(); needed > f.here.capacity()) {
    constexpr std::size_t growth = 4;
    const auto wanted = std::min(f.length, growth * needed);
    const bool roomy = has_room(f, wanted - f.here.capacity());
    // Otherwise only for what was on its way before the frame had to wait.
    constexpr std::size_t little = 256 << 10;
    resize(f, roomy ? wanted : std::min(f.length, needed + little));
  }
  f.here.insert(f.here.end(), some.begin(), some.end());
}

/// Moves what is there to a new buffer. If that throws, nothing has been changed.
void inflow::resize(frame& f, std::size_t capacity) {
  bytes larger;
  larger.reserve(capacity);
  larger.insert(larger.end(), f.here.begin(), f.here.end());
  used_ += larger.capacity();
  used_ -= f.here.capacity();
  f.here.swap(larger);
}

bool inflow::has_room(const frame& f, std::size_t more) const {
  return used_ + more <= limits_.memory || f.number == order_.begin()->first;
}

std::size_t inflow::missing(connection c) const {
  const auto found = frames_.find(c);
  return found == frames_.end() ? 0 : found->second.length - found->second.came;
}

bool inflow::must_wait(connection c) {
  frame& f = frames_.at(c);
  f.waits = !f.given_up && f.came < f.length && !has_room(f, limits_.piece);
  return f.waits;
}

inflow::bytes inflow::take(connection c) {
  bytes out;
  out.swap(frames_.at(c).here);
  assert(used_ >= out.capacity());
  used_ -= out.capacity();
  forget(c);
  return out;
}

void inflow::give_up(connection c) {
  frame& f = frames_.at(c);
  used_ -= f.here.capacity();
  bytes{}.swap(f.here); // `= {}` would keep the memory
  f.given_up = true;
}

void inflow::forget(connection c) {
  const auto found = frames_.find(c);
  if (found == frames_.end())
    return;
  used_ -= found->second.here.capacity();
  order_.erase(found->second.number);
  frames_.erase(found);
}

std::vector<inflow::connection> inflow::released(std::int64_t now_ms) {
  std::vector<connection> out;
  std::size_t granted = 0;
  for (const auto& [number, c] : order_) {
    frame& f = frames_.at(c);
    if (!f.waits || !has_room(f, granted + limits_.piece))
      continue;
    granted += limits_.piece;
    f.waits = false;
    f.since_ms = now_ms;
    f.before = f.came;
    out.push_back(c);
  }
  return out;
}

std::vector<inflow::connection> inflow::stalled(std::int64_t now_ms) {
  const bool scarce = std::ranges::any_of(frames_, [](const auto& x) { return x.second.waits; });
  std::vector<connection> out;
  for (auto& [c, f] : frames_) {
    if (f.waits || now_ms - f.since_ms < limits_.stall_ms)
      continue;
    if (f.came - f.before < (scarce ? limits_.fast : 1))
      out.push_back(c);
    f.since_ms = now_ms;
    f.before = f.came;
  }
  return out;
}

} // namespace supercache::detail
