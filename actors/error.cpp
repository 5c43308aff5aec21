#include <supercache/error.hpp>

#include <caf/sec.hpp>
#include <caf/to_string.hpp>

namespace supercache::inline SUPERCACHE_ABI {

caf::error to_caf(const failure& why) {
  return compat::make_error(static_cast<std::uint8_t>(why.code), why.message);
}

errc code_of(const caf::error& e) noexcept {
  if (!e)
    return errc::none;
  if (compat::is_ours(e))
    return static_cast<errc>(e.code());
  if (e == caf::sec::request_timeout)
    return errc::outcome_unknown;
  if (e == caf::sec::request_receiver_down)
    return errc::not_started;
  return errc::internal;
}

std::string message_of(const caf::error& e) {
  if (compat::is_ours(e))
    return compat::message_of(e);
  if (e == caf::sec::request_timeout)
    return "no answer in time; whether it happened is unknown";
  if (e == caf::sec::request_receiver_down)
    return "the cache is stopped";
  return caf::to_string(e);
}

std::string render_error(std::uint8_t code, compat::error_category_type,
                         const caf::message& context) {
  std::string text{to_string(static_cast<errc>(code))};
  if (const auto sentence = compat::sentence_in(context); !sentence.empty())
    text += ": " + sentence;
  return text;
}

} // namespace supercache::inline SUPERCACHE_ABI
