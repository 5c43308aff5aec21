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

std::ptrdiff_t lazy_buffers::add(record r, std::uint64_t key_hash) {
  const std::size_t i = claim(key_hash);
  buffer& b = buffers_[i];
  for (;;) {
    {
      const std::lock_guard hold{b.lock};
      if (b.waiting.size() < limit_) {
        b.waiting.push_back(std::move(r));
        return std::exchange(b.woken, true) ? -1 : static_cast<std::ptrdiff_t>(i);
      }
    }
    // Full: the caller writes a batch itself, or waits for the one who is writing.
    if (std::unique_lock writing{b.writing, std::try_to_lock}; writing)
      write_one(b);
    else
      std::this_thread::yield();
  }
}

bool lazy_buffers::write_one(buffer& b) {
  {
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
  write_(b.batch);
  b.batch.clear();
  for (const std::uint64_t h : hashes)
    slot_of(h).fetch_sub(1, std::memory_order_release);
  return true;
}

void lazy_buffers::drain(std::size_t i) {
  buffer& b = buffers_[i];
  const std::lock_guard writing{b.writing};
  while (write_one(b))
    ;
}

void lazy_buffers::drain_all() {
  for (std::size_t i = 0; i < size_; ++i)
    drain(i);
}

} // namespace supercache::detail
