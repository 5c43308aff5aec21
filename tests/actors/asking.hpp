#pragma once

#include <supercache/interfaces.hpp>

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <type_traits>

namespace fixture {

/// Asks `a.to` from `a.self`; fails after ten seconds.
template <class R, class Asked, class... Ts>
caf::expected<R> ask(Asked& a, Ts&&... xs) {
  caf::expected<R> out{caf::error{}};
  auto answer
    = supercache::compat::ask(a.self, a.to, std::chrono::seconds{10}, std::forward<Ts>(xs)...);
  const auto failed = [&](caf::error& e) { out = caf::expected<R>{std::move(e)}; };
  if constexpr (std::is_void_v<R>)
    answer.receive([&] { out = caf::expected<R>{caf::unit}; }, failed);
  else
    answer.receive([&](R& x) { out = std::move(x); }, failed);
  return out;
}

} // namespace fixture
