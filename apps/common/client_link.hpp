#pragma once

#include "client.hpp"

#include <supercache/cache.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <atomic>
#include <optional>

namespace supercache::app {

/// What a `client` owns: its own actor system and the node's actor.
struct client::link {
  struct config : caf::actor_system_config {
    config();
  };

  link(address where, milliseconds wait, stopper enough);
  /// Opens a link that is connected. Throws `error`.
  static std::unique_ptr<link> open(const address& node, milliseconds timeout,
                                    const stopper& given_up, talks_to whom);
  /// Finds whom to talk to.
  status connect(milliseconds longest, talks_to whom);
  /// Whether nobody answers a call about data, or one that is made at the node, any more.
  bool lost() const;
  /// How often a waiting call checks whether it waits in vain.
  static constexpr milliseconds look_around{100};
  /// How a request without an answer may end.
  struct outcome {
    milliseconds longest; ///< how long it waited
    /// What is then unknown, as part of a sentence; null: nothing, as the request changes nothing.
    const char* unknown = "whether it happened is unknown";
    /// How long a call still waits for its answer after the user has interrupted.
    milliseconds grace{1'000};
  };
  [[noreturn]] void fail(const caf::error& why, const outcome& o) const;
  [[noreturn]] void abandon(const std::string& what, const outcome& o) const;

  /// A call begins, about data or about the node. Throws `error` if nobody would answer it.
  void begin_call(bool about_node);
  /// Sends a request; `receive` then waits for the reply of type T.
  template <class T, class... Ts>
  auto send(milliseconds wait, Ts&&... xs) {
    begin_call(false);
    return compat::ask(self, data, caf::timespan{wait}, std::forward<Ts>(xs)...);
  }
  /// The same for a request about the node.
  template <class T, class... Ts>
  auto send_to_node(milliseconds wait, Ts&&... xs) {
    begin_call(true);
    return compat::ask(self, there, caf::timespan{wait}, std::forward<Ts>(xs)...);
  }
  /// Returns when the answer comes, its time is up, the connection breaks, or `given_up` says so.
  template <class T, class Handle>
  T receive(Handle& reply, const outcome& o) {
    std::optional<T> out;
    std::optional<caf::error> why;
    const auto take = [&](milliseconds longest) {
      const auto keep_error = [&](caf::error& e) { why = std::move(e); };
      if constexpr (std::is_same_v<T, caf::unit_t>) // an empty message
        compat::receive_within(
          reply, longest, [&] { out.emplace(); }, keep_error);
      else
        compat::receive_within(
          reply, longest, [&](T& x) { out = std::move(x); }, keep_error);
      return out || why;
    };
    for (milliseconds waited{0}; !take(look_around);) {
      if (lost()) {
        take(milliseconds{0}); // an answer that came before the loss
        break;
      }
      if (given_up && given_up() && (waited += look_around) >= o.grace) {
        abandoned = true; // nobody reads a late answer
        abandon("interrupted", o);
      }
    }
    if (!out)
      fail(why.value_or(caf::error{}), o);
    return *std::move(out);
  }
  /// Sends a request that changes nothing.
  template <class T, class... Ts>
  T look(Ts&&... xs) {
    auto reply = send<T>(timeout, std::forward<Ts>(xs)...);
    return receive<T>(reply, {timeout, nullptr});
  }
  /// The same of the node.
  template <class T, class... Ts>
  T look_at_node(Ts&&... xs) {
    auto reply = send_to_node<T>(timeout, std::forward<Ts>(xs)...);
    return receive<T>(reply, {timeout, nullptr});
  }
  template <class T, class... Ts>
  T ask(Ts&&... xs) {
    auto reply = send<T>(timeout, std::forward<Ts>(xs)...);
    return receive<T>(reply, {timeout});
  }
  template <class T, class... Ts>
  answer ask_ahead(Ts&&... xs) {
    auto reply = send<T>(timeout, std::forward<Ts>(xs)...);
    auto shared = std::make_shared<decltype(reply)>(std::move(reply));
    return [this, shared, wait = timeout] { receive<T>(*shared, {wait}); };
  }

  address node;
  milliseconds timeout;
  stopper given_up;
  config settings;
  caf::actor_system system{settings};
  caf::scoped_actor self{system};
  std::optional<supercache::cache> all; ///< the whole cluster
  cache_actor data;                     ///< for calls about data
  cache_actor there;                    ///< the node
  std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false); ///< that
  bool abandoned = false;
  bool at_node = false; ///< the present call is about the node
};

} // namespace supercache::app
