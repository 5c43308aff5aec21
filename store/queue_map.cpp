#include <supercache/store/queue_map.hpp>

#include <algorithm>

namespace supercache {

namespace {
std::size_t footprint(const value& x) noexcept { return sizeof(value) + x.heap_bytes(); }
} // namespace

queue_map::stripe& queue_map::at(std::string_view name) const noexcept {
  return stripes_[text_hash{}(name) / 64 % stripes_.size()];
}

queue_map::queue& queue_map::open(stripe& s, std::string_view name) {
  if (const auto found = s.by_name.find(name); found != s.by_name.end())
    return found->second;
  queue& fresh = s.by_name[std::string{name}];
  fresh.front = s.next_front;
  return fresh;
}

void queue_map::close_if_idle(stripe& s, std::string_view name, const queue& q) {
  // A queue that runs empty is likely to be filled again: keep a few at hand.
  constexpr std::size_t idle_kept = 16;
  if (!q.items.empty() || q.watched || s.by_name.size() <= idle_kept)
    return;
  s.next_front = std::max(s.next_front, q.front);
  s.by_name.erase(s.by_name.find(name));
}

value queue_map::take(queue& q) const {
  value x;
  if (order_ == order::fifo) {
    x = std::move(q.items.front());
    q.items.pop_front();
    ++q.front;
  } else {
    x = std::move(q.items.back());
    q.items.pop_back();
  }
  q.bytes -= footprint(x);
  return x;
}

queue_map::pushed queue_map::push(std::string_view name, value item) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, name);
  q.bytes += footprint(item);
  q.items.push_back(std::move(item));
  return {q.items.size(), q.watched};
}

queue_map::pushed queue_map::push(std::string_view name, std::span<const value> items) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, name);
  for (const value& x : items) {
    q.bytes += footprint(x);
    q.items.push_back(x);
  }
  const pushed done{q.items.size(), q.watched};
  close_if_idle(s, name, q);
  return done;
}

bool queue_map::pop(std::string_view name, value& out) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  const auto found = s.by_name.find(name);
  if (found == s.by_name.end() || found->second.items.empty())
    return false;
  out = take(found->second);
  close_if_idle(s, name, found->second);
  return true;
}

value_list queue_map::pop(std::string_view name, std::size_t n) {
  value_list out;
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  const auto found = s.by_name.find(name);
  if (found == s.by_name.end())
    return out;
  queue& q = found->second;
  out.reserve(std::min(n, q.items.size()));
  while (out.size() < n && !q.items.empty())
    out.push_back(take(q));
  close_if_idle(s, name, q);
  return out;
}

bool queue_map::pop_or_watch(std::string_view name, value& out) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, name);
  if (q.items.empty()) {
    q.watched = true;
    return false;
  }
  out = take(q);
  close_if_idle(s, name, q);
  return true;
}

std::size_t queue_map::watch(std::string_view name) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, name);
  q.watched = true;
  return q.items.size();
}

void queue_map::unwatch(std::string_view name) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  const auto found = s.by_name.find(name);
  if (found == s.by_name.end())
    return;
  found->second.watched = false;
  close_if_idle(s, name, found->second);
}

bool queue_map::peek(std::string_view name, value& out) const {
  const stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  const auto found = s.by_name.find(name);
  if (found == s.by_name.end() || found->second.items.empty())
    return false;
  const auto& items = found->second.items;
  out = order_ == order::fifo ? items.front() : items.back();
  return true;
}

std::size_t queue_map::count(std::string_view name) const {
  const stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  const auto found = s.by_name.find(name);
  return found == s.by_name.end() ? 0 : found->second.items.size();
}

std::size_t queue_map::clear() {
  std::size_t n = 0;
  for (stripe& s : stripes_) {
    const std::lock_guard hold{s.lock};
    for (auto at = s.by_name.begin(); at != s.by_name.end();) {
      queue& q = at->second;
      n += q.items.size();
      q.front += q.items.size();
      s.next_front = std::max(s.next_front, q.front);
      q.items.clear();
      q.bytes = 0;
      at = q.watched ? std::next(at) : s.by_name.erase(at);
    }
  }
  return n;
}

queue_map::slice queue_map::next_slice(std::string_view name, std::optional<std::uint64_t> from,
                                       std::size_t most) const {
  const stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  slice out;
  const auto found = s.by_name.find(name);
  if (found == s.by_name.end())
    return out;
  const queue& q = found->second;
  std::size_t first = 0, last = 0; // of the items to copy
  if (order_ == order::fifo) {
    const std::uint64_t end = from ? std::max(*from, q.front) : q.front + q.items.size();
    last = static_cast<std::size_t>(end - q.front);
    first = last - std::min(last, most);
    out.at = q.front + first;
    out.left = first;
  } else {
    first = std::min(static_cast<std::size_t>(from.value_or(0)), q.items.size());
    last = first + std::min(most, q.items.size() - first);
    out.at = std::max<std::uint64_t>(last, from.value_or(0));
    out.left = q.items.size() - last;
  }
  const auto begin = q.items.begin();
  out.items.assign(begin + static_cast<std::ptrdiff_t>(first),
                   begin + static_cast<std::ptrdiff_t>(last));
  return out;
}

void queue_map::add_slice(std::string_view name, std::span<const value> items) {
  stripe& s = at(name);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, name);
  for (const value& x : items)
    q.bytes += footprint(x);
  q.items.insert(order_ == order::fifo ? q.items.begin() : q.items.end(), items.begin(),
                 items.end());
}

void queue_map::each(
  const std::function<void(std::string_view, const std::deque<value>&)>& visit) const {
  for (const stripe& s : stripes_) {
    const std::lock_guard hold{s.lock};
    for (const entry& e : s.by_name)
      if (!e.second.items.empty())
        visit(e.first, e.second.items);
  }
}

std::size_t queue_map::items() const {
  std::size_t n = 0;
  each([&](std::string_view, const auto& items) { n += items.size(); });
  return n;
}

std::size_t queue_map::bytes() const {
  std::size_t n = 0;
  for (const stripe& s : stripes_) {
    const std::lock_guard hold{s.lock};
    for (const entry& e : s.by_name)
      n += sizeof(entry) + e.second.bytes;
  }
  return n;
}

} // namespace supercache
