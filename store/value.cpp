#include <supercache/store/amount.hpp>
#include <supercache/store/record.hpp>
#include <supercache/store/value.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <ostream>

// Stable hash. The seeds are part of the format and never change:
//   scalar, short string   XXH3_64(16 canonical bytes)
//   long string            XXH3_64(bytes, seed 5)
//   composite              h := seed 6 (list), 7 (tuple), 8 (map);
//                          for each element e: h := XXH3_64(h ‖ hash(e)); then XXH3_64(h ‖ count)

namespace supercache::inline SUPERCACHE_ABI {

namespace {

constexpr std::size_t inline_max = 14;

std::uint64_t hash_items(std::uint64_t seed, std::span<const value> items) noexcept {
  std::uint64_t h = seed;
  for (const value& x : items)
    h = detail::hash_16(h, hash(x));
  return detail::hash_16(h, items.size());
}

/// Exact comparison of an integer with a double that is not NaN.
std::strong_ordering compare_exact(std::int64_t a, double b) noexcept {
  if (b >= 9223372036854775808.0)
    return std::strong_ordering::less;
  if (b < -9223372036854775808.0)
    return std::strong_ordering::greater;
  const auto whole = static_cast<std::int64_t>(b); // towards zero
  if (a != whole)
    return a <=> whole;
  const double rest = b - static_cast<double>(whole);
  if (rest > 0)
    return std::strong_ordering::less;
  return rest < 0 ? std::strong_ordering::greater : std::strong_ordering::equal;
}

std::strong_ordering compare_real(double a, double b) noexcept {
  if (a < b)
    return std::strong_ordering::less;
  if (a > b)
    return std::strong_ordering::greater;
  if (a == b)
    return std::strong_ordering::equal;
  return std::isnan(a) <=> std::isnan(b);
}

/// By numeric value; equal for 1 and 1.0.
std::strong_ordering compare_numbers(const value& a, const value& b) noexcept {
  if (a.is_int() && b.is_int())
    return a.as_int() <=> b.as_int();
  if (a.is_real() && b.is_real())
    return compare_real(a.as_real(), b.as_real());
  if (a.is_int())
    return std::isnan(b.as_real()) ? std::strong_ordering::less
                                   : compare_exact(a.as_int(), b.as_real());
  return 0 <=> compare_numbers(b, a);
}

int rank(kind k) noexcept { // integers and doubles share a place
  return k == kind::real ? static_cast<int>(kind::integer) : static_cast<int>(k);
}

std::strong_ordering compare_strings(std::string_view a, std::string_view b) noexcept {
  const int c = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return c != 0 ? c <=> 0 : a.size() <=> b.size();
}

} // namespace

namespace detail {

void throw_too_deep() {
  throw error(errc::too_large, "value nested deeper than " + std::to_string(max_depth) + " levels");
}

void throw_unsigned(std::uint64_t x) {
  throw error(errc::invalid_argument,
              "integer " + std::to_string(x) + " does not fit: the largest is 9223372036854775807");
}

void throw_no_text() { throw error(errc::invalid_argument, "a null pointer is no text"); }

void throw_wrong_kind(kind wanted, kind found) {
  throw error(errc::type_mismatch, "value is of type " + std::string{to_string(found)} + ", not "
                                     + std::string{to_string(wanted)});
}

void release_items(block* b) noexcept {
  // A sole owner needs no atomic decrement: no other thread can see the block.
  if (b->refs.load(std::memory_order_acquire) != 1
      && b->refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  const std::size_t n = b->count;
  if (!b->plain)
    std::destroy_n(b->items(), n);
  free_block(b, n * sizeof(value));
}

void release_bytes(block* b) noexcept {
  if (b->refs.load(std::memory_order_acquire) != 1
      && b->refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  free_block(b, b->count);
}

} // namespace detail

void value::release() noexcept {
  if (is_composite())
    detail::release_items(heap());
  else
    detail::release_bytes(heap());
}

void value::init_string(const char* data, std::size_t size) {
  if (size <= inline_max) {
    if (size)
      std::memcpy(word_, data, size);
    word_[1] |= pack(tag::short_string, size);
    return;
  }
  if (size > max_string_bytes)
    throw error(errc::too_large, "string of " + std::to_string(size) + " bytes; at most "
                                   + std::to_string(max_string_bytes) + " are allowed");
  detail::block* b = detail::allocate_block(size, static_cast<std::uint32_t>(size));
  std::memcpy(b->bytes(), data, size);
  *this = value{tag::long_string, b, 0};
}

value value::composite(tag t, std::span<const value> items) {
  unsigned depth = 0;
  for (const value& x : items)
    depth = std::max(depth, x.depth());
  if (depth + 1 > max_depth)
    detail::throw_too_deep();
  if (items.size() > detail::max_count)
    throw error(errc::too_large, "more than " + std::to_string(detail::max_count) + " elements");
  detail::block* b
    = detail::allocate_block(items.size_bytes(), static_cast<std::uint32_t>(items.size()));
  std::uninitialized_copy(items.begin(), items.end(), b->items());
  b->plain = std::ranges::none_of(items, [](const value& x) { return x.on_heap(); });
  return value{t, b, depth + 1};
}

value value::list(std::span<const value> items) { return composite(tag::list, items); }
value value::tuple(std::span<const value> items) { return composite(tag::tuple, items); }

value value::map(std::vector<std::pair<value, value>> pairs) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  value_list flat;
  flat.reserve(pairs.size() * 2);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i + 1 < pairs.size() && pairs[i].first == pairs[i + 1].first)
      continue; // the last of equal keys wins
    flat.push_back(std::move(pairs[i].first));
    flat.push_back(std::move(pairs[i].second));
  }
  return composite(tag::map, flat);
}

