#include "placement_log.hpp"

#include <supercache/store/amount.hpp>

#include <algorithm>

namespace supercache::detail {

namespace {

std::string numbers_text(const std::vector<std::size_t>& numbers) {
  constexpr std::size_t most = 16;
  std::string out;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
    out += (i ? ", " : "") + std::to_string(numbers[i]);
  if (numbers.size() > most)
    out += " and " + std::to_string(numbers.size() - most) + " more";
  return out;
}

std::string seconds_text(std::int64_t ms) {
  return std::to_string(ms / 1'000) + '.' + std::to_string(ms / 100 % 10) + " s";
}

} // namespace

std::vector<placement_log::line> placement_log::look(std::span<const seen> partitions,
                                                     std::int64_t now) {
  std::vector<line> out;
  primaries_.resize(partitions.size());
  note_primaries(partitions);
  const bool usable = std::ranges::all_of(partitions, &seen::writable);
  if (usable_ && !usable)
    unusable_since_ms_ = now;
  usable_ = usable;
  if (!due_ms_ && (!moves_.empty() || usable_ != said_usable_))
    due_ms_ = ever_usable_ ? now + gather_ms : now;
  if (!due_ms_ || now < *due_ms_)
    return out;
  due_ms_.reset();
  say_primaries(out);
  say_whether_usable(partitions, now, out);
  return out;
}

void placement_log::note_primaries(std::span<const seen> partitions) {
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const member* now = partitions[i].primary;
    member& before = primaries_[i];
    if (!now || *now == before)
      continue;
    if (before.id)
      moves_[{before, *now}].push_back(i);
    before = *now;
  }
}

void placement_log::say_primaries(std::vector<line>& out) {
  for (const auto& [way, numbers] : moves_)
    out.push_back({false, "node " + way.second.node + " leads partition"
                            + (numbers.size() == 1 ? " " : "s ") + numbers_text(numbers)
                            + " in place of "
                            + (way.first.node == way.second.node ? "an earlier incarnation of it"
                                                                 : "node " + way.first.node)});
  moves_.clear();
}

void placement_log::say_whether_usable(std::span<const seen> partitions, std::int64_t now,
                                       std::vector<line>& out) {
  if (usable_ == said_usable_)
    return;
  said_usable_ = usable_;
  if (usable_) {
    const auto all
      = "each of " + amount(partitions.size(), "partition", "partitions") + " can be written";
    out.push_back({false, ever_usable_ ? "the cluster is usable again, after "
                                           + seconds_text(now - unusable_since_ms_) + ": " + all
                                       : "the cluster is usable: " + all});
    ever_usable_ = true;
    return;
  }
  std::vector<std::size_t> not_writable;
  for (std::size_t i = 0; i < partitions.size(); ++i)
    if (!partitions[i].writable)
      not_writable.push_back(i);
  out.push_back({true, std::to_string(not_writable.size()) + " of "
                         + amount(partitions.size(), "partition", "partitions")
                         + " cannot be written: " + numbers_text(not_writable)});
}

} // namespace supercache::detail
