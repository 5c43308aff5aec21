#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace supercache {

/// What a table or queue had when it was cleared: detached from it at once, to be freed piece by
/// piece. Readers that were there before may still be in it. Thread: one at a time.
class leftover {
public:
  virtual ~leftover() = default;
  /// Frees up to `budget` objects, or a few more. Answers how many; fewer: nothing is left.
  virtual std::size_t free_some(std::size_t budget) = 0;
  /// Memory of what is left, in bytes.
  std::size_t bytes() const noexcept { return bytes_; }

protected:
  std::size_t bytes_ = 0;
};

/// The leftovers of a partition, oldest first: who clears is done at once, and others free what was
/// there, in steps of the size they choose.
///
/// Bounded: who adds something while more than `plenty` bytes wait frees as many bytes as are
/// added. So no more waits than that and the largest content, of each thread that clears. Thread:
/// any.
class leftovers {
public:
  static constexpr std::size_t plenty = std::size_t{64} << 20;
  /// So few objects are freed by who adds them.
  static constexpr std::size_t few = 256;

  /// Takes over something. Cost: O(1), unless too much waits.
  void add(std::unique_ptr<leftover> x);
  /// Frees up to `budget` objects, or a few more; answers whether others may be left. Cost:
  /// O(budget), for which another thread that calls this or `add` may wait.
  bool free_some(std::size_t budget);
  /// Memory of what is left, in bytes.
  std::size_t bytes() const;

private:
  mutable std::mutex lock_;
  std::deque<std::unique_ptr<leftover>> all_;
  std::size_t bytes_ = 0; ///< of all
};

} // namespace supercache
