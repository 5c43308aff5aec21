#pragma once

#include "common/address.hpp"
#include "common/client.hpp"

#include <atomic>
#include <chrono>
#include <memory>

namespace supercache::app {

inline constexpr auto program = "supercachectl";

/// Settings that every command accepts.
struct common_settings {
  address node;
  /// Longer than the node keeps trying, so that the node reports why something failed.
  std::chrono::milliseconds timeout{6000};
  bool json = false;
  bool plain = false; ///< words are strings, whatever they look like
};

/// What successive commands share: the connection.
class session {
public:
  explicit session(common_settings s) : now(std::move(s)) {}
  /// The node; connects when there is no connection, or none to this node. Throws `error`.
  client& node();
  /// Ends what an abandoned command left at its node.
  void let_go();
  /// A value that the user typed, as a word with its mark. Throws `usage_error`.
  value word(const std::string& typed) const;

  common_settings now; ///< of the command that runs
  /// The user has interrupted the command that runs.
  static inline std::atomic<bool> interrupted{false};
  bool in_shell = false; ///< standard input belongs to the shell

private:
  address connected_to_;
  std::unique_ptr<client> client_;
};

} // namespace supercache::app
