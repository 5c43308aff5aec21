#pragma once

#include "client.hpp"

#include <supercache/compat.hpp>
#include <supercache/interfaces.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <atomic>

namespace supercache::app {

/// What is behind a `client`: an actor system of its own and the node's actor.
struct client::link {
  struct config : caf::actor_system_config {
    config();
  };

  link(address where, milliseconds wait);
  /// One that is connected. Throws `error`.
  static std::unique_ptr<link> open(const address& node, milliseconds timeout);
  /// What a request does there, if it is done.
  enum class effect { nothing, change };
  /// Throws what an answer that is none means to who asked.
  [[noreturn]] void fail(const caf::error& why, effect what) const;

  /// Sends a request; what it answers waits for the reply of type T.
  template <class T, class... Ts>
  auto send(milliseconds wait, Ts&&... xs) {
    if (*lost)
      throw error(errc::not_started, "the connection to " + to_string(node) + " was lost");
    return compat::ask(self, cache, caf::timespan{wait}, std::forward<Ts>(xs)...);
  }
  template <class T, class Handle>
  T receive(Handle& reply, effect what = effect::change) {
    std::optional<T> out;
    caf::error why;
    const auto keep_error = [&](caf::error& e) { why = std::move(e); };
    if constexpr (std::is_same_v<T, caf::unit_t>) // an empty message
      reply.receive([&] { out.emplace(); }, keep_error);
    else
      reply.receive([&](T& x) { out = std::move(x); }, keep_error);
    if (!out)
      fail(why, what);
    return *std::move(out);
  }
  /// Asks for something that changes nothing.
  template <class T, class... Ts>
  T look(Ts&&... xs) {
    auto reply = send<T>(timeout, std::forward<Ts>(xs)...);
    return receive<T>(reply, effect::nothing);
  }
  template <class T, class... Ts>
  T ask(Ts&&... xs) {
    auto reply = send<T>(timeout, std::forward<Ts>(xs)...);
    return receive<T>(reply);
  }
  template <class T, class... Ts>
  answer ask_ahead(Ts&&... xs) {
    auto reply = send<T>(timeout, std::forward<Ts>(xs)...);
    auto shared = std::make_shared<decltype(reply)>(std::move(reply));
    return [this, shared] { receive<T>(*shared); };
  }

  address node;
  milliseconds timeout;
  config settings;
  caf::actor_system system{settings};
  caf::scoped_actor self{system};
  cache_actor cache;
  std::shared_ptr<std::atomic<bool>> lost = std::make_shared<std::atomic<bool>>(false);
};

} // namespace supercache::app
