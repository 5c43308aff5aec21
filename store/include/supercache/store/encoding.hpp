#pragma once

#include <supercache/store/operation.hpp>
#include <supercache/store/record.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// The one encoding of values, records, patterns and operations, on the wire and on disk:
/// MessagePack, readable by any language.
///
///     nil, bool, integer, double   nil, bool, int (shortest form), float 64
///     string                       str when valid UTF-8, else bin; both are read back as string
///     list                         array
///     tuple                        ext type 1 around an array
///     map                          map, in key order
///     record                       array; its deadline is not part of it
///     pattern, operation           arrays in which numbers name the kinds; encoding_format.hpp
///                                  has the table
///
/// Equal values have equal encodings.
///
/// Decoding trusts nothing: every size is checked against the bytes that are left before memory is
/// taken for it, so that decoding n bytes takes memory for O(n); nesting is bounded by `max_depth`.
/// It accepts what other writers do (longer forms of sizes and integers, float 32, maps in any
/// order, where the last of equal keys wins) and answers the canonical value. An integer beyond 64
/// bits signed is refused. Whether an operation or pattern makes sense is for the store to check.
/// Errors: `malformed`, `too_large`; never an exception. Thread: any.
namespace supercache::inline SUPERCACHE_ABI {

using byte_buffer = std::vector<std::uint8_t>;
using byte_view = std::span<const std::uint8_t>;

/// Appends to `out`. Cost: O(size), no allocation but the buffer's; a tuple of more than 255 bytes
/// is moved once. Throws `error(errc::too_large)` for 2^32 or more elements in one place.
SUPERCACHE_API void encode(const value& x, byte_buffer& out);
SUPERCACHE_API void encode(const record& x, byte_buffer& out);
SUPERCACHE_API void encode(const pattern& x, byte_buffer& out);
SUPERCACHE_API void encode(const operation& x, byte_buffer& out);

template <class T>
byte_buffer encoded(const T& x) {
  byte_buffer out;
  encode(x, out);
  return out;
}

/// Reads one item from the front of `in` and moves `in` behind it; on an error `in` stays.
SUPERCACHE_API result<value> decode_value(byte_view& in);
SUPERCACHE_API result<record> decode_record(byte_view& in);
SUPERCACHE_API result<pattern> decode_pattern(byte_view& in);
SUPERCACHE_API result<operation> decode_operation(byte_view& in);

} // namespace supercache::inline SUPERCACHE_ABI
