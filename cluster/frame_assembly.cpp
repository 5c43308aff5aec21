#include <supercache/cluster/frame_assembly.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace supercache {

status frame_assembly::check(std::uint64_t left, byte_view piece) const {
  const auto wrong = [](std::string what) -> status {
    return {errc::malformed, "a piece of a frame " + std::move(what)};
  };
  const auto size = piece.size();
  if (left_ > 0 && left != left_)
    return wrong("came when " + std::to_string(left) + " bytes were missing, as it says, but "
                 + std::to_string(left_) + " are");
  if (left > most_)
    return wrong("announces " + std::to_string(left) + " bytes; allowed are "
                 + std::to_string(most_));
  if (size == 0)
    return wrong("is empty");
  if (size > left)
    return wrong("has " + std::to_string(size) + " bytes; " + std::to_string(left)
                 + " were missing");
  if (left_ == 0 && size == left)
    return wrong("is all of it");
  return ok();
}

/// Moves what is here to a larger buffer, if it is too small. If that throws, nothing has changed.
void frame_assembly::make_room(std::uint64_t left, std::size_t more) {
  const auto needed = here_.size() + more;
  if (needed <= here_.capacity())
    return;
  const auto whole = here_.size() + static_cast<std::size_t>(left);
  here_.reserve(std::min(whole, std::max(needed, 2 * here_.size())));
}

result<std::optional<byte_buffer>> frame_assembly::add(std::uint64_t session, std::uint64_t left,
                                                       byte_view piece) {
  if (session != session_)
    forget(session_);
  if (auto s = check(left, piece); !s)
    return s.why();
  make_room(left, piece.size());
  session_ = session;
  here_.insert(here_.end(), piece.begin(), piece.end());
  left_ = left - piece.size();
  if (left_ > 0)
    return std::optional<byte_buffer>{};
  return std::optional{std::exchange(here_, {})};
}

void frame_assembly::forget(std::uint64_t session) noexcept {
  if (session != session_)
    return;
  left_ = 0;
  byte_buffer{}.swap(here_);
}

} // namespace supercache
