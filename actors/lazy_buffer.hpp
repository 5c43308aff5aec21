#pragma once

#include <supercache/store/fair_lock.hpp>
#include <supercache/store/record.hpp>
#include <supercache/store/result.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace supercache::detail {

/// The buffers of `lazy_put`: one per scheduler worker, each a bounded list of records that an
/// actor, or a caller that finds it full, writes in batches.
///
/// Order per key: all waiting records of a key are in one buffer, whichever thread adds them.
/// `slots_` says for each of 1024 classes of keys in which buffer its records wait and how many;
/// only when none wait may the class move to the adding thread's own buffer.
///
/// Records that cannot be written stay at the front of their buffer, and are tried again.
///
/// Thread: any. Cost of `add`: one lock, one compare-exchange; a message only when the buffer's
/// writer is idle.
class lazy_buffers {
public:
  using milliseconds = std::chrono::milliseconds;
  /// Writes a batch, in order, within that time; takes out what need not be tried again. Called by
  /// one thread at a time per buffer.
  using writer = std::function<status(std::vector<record>&, milliseconds)>;
  /// How long a write is tried if no time is given.
  static constexpr milliseconds patience{5'000};

  lazy_buffers(std::size_t buffers, std::size_t limit, std::size_t key_pos, writer write);

  std::size_t size() const noexcept { return size_; }
  /// Adds a record with the hash of its key. Answers the buffer whose actor must be woken, or -1.
  /// Errors: `overloaded`: the buffer is full of what cannot be written.
  result<std::ptrdiff_t> add(record r, std::uint64_t key_hash);
  /// Writes what waits in a buffer until it is empty, or a batch cannot be written within
  /// `longest`. Errors: why.
  status drain(std::size_t buffer, milliseconds longest = patience);
  /// All buffers; the first failure.
  status drain_all();
  /// Whether a buffer could not be written since this was asked last.
  bool wants_retry(std::size_t i) noexcept { return buffers_[i].failed.exchange(false); }
  /// Records that wait, beside those that are being written.
  std::size_t count();

private:
  struct alignas(64) buffer {
    fair_lock lock;
    bool woken = false; ///< a wake-up is under way; under `lock`
    std::vector<record> waiting;
    std::size_t stuck = 0; ///< records that could not be written; under `lock`
    std::atomic<bool> failed{false};
    alignas(64) std::mutex writing; ///< held by the writing thread
    std::vector<record> batch;      ///< under `writing`; those that are stuck
  };
  using slot = std::atomic<std::uint64_t>; ///< buffer << 32 | records that wait
  slot& slot_of(std::uint64_t key_hash) noexcept {
    return slots_[key_hash >> 20 & (slots_.size() - 1)];
  }
  std::size_t claim(std::uint64_t key_hash) noexcept;
  void release(std::uint64_t key_hash) noexcept {
    slot_of(key_hash).fetch_sub(1, std::memory_order_release);
  }
  /// Writes one batch; answers whether there was one. @pre `writing` is held.
  result<bool> write_one(buffer& b, milliseconds longest);

  std::size_t size_;
  std::size_t limit_;
  std::size_t key_pos_;
  writer write_;
  std::unique_ptr<buffer[]> buffers_;
  std::array<slot, 1024> slots_{};
};

} // namespace supercache::detail
