#pragma once

#include <supercache/compat.hpp>
#include <supercache/store/result.hpp>

#include <string>

namespace supercache::inline SUPERCACHE_ABI {

/// Our failure as a CAF error: the code, and the sentence as context.
SUPERCACHE_API caf::error to_caf(const failure& why);
inline caf::error make_error(errc code, std::string text) {
  return to_caf({code, std::move(text)});
}
/// The code in a CAF error: `timeout` for CAF's own time-outs, `not_started` for an actor that is
/// gone, `internal` for an error that is none of ours.
SUPERCACHE_API errc code_of(const caf::error& e) noexcept;
/// The sentence in a CAF error of ours, else CAF's text.
SUPERCACHE_API std::string message_of(const caf::error& e);
/// For `actor_system_config::add_error_category`.
SUPERCACHE_API std::string render_error(std::uint8_t code, compat::error_category_type,
                                        const caf::message& context);

template <class T>
caf::expected<T> to_expected(result<T> r) {
  if (r)
    return std::move(*r);
  return to_caf(r.why());
}
inline caf::expected<void> to_expected(status r) {
  if (r)
    return caf::unit;
  return to_caf(r.why());
}

} // namespace supercache::inline SUPERCACHE_ABI
