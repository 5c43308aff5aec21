#pragma once

#include "log.hpp"

#include <supercache/compat.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace supercache::detail {

/// An actor of the cache that is replaced when it ends before the cache does: by a defect of ours,
/// or because somebody killed it. What it has promised to others it answers itself when it ends.
///
/// Thread: any.
template <class Handle>
class supervised : public std::enable_shared_from_this<supervised<Handle>> {
public:
  /// `make` makes the actor; also its successor, on the thread on which it ended. `name` is what
  /// the log calls it.
  static std::shared_ptr<supervised> start(std::string name, std::shared_ptr<log_book> log,
                                           std::function<Handle()> make) {
    std::shared_ptr<supervised> out{
      new supervised{std::move(name), std::move(log), std::move(make)}};
    out->begin();
    return out;
  }

  /// Null once it is not wanted any more.
  Handle get() const {
    const std::lock_guard hold{lock_};
    return now_;
  }
  void list(std::vector<std::pair<std::string, caf::actor>>& actors) const {
    if (auto a = get())
      actors.emplace_back(name_, caf::actor_cast<caf::actor>(std::move(a)));
  }
  /// It is not replaced any more; answers the last one, which its owner ends.
  Handle let_go() {
    const std::lock_guard hold{lock_};
    wanted_ = false;
    return std::exchange(now_, Handle{});
  }

private:
  supervised(std::string name, std::shared_ptr<log_book> log, std::function<Handle()> make)
    : name_(std::move(name)), log_(std::move(log)), make_(std::move(make)) {}

  void begin() {
    Handle made;
    {
      const std::lock_guard hold{lock_};
      if (!wanted_)
        return;
      made = now_ = make_();
    }
    if (!made)
      return;
    made->attach_functor([of = this->weak_from_this()](const caf::error& why) {
      if (const auto alive = of.lock())
        alive->ended(why);
    });
  }

  void ended(const caf::error& why) {
    {
      const std::lock_guard hold{lock_};
      if (!wanted_)
        return;
    }
    log_->error(component::cache, "{} ended ({}), and is replaced", name_, compat::reason_of(why));
    begin();
  }

  const std::string name_;
  const std::shared_ptr<log_book> log_;
  const std::function<Handle()> make_;
  mutable std::mutex lock_; ///< of the next two
  bool wanted_ = true;
  Handle now_;
};

} // namespace supercache::detail
