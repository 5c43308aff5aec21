#pragma once

#include <supercache/store/record.hpp>

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

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
  explicit records(std::vector<record> rs) {
    if (rs.size() == 1)
      one_ = std::move(rs.front());
    else if (!rs.empty())
      rest_ = reinterpret_cast<std::uintptr_t>(new std::vector<record>(std::move(rs))) | many_bit;
  }
  /// Borrows `b`, which `guard` (a `reclaim::pin`) protects. For the store.
  template <class Pin>
  [[gnu::always_inline]] static records borrow(detail::block* b, Pin& guard) noexcept {
    slot* held = guard.hold(b);
    if (!held) [[unlikely]]
      detail::retain(b);
    return {b, held};
  }
  /// Takes over `b`, which is held through this slot.
  [[gnu::always_inline]] static records held(detail::block* b,
                                             std::atomic<const void*>* through) noexcept {
    return {b, through};
  }

  records(records&& other) noexcept
    : one_(std::move(other.one_)), rest_(std::exchange(other.rest_, 0)) {}
  records(const records& other) : one_(other.one_) { // copying `one_` counts a reference
    if (const auto* all = other.many())
      rest_ = reinterpret_cast<std::uintptr_t>(new std::vector<record>(*all)) | many_bit;
  }
  records& operator=(records other) noexcept {
    std::swap(one_, other.one_);
    std::swap(rest_, other.rest_);
    return *this;
  }
  [[gnu::always_inline]] ~records() {
    if (rest_)
      let_go();
  }

  std::size_t size() const noexcept {
    const auto* all = many();
    return all ? all->size() : !one_.empty();
  }
  bool empty() const noexcept { return one_.empty() && !many(); }
  const record* begin() const noexcept {
    const auto* all = many();
    return all ? all->data() : &one_;
  }
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
  static constexpr std::uintptr_t many_bit = 1;
  using slot = std::atomic<const void*>;

  records(detail::block* b, slot* held) noexcept
    : one_(record::adopt(b)), rest_(reinterpret_cast<std::uintptr_t>(held)) {}
  const std::vector<record>* many() const noexcept {
    return rest_ & many_bit ? reinterpret_cast<const std::vector<record>*>(rest_ & ~many_bit)
                            : nullptr;
  }
  [[gnu::always_inline]] void let_go() noexcept {
    if (rest_ & many_bit) {
      delete many();
    } else {
      one_.detach();
      reinterpret_cast<slot*>(rest_)->store(nullptr, std::memory_order_release);
    }
  }

  record one_;
  /// 0, or the hazard slot through which `one_` is borrowed, or, marked, two or more records.
  std::uintptr_t rest_ = 0;
};
static_assert(sizeof(records) == 16);

} // namespace supercache::inline SUPERCACHE_ABI
