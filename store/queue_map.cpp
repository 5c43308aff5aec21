#include <supercache/store/queue_map.hpp>

#include <algorithm>

namespace supercache {

namespace {

/// A queue that runs empty is likely to get items again: a stripe keeps so many of them.
constexpr std::size_t idle_kept = 16;

} // namespace

queue_map::~queue_map() {
  for (stripe& s : stripes_)
    s.by_name.clear_and_dispose([](queue* q) { delete q; });
}

queue_map::queue* queue_map::find(const stripe& s, std::uint64_t hash, std::string_view name) {
  return s.index.locate<queue>(hash, [&](const queue* q) { return q->name == name; }).second;
}

queue_map::queue& queue_map::open(stripe& s, std::uint64_t hash, std::string_view name) {
  if (queue* q = find(s, hash, name)) [[likely]]
    return *q;
  auto fresh = std::make_unique<queue>(name);
  fresh->front = s.next_front;
  s.index.insert(hash, fresh.get());
  s.by_name.insert(*fresh);
  s.bytes += sizeof(queue) + name.size();
  return *fresh.release();
}

void queue_map::close_if_idle(stripe& s, std::uint64_t hash, queue& q) {
  if (q.items.empty() && !q.watched && s.index.size() > idle_kept)
    close(s, hash, q);
}

void queue_map::close(stripe& s, std::uint64_t hash, queue& q) {
  s.next_front = std::max(s.next_front, q.front);
  s.bytes -= sizeof(queue) + q.name.size();
  s.index.erase(s.index.locate<queue>(hash, [&](const queue* x) { return x == &q; }).first, hash);
  s.by_name.erase_and_dispose(s.by_name.iterator_to(q), [](queue* x) { delete x; });
  if (s.index.size() > idle_kept || s.index.log2() < 4)
    return;
  s.index.clear(); // there were many, so give back its memory
  for (queue& x : s.by_name)
    s.index.insert(hash_of(x.name), &x);
}

void queue_map::add(stripe& s, queue& q, value item) {
  const auto bytes = item_bytes(item);
  q.items.push_back(std::move(item));
  q.bytes += bytes;
  s.bytes += bytes;
  ++s.items;
}

value queue_map::take(stripe& s, queue& q) const {
  value x;
  if (order_ == order::fifo) {
    x = std::move(q.items.front());
    q.items.pop_front();
    ++q.front;
  } else {
    x = std::move(q.items.back());
    q.items.pop_back();
  }
  const auto bytes = item_bytes(x);
  q.bytes -= bytes;
  s.bytes -= bytes;
  --s.items;
  return x;
}

/// Call with the lock of its stripe.
void queue_map::announce(const queue& q, std::size_t taken) const {
  if (queue_keeper* to = told_.load(std::memory_order_acquire)) [[unlikely]]
    to->changing(order_, q.name, q.items, q.front, taken);
}

void queue_map::tell(queue_keeper* to) {
  told_.store(to, std::memory_order_release);
  for (stripe& s : stripes_) // the holder of a lock may not have read `told_`
    const std::lock_guard hold{s.lock};
}

void queue_map::look(std::string_view name,
                     const std::function<void(const items_type&, std::uint64_t)>& look) const {
  const auto hash = hash_of(name);
  const stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  if (const queue* q = find(s, hash, name))
    look(q->items, q->front);
}

queue_map::items_type queue_map::take_all(stripe& s, queue& q) const {
  items_type all;
  all.swap(q.items);
  if (order_ == order::fifo)
    q.front += all.size();
  s.items -= all.size();
  s.bytes -= std::exchange(q.bytes, 0);
  return all;
}

queue_map::pushed queue_map::push(std::string_view name, value item) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, hash, name);
  announce(q, 0);
  add(s, q, std::move(item));
  return {q.items.size(), q.watched};
}

queue_map::pushed queue_map::push(std::string_view name, std::span<const value> items) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, hash, name);
  announce(q, 0);
  for (const value& x : items)
    add(s, q, x);
  const pushed done{q.items.size(), q.watched};
  close_if_idle(s, hash, q);
  return done;
}

bool queue_map::pop(std::string_view name, value& out) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue* q = find(s, hash, name);
  if (!q || q->items.empty())
    return false;
  announce(*q, 1);
  out = take(s, *q);
  close_if_idle(s, hash, *q);
  return true;
}

