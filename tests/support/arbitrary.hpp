#pragma once

#include <supercache/store/operation.hpp>

#include <rapidcheck.h>

#include <iosfwd>

/// Random values, records, patterns and operations for rapidcheck, and how to check a property.
namespace arbitrary {

using namespace supercache;
using rc::Gen;

/// Any integer; small ones and those beside powers of two are frequent.
Gen<std::int64_t> integers();
/// Any double; zero, infinity, NaN and whole numbers are frequent.
Gen<double> doubles();
/// UTF-8 with characters of one to four bytes.
Gen<std::string> texts();
/// Texts and bytes, short and long.
Gen<std::string> strings();
/// Values of up to `depth` levels; `plain` ones have only UTF-8 strings as keys.
Gen<value> values(unsigned depth = 4, bool plain = false);
Gen<record> records();
/// Patterns and operations with any content that can be expressed, sensible or not.
Gen<pattern> patterns();
Gen<operation> operations();

/// Checks `property` on `cases` inputs and reports the smallest that fails. The seed is fixed;
/// SUPERCACHE_SEED sets another.
void check(const rc::detail::Property& property, std::size_t cases);
/// The same for a function of arbitrary arguments that uses RC_ASSERT.
template <class F>
void check_property(F&& property, std::size_t cases = 500) {
  check(rc::detail::toProperty(std::forward<F>(property)), cases);
}

} // namespace arbitrary

namespace supercache {

/// What rapidcheck shows for these: their encoding.
// NOLINTNEXTLINE(readability-identifier-naming)
void showValue(const pattern& x, std::ostream& out);
// NOLINTNEXTLINE(readability-identifier-naming)
void showValue(const operation& x, std::ostream& out);

} // namespace supercache

template <>
struct rc::Arbitrary<supercache::value> {
  static Gen<supercache::value> arbitrary() { return arbitrary::values(); }
};
template <>
struct rc::Arbitrary<supercache::record> {
  static Gen<supercache::record> arbitrary() { return arbitrary::records(); }
};
template <>
struct rc::Arbitrary<supercache::pattern> {
  static Gen<supercache::pattern> arbitrary() { return arbitrary::patterns(); }
};
template <>
struct rc::Arbitrary<supercache::operation> {
  static Gen<supercache::operation> arbitrary() { return arbitrary::operations(); }
};
