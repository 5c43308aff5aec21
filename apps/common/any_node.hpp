#pragma once

#include "client.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace supercache::app {

/// A cluster, through whichever of its nodes answers: work that takes long goes on at another when
/// one dies. Of a single node it is that node.
///
/// Not thread-safe.
class any_node {
public:
  using milliseconds = std::chrono::milliseconds;

  /// Connects. `timeout`: longest wait for one answer. `check` is called again and again, and ends
  /// what is being done by throwing. Throws `error`.
  any_node(const address& first, milliseconds timeout, std::function<void()> check);

  /// The node that is asked now; connects if need be. Throws `error` when none can be reached.
  client& now();
  /// The one that was asked last, even if it is lost: where answers are still to come from it,
  /// which must not outlive the connection.
  client& same() { return client_ ? *client_ : now(); }
  /// Another one is asked from now on, since this one did not answer.
  void leave();
  /// Whether the error may pass: of a node, or of a cluster that is about to elect somebody.
  static bool passes(errc code) noexcept;

  /// What `f(client&)` answers, tried again at any node for as long as `patience` without success.
  /// It may have been done more than once. Throws what does not pass.
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
  /// To be called with what `ask` would have caught: waits a moment, or throws.
  using clock = std::chrono::steady_clock;
  void again_or_throw(const error& e, clock::time_point begun);
  /// Throws if what is being done is to end.
  void check() const { check_(); }
  /// Waits, as far as `check` lets it.
  void sleep_until(clock::time_point when) const;
  milliseconds timeout() const noexcept { return timeout_; }

private:
  static constexpr milliseconds patience{60'000};
  client::stopper enough() const;
  void learn_members();

  milliseconds timeout_;
  std::function<void()> check_;
  std::vector<address> nodes_;
  std::size_t asked_ = 0; ///< of them
  std::unique_ptr<client> client_;
};

} // namespace supercache::app