void detail::sort(value_list& xs) { std::ranges::sort(xs); }

const value* value::find(const value& key) const& {
  need(is_map(), kind::map);
  const auto flat = items_unchecked();
  std::size_t lo = 0, hi = flat.size() / 2;
  while (lo < hi) {
    const std::size_t mid = (lo + hi) / 2;
    if (flat[mid * 2] < key)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < flat.size() / 2 && flat[lo * 2] == key ? &flat[lo * 2 + 1] : nullptr;
}

bool value::equal_heap(const value& a, const value& b) noexcept {
  if (a.word_[0] == b.word_[0])
    return true;
  if (!a.is_composite())
    return a.string_unchecked() == b.string_unchecked();
  if (a.meta() != b.meta())
    return false;
  return std::ranges::equal(a.items_unchecked(), b.items_unchecked());
}

std::strong_ordering operator<=>(const value& a, const value& b) noexcept {
  const kind ka = a.kind(), kb = b.kind();
  if (const auto c = rank(ka) <=> rank(kb); c != 0)
    return c;
  switch (ka) {
    case kind::nil: return std::strong_ordering::equal;
    case kind::boolean: return a.words()[0] <=> b.words()[0];
    case kind::integer:
    case kind::real: {
      const auto c = compare_numbers(a, b);
      return c != 0 ? c : ka <=> kb;
    }
    case kind::string: return compare_strings(a.string_unchecked(), b.string_unchecked());
    default: {
      const auto x = a.items_unchecked(), y = b.items_unchecked();
      return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
    }
  }
}

std::size_t value::heap_bytes_slow() const noexcept {
  if (!is_composite())
    return sizeof(detail::block) + heap()->count;
  return detail::bytes_of(heap());
}

std::size_t detail::bytes_of_items(const block* b) noexcept {
  std::size_t sum = 0;
  for (const value& x : std::span{b->items(), b->count})
    sum += x.heap_bytes();
  return sum;
}

std::uint64_t detail::hash_of_shared(const value& x) noexcept {
  switch (x.kind()) {
    case kind::string: {
      const auto s = x.as_string();
      return XXH3_64bits_withSeed(s.data(), s.size(), 5);
    }
    case kind::list: return hash_items(6, x.items());
    case kind::tuple: return hash_items(7, x.items());
    default: return hash_items(8, x.items());
  }
}

std::partial_ordering compare_numeric(const value& a, const value& b) noexcept {
  if (!a.is_number() || !b.is_number())
    return a <=> b;
  if ((a.is_real() && std::isnan(a.as_real())) || (b.is_real() && std::isnan(b.as_real())))
    return std::partial_ordering::unordered;
  return compare_numbers(a, b);
}

// -- record -------------------------------------------------------------------------------------

record::record(item x0, item x1, detail::further x2, detail::further x3, detail::further x4,
               detail::further x5, detail::further x6, detail::further x7, detail::further x8,
               detail::further x9, detail::further x10, detail::further x11, detail::further x12,
               detail::further x13, detail::further x14, detail::further x15) {
  value_list all{x0.take(), x1.take()};
  for (const auto* x : {&x2, &x3, &x4, &x5, &x6, &x7, &x8, &x9, &x10, &x11, &x12, &x13, &x14, &x15})
    if (x->given)
      all.push_back(x->x.take());
  *this = of(all);
}

record record::of(std::span<const value> items) {
  if (items.empty())
    return {};
  return from_tuple(value::tuple(items));
}

record record::from_tuple(const value& x) noexcept {
  return x.is_tuple() && x.heap()->count ? share(x.heap()) : record{};
}

void record::check_depth(const detail::block* b) {
  for (std::uint32_t i = 0; i < b->count; ++i)
    if (b->items()[i].depth() >= max_depth)
      detail::throw_too_deep();
}

const value& record::at(std::size_t i) const {
  if (i >= size())
    throw error(errc::invalid_argument, "record has "
                                          + detail::amount(size(), "element", "elements")
                                          + "; there is none at position " + std::to_string(i));
  return (*this)[i];
}

bool operator==(const record& a, const record& b) noexcept {
  return a.b_ == b.b_ || std::ranges::equal(a.items(), b.items());
}

std::strong_ordering operator<=>(const record& a, const record& b) noexcept {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

record record::with_deadline(std::int64_t deadline_ms) && {
  if (!b_ || (b_->deadline == 0 && deadline_ms == 0))
    return std::move(*this);
  if (b_->refs.load(std::memory_order_acquire) == 1) {
    b_->deadline = deadline_ms;
    return std::move(*this);
  }
  record copy = adopt(detail::allocate_block(b_->count * sizeof(value), b_->count));
  std::uninitialized_copy(begin(), end(), copy.b_->items());
  copy.b_->plain = b_->plain;
  copy.b_->deadline = deadline_ms;
  return copy;
}

std::size_t record::heap_bytes() const noexcept {
  if (!b_)
    return 0;
  return detail::bytes_of(b_);
}

std::uint64_t hash(const record& x) noexcept { return hash_items(7, x.items()); }

} // namespace supercache::inline SUPERCACHE_ABI
