#include "client_link.hpp"

#include <chrono>

namespace supercache::app {

/// The caller's own actor listens: it answers a message when all in it was told.
void client::watch(const interest& what, const std::function<bool(const change*)>& told) {
  constexpr std::chrono::milliseconds look_around{100};
  link& l = *link_;
  const auto id = l.ask<std::uint64_t>(watch_atom_v, what, caf::actor_cast<caf::actor>(l.self));
  bool more = told(nullptr);
  while (more) {
    l.self->receive(
      [&](changes_atom, std::uint64_t watch, const std::vector<change>& xs) {
        for (auto x = xs.begin(); watch == id && more && x != xs.end(); ++x)
          more = told(&*x);
      },
      caf::after(look_around) >> [&] { more = told(nullptr); });
    if (l.lost())
      throw error(errc::not_started, "the connection to " + to_string(l.node) + " was lost");
  }
  l.ask<bool>(unwatch_atom_v, id);
}

} // namespace supercache::app
