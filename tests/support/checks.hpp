#pragma once

#include <supercache/store/result.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>

/// Checks for doctest about failures.
namespace checks {

/// What `f` throws, if it is an `error`.
template <class F>
std::optional<supercache::failure> thrown_by(F&& f) {
  try {
    f();
  } catch (const supercache::error& e) {
    return supercache::failure{e.code(), e.what()};
  }
  return {};
}

} // namespace checks

/// `expression` throws `supercache::error` with this code and exactly this message.
#define CHECK_FAILS_WITH(expression, wanted_code, wanted_message)                                  \
  do {                                                                                             \
    const auto failed_ = checks::thrown_by([&] { (void)(expression); });                           \
    CHECK_MESSAGE(failed_.has_value(), "nothing was thrown by " #expression);                      \
    if (failed_) {                                                                                 \
      CHECK(failed_->code == (wanted_code));                                                       \
      CHECK(failed_->message == (wanted_message));                                                 \
    }                                                                                              \
  } while (false)

/// The result `r` is a failure with this code and exactly this message.
#define CHECK_REFUSED(r, wanted_code, wanted_message)                                              \
  do {                                                                                             \
    const auto& refused_ = (r);                                                                    \
    CHECK_MESSAGE(!refused_.ok(), "accepted: " #r);                                                \
    if (!refused_.ok()) {                                                                          \
      CHECK(refused_.why().code == (wanted_code));                                                 \
      CHECK(refused_.why().message == (wanted_message));                                           \
    }                                                                                              \
  } while (false)
