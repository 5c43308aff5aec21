#pragma once

#include <supercache/store/abi.hpp>

#include <vector>

namespace supercache::detail {

class link;
class node;

/// While a batch is alive on a thread, what is to be sent to peers gathers; when the outermost
/// batch ends, each link sends what it has in as few frames as possible.
class batch {
public:
  explicit batch(node& n) noexcept : node_(n), outer_(current_) {
    if (!outer_)
      current_ = this;
  }
  ~batch() {
    if (!outer_)
      end();
  }
  batch(const batch&) = delete;
  batch& operator=(const batch&) = delete;

  /// The thread's outermost one. @pre there is one
  static batch& current() noexcept { return *current_; }
  /// The link has something that should leave at once: an answer, which others wait for.
  void urgent(link& l) { note(l, true); }
  /// The link has something that should leave soon: at once, unless the peer has not answered what
  /// was sent before; then with all else that gathers until it does.
  void prompt(link& l) { note(l, false); }
  /// The link has something that may wait for a millisecond.
  void soon() noexcept { soon_ = true; }

private:
  struct waiting {
    link* to;
    bool urgent;
  };
  void note(link& l, bool urgent);
  void end();

  static thread_local batch* current_;
  node& node_;
  batch* outer_;
  bool soon_ = false;
  std::vector<waiting> links_;
};

} // namespace supercache::detail
