#include "lazy_buffer.hpp"

#include <supercache/store/reclaim.hpp>

#include <thread>

namespace supercache::detail {

lazy_buffers::lazy_buffers(std::size_t buffers, std::size_t limit, std::size_t key_pos,
                           writer write)
  : size_(buffers),
    limit_(limit),
    key_pos_(key_pos),
    write_(std::move(write)),
    buffers_(std::make_unique<buffer[]>(buffers)) {}

std::size_t lazy_buffers::claim(std::uint64_t key_hash) noexcept {
  // A thread, and so a scheduler worker, always uses the same buffer.
  const std::uint64_t own = reclaim::thread_ordinal() % size_;
  slot& s = slot_of(key_hash);
  std::uint64_t now = s.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t waiting = now & 0xffff'ffffu;
    const std::uint64_t where = waiting ? now >> 32 : own;
    if (s.compare_exchange_weak(now, where << 32 | (waiting + 1), std::memory_order_acquire))
      return where;
  }
}

result<std::ptrdiff_t> lazy_buffers::add(record r, std::uint64_t key_hash) {
  const std::size_t i = claim(key_hash);
  buffer& b = buffers_[i];
  for (;;) {
    bool stuck = false;
    {
      const std::lock_guard hold{b.lock};
      if (b.waiting.size() < limit_) {
        b.waiting.push_back(std::move(r));
        return std::exchange(b.woken, true) ? -1 : static_cast<std::ptrdiff_t>(i);
      }
      stuck = b.stuck > 0;
    }
    if (stuck) {
      release(key_hash);
      return {errc::overloaded, "what lazy_put left cannot be written for now, and its buffer is "
                                "full; try again"};
    }
    // Full: the caller writes a batch itself, or waits for the thread that is writing.
    if (std::unique_lock writing{b.writing, std::try_to_lock}; writing)
      (void)write_one(b, patience);
    else
      std::this_thread::yield();
  }
}

result<bool> lazy_buffers::write_one(buffer& b, milliseconds longest) {
  if (b.batch.empty()) {
    const std::lock_guard hold{b.lock};
    b.batch.swap(b.waiting);
    if (b.batch.empty()) {
      b.woken = false;
      return false;
    }
  }
  std::vector<std::uint64_t> hashes;
  hashes.reserve(b.batch.size());
  for (const record& r : b.batch)
    hashes.push_back(hash(r[key_pos_]));
  auto s = write_(b.batch, longest);
  std::size_t kept = 0; // of the batch, which is in order
  for (const std::uint64_t h : hashes)
    if (kept < b.batch.size() && hash(b.batch[kept][key_pos_]) == h)
      ++kept;
    else
      release(h);
  {
    const std::lock_guard hold{b.lock};
    b.stuck = b.batch.size();
  }
  if (!b.batch.empty())
    b.failed = true;
  if (!s)
    return s.why();
  return true;
}

status lazy_buffers::drain(std::size_t i, milliseconds longest) {
  buffer& b = buffers_[i];
  const std::lock_guard writing{b.writing};
  for (;;) {
    const auto wrote = write_one(b, longest);
    if (!wrote)
      return wrote.why();
    if (!*wrote)
      return ok();
  }
}

status lazy_buffers::drain_all() {
  constexpr milliseconds less_patience{1'000}; // once it is known that not all can be written
  status out = ok();
  for (std::size_t i = 0; i < size_; ++i)
    if (auto s = drain(i, out ? patience : less_patience); !s && out)
      out = std::move(s);
  return out;
}

std::size_t lazy_buffers::count() {
  std::size_t n = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const std::lock_guard hold{buffers_[i].lock};
    n += buffers_[i].waiting.size() + buffers_[i].stuck;
  }
  return n;
}

} // namespace supercache::detail
