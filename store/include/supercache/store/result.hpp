#pragma once

#include <supercache/store/abi.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace supercache::inline SUPERCACHE_ABI {

/// Why an operation failed. A code exists only where a caller can act on it. Sent on the wire:
/// never renumber, only append.
enum class errc : std::uint8_t {
  none = 0,
  not_started = 1,      ///< The cache was never started or is stopped; start it.
  already_started = 2,  ///< This actor system runs a cache already; use that one or stop it first.
  invalid_argument = 3, ///< The request makes no sense whatever the data; nothing was changed.
  invalid_config = 4,   ///< An option is unknown, mistyped or out of range; nothing was created.
  type_mismatch = 5,    ///< The data has another type than the operation needs; nothing changed.
  not_found = 6,        ///< No such key; nothing was changed.
  not_initialised = 7,  ///< `structs<T>` was used before `init`.
  key_mismatch = 8,     ///< A struct type was initialised again with another key member.
  overloaded = 9,       ///< A bound was reached; nothing was changed; back off and retry.
  timeout = 10,         ///< No answer within the deadline, and nothing was changed.
  outcome_unknown = 11, ///< No answer within the deadline; it may or may not have happened.
  malformed = 12,       ///< Bytes that are no valid encoding.
  too_large = 13,       ///< Deeper or longer than the format allows.
  io_error = 14,        ///< A file or a socket could not be used.
  not_primary = 15,     ///< Another node is the primary; nothing was applied; retry there.
  quorum_not_reached = 16, ///< Applied here, not at a majority: may survive or vanish.
  internal = 17,           ///< A defect of ours; the message says where.
  unavailable = 18, ///< No primary, or too few members, can be reached; nothing was changed; retry.
};

/// The code as text, e.g. `"not_found"`.
SUPERCACHE_API std::string_view to_string(errc code) noexcept;

/// An error code with a sentence for people, safe to show on a terminal or in a log: controls are
/// escaped as by `printable`, also in names and texts that come from others.
struct SUPERCACHE_API failure {
  errc code = errc::internal;
  std::string message;

  failure() = default;
  failure(errc c, std::string text);
  bool operator==(const failure&) const = default;
};

/// What the plain (not `try_`) form of every operation throws.
class SUPERCACHE_API error : public std::runtime_error {
public:
  explicit error(const failure& why) : std::runtime_error(why.message), code_(why.code) {}
  error(errc code, std::string message) : error(failure{code, std::move(message)}) {}
  errc code() const noexcept { return code_; }

private:
  errc code_;
};

/// Stands for "no value" in `result<unit>`.
struct unit {
  bool operator==(const unit&) const = default;
};

/// A value or a `failure`. Cost: that of the value; no allocation unless a failure has a long text.
template <class T>
class [[nodiscard]] result {
public:
  using value_type = T;

  result(T x) : state_(std::in_place_index<0>, std::move(x)) {}
  result(failure why) : state_(std::in_place_index<1>, std::move(why)) {}
  result(errc code, std::string message)
    : state_(std::in_place_index<1>, failure{code, std::move(message)}) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// @pre ok()
  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  /// @pre !ok()
  const failure& why() const noexcept { return *std::get_if<1>(&state_); }

  /// The value; throws `error` when there is none.
  T value() && {
    if (!ok())
      throw error(why());
    return std::move(**this);
  }
  const T& value() const& {
    if (!ok())
      throw error(why());
    return **this;
  }

private:
  std::variant<T, failure> state_;
};

using status = result<unit>;
inline status ok() { return unit{}; }

} // namespace supercache::inline SUPERCACHE_ABI
