#pragma once

#include <supercache/store/value_forms.hpp>

#include <atomic>
#include <bit>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

static_assert(std::endian::native == std::endian::little,
              "the stable hash is defined over the little-endian form of a value");

class item;

/// Deepest nesting of lists, tuples and maps; building a deeper value throws
/// `error(errc::too_large)`. Every recursion over a value is thereby bounded.
inline constexpr unsigned max_depth = 128;
/// Longest string in bytes; a longer one throws `error(errc::too_large)`.
inline constexpr std::size_t max_string_bytes = std::size_t{1} << 30;

namespace detail {

/// Most values in one list, tuple, record or (twice the pairs) map.
inline constexpr std::size_t max_count = 0x7fff'ffff;

/// Shared, immutable memory behind long strings, lists, tuples, maps and records.
/// `count` is a length in bytes for strings, else the number of values that follow.
struct block {
  std::atomic<std::uint32_t> refs;
  std::uint32_t count : 31;
  /// Of values: none of them owns other memory, so the block can be freed and measured without
  /// reading them.
  std::uint32_t plain : 1;
  /// Milliseconds since the epoch after which a stored record has expired; 0 = never. Written only
  /// before the block is published.
  std::int64_t deadline;

  value* items() noexcept { return reinterpret_cast<value*>(this + 1); }
  const value* items() const noexcept { return reinterpret_cast<const value*>(this + 1); }
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
};
static_assert(sizeof(block) == 16);

/// Room for `payload` bytes behind a block header with one reference. Throws std::bad_alloc.
SUPERCACHE_API block* allocate_block(std::size_t payload, std::uint32_t count);
SUPERCACHE_API void free_block(block* b, std::size_t payload) noexcept;
/// Drops one reference of a block of values, destroying it with the last one.
SUPERCACHE_API void release_items(block* b) noexcept;
SUPERCACHE_API void release_bytes(block* b) noexcept;
inline void retain(block* b) noexcept { b->refs.fetch_add(1, std::memory_order_relaxed); }

[[noreturn]] SUPERCACHE_API void throw_too_deep();
[[noreturn]] SUPERCACHE_API void throw_unsigned(std::uint64_t x);
[[noreturn]] SUPERCACHE_API void throw_wrong_kind(kind wanted, kind found);
[[noreturn]] SUPERCACHE_API void throw_no_text();

} // namespace detail

