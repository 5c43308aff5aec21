#pragma once

#include <supercache/store/abi.hpp>

#include <functional>
#include <mutex>
#include <vector>

namespace supercache::detail {

/// Callers that wait until something about the cluster is so, without a thread that waits. Each is
/// looked at with every tick of the node monitor, and whenever something happened that may end it.
///
/// Thread: any.
class vigils {
public:
  /// Answers what is to be done when the wait is over, nothing while it is not. Quick; it does not
  /// call this class.
  using look = std::function<std::function<void()>()>;

  /// It may be over at once.
  void add(look l) {
    {
      const std::lock_guard hold{lock_};
      all_.push_back(std::move(l));
    }
    look_at_all();
  }

  void look_at_all() {
    std::vector<std::function<void()>> over;
    {
      const std::lock_guard hold{lock_};
      std::erase_if(all_, [&](const look& l) {
        auto deed = l();
        if (!deed)
          return false;
        over.push_back(std::move(deed));
        return true;
      });
    }
    for (const auto& deed : over)
      deed();
  }

private:
  std::mutex lock_; ///< comes before the node's own
  std::vector<look> all_;
};

} // namespace supercache::detail
