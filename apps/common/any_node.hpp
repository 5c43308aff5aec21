#pragma once

#include "client.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace supercache::app {

/// A cluster, through any of its nodes that answers: long work goes on at another node when one
/// dies. A single node is a cluster of itself.
///
/// Not thread-safe.
class any_node {
public:
  using milliseconds = std::chrono::milliseconds;

  /// Connects. `timeout`: longest wait for one answer. `check` is called again and again, and ends
  /// the work by throwing. Throws `error`.
  any_node(const address& first, milliseconds timeout, std::function<void()> check);

  /// The node that is asked now; connects if necessary. Throws `error` when no node can be reached.
  client& now();
  /// The node that was asked last, even if its connection is lost: for answers that are still to
  /// come from it, which must not outlive the connection.
  client& same() { return client_ ? *client_ : now(); }
  /// From now on asks another node, since this one did not answer.
  void leave();
  /// Whether the error may pass: that of a node, or of a cluster that is about to elect a primary.
  static bool passes(errc code) noexcept;

  /// What `f(client&)` answers. Retries at any node until it has failed for `patience`. `f` may
  /// have taken effect more than once. Throws an error that does not pass.
  template <class F>
  auto ask(F&& f) {
    const auto begun = clock::now();
    for (;;) {
      check_();
      try {
        return f(now());
      } catch (const error& e) {
        again_or_throw(e, begun);
      }
    }
  }
  /// Call it with what `ask` would have caught: waits a moment, or throws.
  using clock = std::chrono::steady_clock;
  void again_or_throw(const error& e, clock::time_point begun);
  /// Throws if the work must end.
  void check() const { check_(); }
  /// Waits, unless `check` throws.
  void sleep_until(clock::time_point when) const;
  milliseconds timeout() const noexcept { return timeout_; }

private:
  static constexpr milliseconds patience{60'000};
  client::stopper enough() const;
  void learn_members();

  milliseconds timeout_;
  std::function<void()> check_;
  std::vector<address> nodes_;
  std::size_t asked_ = 0; ///< an index into `nodes_`
  std::unique_ptr<client> client_;
};

} // namespace supercache::app