/// A nil, bool, 64-bit integer, double, string, list, tuple or map in 16 bytes.
///
/// Strings of up to 14 bytes are inline; longer strings and all composites are immutable and
/// shared, so copying costs at most one relaxed atomic increment.
///
/// Bytes 0–13 hold the payload (zero-padded), byte 14 the inline length or the nesting depth,
/// byte 15 the tag. A double is stored in canonical form (one NaN, no negative zero), so scalars
/// and short strings are equal exactly if their 16 bytes are.
///
/// Order: by kind first, except that integers and doubles compare by numeric value (an integer
/// sorts before an equal double; the two are not equal). NaN sorts after all numbers. Strings
/// compare bytewise; lists and tuples element by element, a prefix first; maps as the list of
/// their pairs in key order.
///
/// Hash: `hash(value)`, the same on every node and in every release: XXH3-64 of the 16 bytes above
/// for scalars and short strings; XXH3-64 of the bytes with seed 5 for long strings; for composites
/// a fold over the elements (see value.cpp).
///
/// What becomes what: numbers, texts and `std::optional` (nil if empty) are taken as they are; a
/// `char` is a text of one character; sequences and sets become lists (an unordered set in the
/// order of values), `std::pair` and `std::tuple` tuples, `std::map` and its like maps. Braces with
/// two or more within are a list, nested ones too: `value x = {1, "a", {2.5, nullptr}}`; around one
/// thing they are that thing, as C++ has it: `value{x}` is `x`. What would lose something does not
/// compile: pointers, enums, `wchar_t` and its like, `long double`, containers of `char`.
///
/// Thread: different values may be used by any threads; one value like an `int`.
class SUPERCACHE_API value {
public:
  value() noexcept : word_{0, 0} {}
  value(std::nullptr_t) noexcept : value() {}
  value(std::nullopt_t) noexcept : value() {}
  value(std::same_as<bool> auto x) noexcept : word_{x ? 1u : 0u, pack(tag::boolean)} {}
  /// Throws `error(errc::invalid_argument)` for an unsigned number beyond 63 bits.
  template <detail::whole_number T>
  value(T x) noexcept(!wide<T>)
    : word_{static_cast<std::uint64_t>(static_cast<std::int64_t>(x)), pack(tag::integer)} {
    if constexpr (wide<T>)
      if (x > static_cast<T>(INT64_MAX))
        detail::throw_unsigned(x);
  }
  value(detail::real_number auto x) noexcept
    : word_{canonical_bits(static_cast<double>(x)), pack(tag::real)} {}
  value(std::same_as<char> auto x) noexcept
    : word_{static_cast<unsigned char>(x), pack(tag::short_string, 1)} {}
  value(std::string_view x) : word_{0, 0} { init_string(x.data(), x.size()); }
  /// Throws `error(errc::invalid_argument)` for a null pointer.
  value(const char* x) : value(std::string_view{x ? x : (detail::throw_no_text(), "")}) {}
  value(const std::string& x) : value(std::string_view{x}) {}
  value(std::u8string_view x) : value(std::string_view{as_bytes(x.data()), x.size()}) {}
  value(const char8_t* x) : value(as_bytes(x)) {}
  value(const std::u8string& x) : value(std::u8string_view{x}) {}
  /// The tuple with the record's elements; shares its memory.
  value(const record& x) noexcept;
  template <detail::element T>
  value(std::optional<T> x) : value() {
    if (x)
      *this = value(*std::move(x));
  }
  /// A container that holds values must be named, as `std::vector<value>{other}` would otherwise
  /// become a list within a list.
  template <detail::list_like T>
  explicit(std::same_as<detail::element_of<T>, value>) value(const T& x);
  template <detail::map_like T>
  value(const T& x);
  template <detail::element T, detail::element U>
  value(const std::pair<T, U>& x);
  template <detail::element... Ts>
  value(const std::tuple<Ts...>& x);
  value(std::initializer_list<item> xs);

  value(const value& other) noexcept : word_{other.word_[0], other.word_[1]} {
    if (on_heap())
      detail::retain(heap());
  }
  value(value&& other) noexcept : word_{other.word_[0], other.word_[1]} { other.clear(); }
  value& operator=(const value& other) noexcept {
    value copy{other};
    swap(copy);
    return *this;
  }
  value& operator=(value&& other) noexcept {
    value moved{std::move(other)};
    swap(moved);
    return *this;
  }
  ~value() {
    if (on_heap())
      release();
  }
  void swap(value& other) noexcept {
    std::swap(word_[0], other.word_[0]);
    std::swap(word_[1], other.word_[1]);
  }

  /// Throws `error(errc::too_large)` when nested deeper than `max_depth`, as everything that nests.
  static value list(std::span<const value> items);
  static value list(std::initializer_list<item> items);
  static value tuple(std::span<const value> items);
  static value tuple(std::initializer_list<item> items);
  /// A map; of equal keys the last wins.
  static value map(std::vector<std::pair<value, value>> pairs);

  supercache::kind kind() const noexcept {
    constexpr supercache::kind kinds[]
      = {kind::nil,    kind::boolean, kind::integer, kind::real, kind::string,
         kind::string, kind::list,    kind::tuple,   kind::map};
    return kinds[static_cast<unsigned>(tag_of())];
  }
  bool is_nil() const noexcept { return tag_of() == tag::nil; }
  bool is_bool() const noexcept { return tag_of() == tag::boolean; }
  bool is_int() const noexcept { return tag_of() == tag::integer; }
  bool is_real() const noexcept { return tag_of() == tag::real; }
  bool is_number() const noexcept { return is_int() || is_real(); }
  bool is_string() const noexcept {
    return tag_of() == tag::short_string || tag_of() == tag::long_string;
  }
  bool is_list() const noexcept { return tag_of() == tag::list; }
  bool is_tuple() const noexcept { return tag_of() == tag::tuple; }
  bool is_map() const noexcept { return tag_of() == tag::map; }

