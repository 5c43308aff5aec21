#pragma once

#include <supercache/store/hash_index.hpp>
#include <supercache/store/shelf.hpp>

#include <memory>

namespace supercache::shelf {

/// What shelves have in common that spread their keys over separately locked stripes by hash. A
/// `Stripe` has a `lock`, a hash `index` and a `book`.
template <class Stripe>
class striped {
public:
  bool covers(const cursor& c, const value&, std::uint64_t hash) const noexcept {
    const std::size_t part = hash >> 32 & mask_;
    const std::uint32_t place = hash_index::position_of(hash) & ((1u << c.bits) - 1);
    return part < c.part || (part == c.part && c.entered && place < c.cell);
  }

  template <class F>
  void for_each_part(F&& f) {
    for (std::size_t i = 0; i <= mask_; ++i)
      f(stripes_[i].lock, stripes_[i].book);
  }
  std::size_t parts() const noexcept { return mask_ + 1; }

protected:
  explicit striped(std::size_t stripes)
    : mask_(stripes - 1), stripes_(std::make_unique<Stripe[]>(stripes)) {}
  ~striped() = default;

  [[gnu::always_inline]] Stripe& stripe_of(std::uint64_t hash) const noexcept {
    return stripes_[hash >> 32 & mask_];
  }

  /// Empties a stripe, whose blocks `take_all(stripe)` lets go of; answers how many it had.
  template <class TakeAll>
  std::size_t clear_stripe(std::size_t part, TakeAll&& take_all) {
    Stripe& s = stripes_[part];
    const std::lock_guard lock{s.lock};
    const std::size_t n = s.book.count();
    take_all(s);
    s.index.clear();
    s.book.clear();
    return n;
  }

  std::size_t mask_;
  std::unique_ptr<Stripe[]> stripes_;
};

} // namespace supercache::shelf