value_list queue_map::pop(std::string_view name, std::size_t n) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  value_list out;
  items_type all;
  {
    const std::lock_guard hold{s.lock};
    queue* q = find(s, hash, name);
    if (!q)
      return out;
    announce(*q, std::min(n, q->items.size()));
    if (n >= q->items.size()) {
      all = take_all(s, *q);
    } else {
      out.reserve(n);
      while (out.size() < n)
        out.push_back(take(s, *q));
    }
    close_if_idle(s, hash, *q);
  }
  if (order_ == order::lifo)
    std::ranges::reverse(all);
  out.insert(out.end(), std::move_iterator{all.begin()}, std::move_iterator{all.end()});
  return out;
}

bool queue_map::pop_or_watch(std::string_view name, value& out) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, hash, name);
  if (q.items.empty()) {
    q.watched = true;
    return false;
  }
  announce(q, 1);
  out = take(s, q);
  close_if_idle(s, hash, q);
  return true;
}

std::size_t queue_map::watch(std::string_view name) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, hash, name);
  q.watched = true;
  return q.items.size();
}

void queue_map::unwatch(std::string_view name) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue* q = find(s, hash, name);
  if (!q)
    return;
  q->watched = false;
  close_if_idle(s, hash, *q);
}

bool queue_map::peek(std::string_view name, value& out) const {
  const auto hash = hash_of(name);
  const stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  const queue* q = find(s, hash, name);
  if (!q || q->items.empty())
    return false;
  out = order_ == order::fifo ? q->items.front() : q->items.back();
  return true;
}

std::size_t queue_map::count(std::string_view name) const {
  const auto hash = hash_of(name);
  const stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  const queue* q = find(s, hash, name);
  return q ? q->items.size() : 0;
}

// -- copying ------------------------------------------------------------------------------------

queue_map::slice queue_map::next_slice(std::string_view name, std::optional<std::uint64_t> from,
                                       std::size_t most) const {
  const auto hash = hash_of(name);
  const stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  slice out;
  const queue* found = find(s, hash, name);
  if (!found)
    return out;
  const queue& q = *found;
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
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  const std::lock_guard hold{s.lock};
  queue& q = open(s, hash, name);
  q.items.insert(order_ == order::fifo ? q.items.begin() : q.items.end(), items.begin(),
                 items.end());
  for (const value& x : items) {
    q.bytes += item_bytes(x);
    s.bytes += item_bytes(x);
  }
  s.items += items.size();
}

/// The names in one stripe among the next `most` queues; answers the last of these if others
/// follow.
std::optional<std::string> queue_map::next_names(const stripe& s,
                                                 const std::optional<std::string>& above,
                                                 std::size_t most, std::vector<std::string>& out) {
  const std::lock_guard hold{s.lock};
  auto at = above ? s.by_name.upper_bound(*above) : s.by_name.begin();
  const queue* last = nullptr;
  for (; most > 0 && at != s.by_name.end(); --most, ++at) {
    last = &*at;
    if (!last->items.empty())
      out.push_back(last->name);
  }
  return last && at != s.by_name.end() ? std::optional{last->name} : std::nullopt;
}

std::vector<std::string> queue_map::names_after(std::optional<std::string_view> above,
                                                std::size_t most) const {
  const std::size_t share = most / stripes_.size() + 8;
  std::vector<std::string> out;
  std::optional<std::string> from;
  if (above)
    from = *above;
  for (bool more = true; more && out.size() < most;) {
    // Some names of each stripe: up to the smallest last name of the stripes, none is missing.
    std::vector<std::string> some;
    std::optional<std::string> until;
    for (const stripe& s : stripes_) {
      auto last = next_names(s, from, share, some);
      if (last && (!until || *last < *until))
        until = std::move(last);
    }
    std::ranges::sort(some);
    if (until)
      some.erase(std::ranges::upper_bound(some, *until), some.end());
    some.resize(std::min(some.size(), most - out.size()));
    std::ranges::move(some, std::back_inserter(out));
    more = until.has_value();
    from = std::move(until);
  }
  return out;
}

// -- all of them --------------------------------------------------------------------------------

void queue_map::each(const std::function<void(std::string_view, const items_type&)>& visit) const {
  for (const stripe& s : stripes_) {
    const std::lock_guard hold{s.lock};
    for (const queue& q : s.by_name)
      if (!q.items.empty())
        visit(q.name, q.items);
  }
}

std::size_t queue_map::items() const {
  std::size_t n = 0;
  for (const stripe& s : stripes_) {
    const std::lock_guard hold{s.lock};
    n += s.items;
  }
  return n;
}

std::size_t queue_map::bytes() const {
  std::size_t n = 0;
  for (const stripe& s : stripes_) {
    const std::lock_guard hold{s.lock};
    n += s.bytes + s.index.array_bytes();
  }
  return n;
}

} // namespace supercache