  /// The content; throws `error(errc::type_mismatch)` when the kind is another.
  bool as_bool() const { return need(is_bool(), kind::boolean), word_[0] != 0; }
  std::int64_t as_int() const {
    return need(is_int(), kind::integer), static_cast<std::int64_t>(word_[0]);
  }
  double as_real() const { return need(is_real(), kind::real), std::bit_cast<double>(word_[0]); }
  /// Valid as long as this value is neither destroyed nor assigned.
  std::string_view as_string() const& {
    need(is_string(), kind::string);
    return string_unchecked();
  }
  std::string_view as_string() const&& = delete;
  /// Elements of a list or tuple; of a map its keys and values in turn, in key order.
  std::span<const value> items() const& {
    need(is_list() || is_tuple() || is_map(), kind::list);
    return items_unchecked();
  }
  std::span<const value> items() const&& = delete;
  /// The map's value under `key`, or nullptr. Cost: O(log n).
  const value* find(const value& key) const&;
  const value* find(const value& key) const&& = delete;

  /// Nesting depth: 0 for scalars and strings, 1 for a flat list, at most `max_depth`.
  unsigned depth() const noexcept { return is_composite() ? meta() : 0; }

  [[gnu::always_inline]] friend bool operator==(const value& a, const value& b) noexcept {
    if (a.word_[0] == b.word_[0] && a.word_[1] == b.word_[1])
      return true;
    return a.on_heap() && a.tag_of() == b.tag_of() && equal_heap(a, b);
  }
  SUPERCACHE_API friend std::strong_ordering operator<=>(const value& a, const value& b) noexcept;

  /// Bytes of shared memory behind this value, nested ones included. Cost: O(elements).
  std::size_t heap_bytes() const noexcept { return on_heap() ? heap_bytes_slow() : 0; }

  /// The 16 canonical bytes of a scalar or short string; for others an address is in them.
  const std::uint64_t* words() const noexcept { return word_; }
  bool on_heap() const noexcept { return tag_of() >= tag::long_string; }

private:
  friend class record;
  enum class tag : std::uint8_t {
    nil,
    boolean,
    integer,
    real,
    short_string,
    long_string,
    list,
    tuple,
    map
  };

  template <class T>
  static constexpr bool wide = std::is_unsigned_v<T> && sizeof(T) == 8;
  static const char* as_bytes(const char8_t* x) noexcept {
    return reinterpret_cast<const char*>(x);
  }
  static constexpr std::uint64_t pack(tag t, std::uint64_t meta = 0) noexcept {
    return static_cast<std::uint64_t>(t) << 56 | meta << 48;
  }
  static std::uint64_t canonical_bits(double x) noexcept {
    if (x != x)
      return 0x7ff8000000000000u;
    return std::bit_cast<std::uint64_t>(x == 0 ? 0.0 : x);
  }
  value(tag t, detail::block* b, unsigned depth) noexcept
    : word_{reinterpret_cast<std::uint64_t>(b), pack(t, depth)} {}

  tag tag_of() const noexcept { return static_cast<tag>(word_[1] >> 56); }
  unsigned meta() const noexcept { return static_cast<unsigned>(word_[1] >> 48) & 0xffu; }
  bool is_composite() const noexcept { return tag_of() >= tag::list; }
  detail::block* heap() const noexcept { return reinterpret_cast<detail::block*>(word_[0]); }
  void clear() noexcept { word_[0] = word_[1] = 0; }
  void need(bool ok, supercache::kind wanted) const {
    if (!ok)
      detail::throw_wrong_kind(wanted, kind());
  }
  void init_string(const char* data, std::size_t size);
  std::string_view string_unchecked() const noexcept {
    return tag_of() == tag::short_string
             ? std::string_view{reinterpret_cast<const char*>(word_), meta()}
             : std::string_view{heap()->bytes(), heap()->count};
  }
  std::span<const value> items_unchecked() const noexcept;
  void release() noexcept;
  static value composite(tag t, std::span<const value> items);
  static bool equal_heap(const value& a, const value& b) noexcept;
  std::size_t heap_bytes_slow() const noexcept;

  std::uint64_t word_[2];
};
static_assert(sizeof(value) == 16);

inline std::span<const value> value::items_unchecked() const noexcept {
  return {heap()->items(), heap()->count};
}

using value_list = std::vector<value>;

