#pragma once

#include <supercache/store/result.hpp>
#include <supercache/store/value.hpp>

#include <algorithm>
#include <memory>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

/// An element that may be left out.
struct further {
  struct none {};
  bool given = true;
  item x;

  further(none) : given(false), x(nullptr) {}
  template <class T>
  requires std::constructible_from<item, T> further(T&& y) : x(std::forward<T>(y)) {}
  further(std::initializer_list<item> xs) : x(xs) {}
};

} // namespace detail

/// A tuple of values as it is stored: immutable, shared, one allocation. An empty `record` needs no
/// memory and is never stored.
///
/// Thread: like `value`. Cost of a copy: one relaxed atomic increment.
class SUPERCACHE_API record {
public:
  using value_type = value;
  using const_iterator = const value*;

  record() noexcept = default;
  /// `record{"user-1", 30, "Alice"}`. Throws `error(errc::too_large)` when nested too deeply.
  template <class T0, class T1, class... Ts>
  requires std::constructible_from<value, T0> && std::constructible_from<value, T1> &&(
    std::constructible_from<value, Ts>&&...)record(T0&& x0, T1&& x1, Ts&&... xs)
    : b_(build(std::forward<T0>(x0), std::forward<T1>(x1), std::forward<Ts>(xs)...)) {}
  /// The same with braces within, each a list: `{"user-1", 30, {"red", "blue"}}`. So it takes up to
  /// 16 elements; beyond, write `value::list({…})`.
  record(item x0, item x1, detail::further x2 = none{}, detail::further x3 = none{},
         detail::further x4 = none{}, detail::further x5 = none{}, detail::further x6 = none{},
         detail::further x7 = none{}, detail::further x8 = none{}, detail::further x9 = none{},
         detail::further x10 = none{}, detail::further x11 = none{}, detail::further x12 = none{},
         detail::further x13 = none{}, detail::further x14 = none{}, detail::further x15 = none{});
  /// A record of one element, which braces alone denote: `cache.put({"user-1"})`.
  record(item x) : b_(build(x.take())) {}
  /// A record with these elements. @pre !items.empty()
  static record of(std::span<const value> items);
  static record of(std::initializer_list<item> items) { return of(detail::values_of(items)); }
  /// The record that shares the memory of a tuple; an empty record when `x` is not a tuple.
  static record from_tuple(const value& x) noexcept;

  record(const record& other) noexcept : b_(other.b_) {
    if (b_)
      detail::retain(b_);
  }
  record(record&& other) noexcept : b_(std::exchange(other.b_, nullptr)) {}
  record& operator=(record other) noexcept {
    std::swap(b_, other.b_);
    return *this;
  }
  ~record() {
    if (b_)
      detail::release_items(b_);
  }

  std::size_t size() const noexcept { return b_ ? b_->count : 0; }
  bool empty() const noexcept { return b_ == nullptr; }
  /// @pre i < size()
  const value& operator[](std::size_t i) const noexcept { return b_->items()[i]; }
  /// Element `i`; throws `error(errc::invalid_argument)` when there is none.
  const value& at(std::size_t i) const;
  const value* begin() const noexcept { return b_ ? b_->items() : nullptr; }
  const value* end() const noexcept { return begin() + size(); }
  std::span<const value> items() const noexcept { return {begin(), size()}; }

  /// Equal elements; deadlines do not matter.
  SUPERCACHE_API friend bool operator==(const record& a, const record& b) noexcept;
  SUPERCACHE_API friend std::strong_ordering operator<=>(const record& a, const record& b) noexcept;

  /// When it expires, in milliseconds since the epoch; 0 = never. Counted by the clock of the node,
  /// which does not follow a wall clock that is set while it runs.
  std::int64_t deadline() const noexcept { return b_ ? b_->deadline : 0; }
  bool expired(std::int64_t now_ms) const noexcept { return deadline() && deadline() <= now_ms; }
  /// The same elements with this deadline; a separate record, unless neither has a deadline. Costs
  /// a copy if the record has other owners.
  record with_deadline(std::int64_t deadline_ms) &&;

  /// Bytes of memory behind this record, nested values included.
  std::size_t heap_bytes() const noexcept;

  /// Takes over / gives up one reference; for the store's own slots.
  static record adopt(detail::block* b) noexcept {
    record r;
    r.b_ = b;
    return r;
  }
  static record share(detail::block* b) noexcept {
    detail::retain(b);
    return adopt(b);
  }
  detail::block* detach() noexcept { return std::exchange(b_, nullptr); }
  detail::block* get() const noexcept { return b_; }

private:
  using none = detail::further::none;
  struct builder { // destroys what was built when a constructor throws
    detail::block* b;
    std::uint32_t built;
    ~builder() {
      if (!b)
        return;
      const auto payload = b->count * sizeof(value);
      std::destroy_n(b->items(), built);
      detail::free_block(b, payload);
    }
  };
  template <class... Ts>
  static detail::block* build(Ts&&... xs) {
    builder under{detail::allocate_block(sizeof...(Ts) * sizeof(value), sizeof...(Ts)), 0};
    under.b->plain = 1;
    ((std::construct_at(under.b->items() + under.built, std::forward<Ts>(xs)), ++under.built), ...);
    constexpr bool scalars = (std::is_arithmetic_v<std::remove_cvref_t<Ts>> && ...);
    if constexpr (!scalars) {
      for (std::size_t i = 0; i < sizeof...(Ts); ++i)
        if (under.b->items()[i].on_heap()) [[unlikely]] {
          under.b->plain = 0;
          check_depth(under.b);
        }
    }
    return std::exchange(under.b, nullptr);
  }
  static void check_depth(const detail::block* b);

  detail::block* b_ = nullptr;
};
static_assert(sizeof(record) == sizeof(void*));

inline value::value(const record& x) noexcept : word_{0, 0} {
  if (!x.get())
    return;
  unsigned depth = 0;
  for (const value& v : x)
    depth = std::max(depth, v.depth());
  detail::retain(x.get());
  *this = value{tag::tuple, x.get(), depth + 1};
}

/// The stable hash of the tuple with these elements.
SUPERCACHE_API std::uint64_t hash(const record& x) noexcept;
SUPERCACHE_API std::string to_string(const record& x);
SUPERCACHE_API std::ostream& operator<<(std::ostream& out, const record& x);

} // namespace supercache::inline SUPERCACHE_ABI
