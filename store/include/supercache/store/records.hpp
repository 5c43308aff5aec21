#pragma once

#include <supercache/store/reclaim.hpp>
#include <supercache/store/record.hpp>

#include <utility>
#include <vector>

namespace supercache {

/// What a read found: none, one or more records, in order.
///
/// A single record is *borrowed* where possible: the store keeps it alive through a hazard slot of
/// the reading thread instead of a reference count, so reading writes no shared memory. That is
/// invisible: a `records` may be kept for any time, moved to and destroyed on any thread, and
/// copying a `record` out of it makes an ordinary counted one. It does not change when the store
/// does.
class records {
public:
  records() noexcept = default;
  explicit records(record r) noexcept : one_(std::move(r)) {}
  explicit records(std::vector<record> rs) noexcept {
    if (rs.size() == 1)
      one_ = std::move(rs.front());
    else
      many_ = std::move(rs);
  }
  /// Borrows `b`, which `guard` protects. For the store.
  static records borrow(detail::block* b, reclaim::pin& guard) {
    records r;
    r.slot_ = guard.hold(b);
    r.one_ = r.slot_ ? record::adopt(b) : record::share(b);
    return r;
  }

  records(records&& other) noexcept
    : one_(std::move(other.one_)),
      slot_(std::exchange(other.slot_, nullptr)),
      many_(std::move(other.many_)) {
    other.many_.clear();
  }
  records(const records& other)
    : one_(other.one_), many_(other.many_) {} // copying `one_` counts a reference
  records& operator=(records other) noexcept {
    std::swap(one_, other.one_);
    std::swap(slot_, other.slot_);
    std::swap(many_, other.many_);
    return *this;
  }
  ~records() {
    if (slot_) {
      one_.detach();
      slot_->store(nullptr, std::memory_order_release);
    }
  }

  std::size_t size() const noexcept { return many_.empty() ? !one_.empty() : many_.size(); }
  bool empty() const noexcept { return one_.empty() && many_.empty(); }
  const record* begin() const noexcept { return many_.empty() ? &one_ : many_.data(); }
  const record* end() const noexcept { return begin() + size(); }
  /// @pre i < size()
  const record& operator[](std::size_t i) const noexcept { return begin()[i]; }
  /// @pre !empty()
  const record& front() const noexcept { return *begin(); }
  std::vector<record> to_vector() const { return {begin(), end()}; }

  friend bool operator==(const records& a, const records& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

private:
  record one_;
  std::atomic<const void*>* slot_ = nullptr; ///< non-null: `one_` is borrowed through it
  std::vector<record> many_;
};

} // namespace supercache