/// A value written in C++ as one of several elements: anything that a `value` can be made of; and
/// braces, which here are a list whatever is in them: `cache.put({"ann", {"red"}})` stores `{"ann",
/// ["red"]}`.
class item {
public:
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, item> && std::constructible_from<value, T>)
    item(T&& x)
    : value_(std::forward<T>(x)) {}
  item(std::initializer_list<item> xs) : value_(value::list(xs)) {}

  /// The value, which is nil afterwards.
  value take() const noexcept { return std::move(value_); }

private:
  mutable value value_; ///< so that it can be taken out of a std::initializer_list
};

namespace detail {
static_assert(sizeof(item) == sizeof(value) && std::is_standard_layout_v<item>);
inline std::span<const value> values_of(std::initializer_list<item> xs) noexcept {
  return {reinterpret_cast<const value*>(xs.begin()), xs.size()};
}
SUPERCACHE_API void sort(value_list& xs);
} // namespace detail

inline value::value(std::initializer_list<item> xs) : value() {
  *this = xs.size() == 1 ? xs.begin()->take() : list(xs);
}
inline value value::list(std::initializer_list<item> items) {
  return list(detail::values_of(items));
}
inline value value::tuple(std::initializer_list<item> items) {
  return tuple(detail::values_of(items));
}

template <detail::list_like T>
value::value(const T& x) : value() {
  using type = detail::element_of<T>;
  value_list out;
  for (auto&& e : x)
    out.push_back(value(static_cast<const type&>(e)));
  if constexpr (detail::unordered<T>)
    detail::sort(out);
  *this = list(std::span<const value>{out});
}
template <detail::map_like T>
value::value(const T& x) : value() {
  std::vector<std::pair<value, value>> out;
  for (const auto& e : x)
    out.emplace_back(e.first, e.second);
  *this = map(std::move(out));
}
template <detail::element T, detail::element U>
value::value(const std::pair<T, U>& x) : value(tuple({x.first, x.second})) {}
template <detail::element... Ts>
value::value(const std::tuple<Ts...>& x)
  : value(std::apply([](const auto&... e) { return tuple({item(e)...}); }, x)) {}

namespace detail {
SUPERCACHE_API std::size_t bytes_of_items(const block* b) noexcept;
/// Memory of a block of values, nested ones included. Cost: O(1) if it is plain.
inline std::size_t bytes_of(const block* b) noexcept {
  return sizeof(block) + b->count * sizeof(value) + (b->plain ? 0 : bytes_of_items(b));
}

/// XXH3-64 (Yann Collet, xxHash 0.8, XXH3_len_9to16_64b) of 16 bytes with seed 0, written out so
/// that hashing a short key is some fifteen instructions within the caller. A test compares it with
/// the library.
[[gnu::always_inline]] inline std::uint64_t hash_16(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t secret_a = 0x6782'737b'ea42'39b9u, secret_b = 0xaf56'bc3b'0996'523au;
  a ^= secret_a;
  b ^= secret_b;
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  std::uint64_t h
    = 16 + __builtin_bswap64(a) + b
      + (static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64));
  h ^= h >> 37;
  h *= 0x1656'6791'9e37'79f9u;
  return h ^ h >> 32;
}
SUPERCACHE_API std::uint64_t hash_of_shared(const value& x) noexcept;

} // namespace detail

/// The stable hash described at `value`.
[[gnu::always_inline]] inline std::uint64_t hash(const value& x) noexcept {
  return x.on_heap() ? detail::hash_of_shared(x) : detail::hash_16(x.words()[0], x.words()[1]);
}

/// Whether `a` sorts before, with or after `b` when integers and doubles of the same numeric value
/// count as equal: what pattern guards use.
SUPERCACHE_API std::partial_ordering compare_numeric(const value& a, const value& b) noexcept;

/// Readable text: `{"user", 1, [1, 2], {"a": nil}}`; text.hpp describes it, and reads it back.
SUPERCACHE_API std::string to_string(const value& x);
SUPERCACHE_API std::ostream& operator<<(std::ostream& out, const value& x);

} // namespace supercache::inline SUPERCACHE_ABI

template <>
struct std::hash<supercache::value> {
  std::size_t operator()(const supercache::value& x) const noexcept { return supercache::hash(x); }
};
