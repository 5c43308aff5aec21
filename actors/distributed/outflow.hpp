#pragma once

#include <supercache/store/abi.hpp>

#include <caf/io/basp_broker.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace supercache::detail {

/// How much of a process answers may take that their callers do not read.
struct outflow_limits {
  /// Bytes that wait for one connection; while there are more, answers over it are refused.
  std::size_t of_one = 64 << 20;
  /// For all connections together; while there are more, an answer is refused that is larger than
  /// `small`, or that goes over a connection for which more than that waits.
  std::size_t of_all = 512 << 20;
  std::size_t small = 64 << 10;
  /// While there are too many in all: how long a peer may read nothing of what waits for it.
  std::int64_t stall_ms = 5'000;
  /// Refusals that a connection may get before it reads anything.
  std::size_t refusals = 100'000;
};

/// Bounds the memory of answers that nobody reads, however much was asked for: CAF puts all of them
/// into a buffer of the connection. An answer for which there is no room becomes `overloaded`; a
/// caller that reads can ask again. What nodes send each other without being asked has bounds of
/// its own (`link`), and so has what listeners are told (`feed`).
///
/// Cost: some 100 ns for each answer. Thread: CAF's I/O thread.
class outflow {
public:
  using handle = caf::io::connection_handle;
  /// `end` ends a connection, without what waits to be sent over it.
  outflow(caf::io::basp_broker& broker, const outflow_limits& limits,
          std::function<void(handle, const char* why)> end)
    : broker_(broker), limits_(limits), end_(std::move(end)) {}

  /// Gives CAF, by `send`, what is to be sent, or answers in its place that there is no room.
  /// @pre `is_outgoing(content)`
  template <class F>
  caf::match_case::result pass(caf::type_erased_tuple& content, F&& send) {
    const auto to = answered_over(content);
    if (to != caf::io::invalid_connection_handle && refuses(to, content))
      return caf::match_case::match;
    const auto before = to == caf::io::invalid_connection_handle ? 0 : waits_for(to);
    const auto out = send();
    if (to != caf::io::invalid_connection_handle)
      put(to, before);
    return out;
  }

private:
  struct slow {
    std::size_t being_sent = 0, sent = 0;
    std::int64_t since_ms = 0; ///< when something was sent last
    std::size_t refusals = 0;
  };

  handle answered_over(caf::type_erased_tuple& content) const;
  bool refuses(handle connection, caf::type_erased_tuple& content);
  bool admits(handle connection, const caf::message& answer);
  void put(handle connection, std::size_t before);
  bool is_small(const caf::message& answer) const;
  std::size_t waits_for(handle connection) const;
  void look_at_all();
  void end_stalled(std::int64_t now);
  void end(handle connection);

  caf::io::basp_broker& broker_;
  const outflow_limits limits_;
  const std::function<void(handle, const char*)> end_;
  std::size_t sum_ = 0; ///< of what waits; at least
  std::int64_t next_look_ms_ = 0;
  std::map<handle, slow> slow_; ///< for which much waits
};

/// Whether it is what CAF is asked to send: from, stages, to, id, content.
bool is_outgoing(caf::type_erased_tuple& content);

} // namespace supercache::detail
