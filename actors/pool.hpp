#pragma once

#include <supercache/compat.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace supercache::detail {

/// Threads of a cache, on which its own actors run, and what takes long: so nothing that a cache
/// does needs a thread of the application's scheduler, and the other way round.
///
/// An actor that is made by `spawn` is an actor of CAF's in every respect, but it is resumed by a
/// thread of the pool. Work that waits for other nodes does not belong here, as all threads might
/// wait; nor does work of more than some milliseconds in one piece.
///
/// Thread: any.
class pool : public std::enable_shared_from_this<pool> {
public:
  /// `name` is what the operating system calls the threads, at most 15 characters.
  static std::shared_ptr<pool> start(caf::actor_system& system, std::size_t threads,
                                     std::string name);
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Runs work on one of the threads. Exceptions of it end the process.
  void run(std::function<void()> work);
  /// Makes an actor that runs here: `make(self)` answers its behaviour. Hidden, so that an actor
  /// system that ends does not wait for it.
  template <class Handle, class F>
  Handle spawn(F make);
  /// Ends the threads when nothing is left to do, and waits for that, unless a thread of the pool
  /// calls it. What comes later runs on the application's scheduler. To be called once.
  void close();

private:
  pool(caf::actor_system& system, std::string name);
  /// What CAF asks to resume an actor.
  struct unit final : caf::execution_unit {
    unit(caf::actor_system& system, pool& p) : caf::execution_unit(&system), of(p) {}
    void exec_later(caf::resumable* job) override;
    pool& of;
  };
  /// Marks actors of a pool.
  struct hosted_mark {
    virtual ~hosted_mark() = default;
  };
  template <class Handle, class F>
  class hosted;
  using job = std::variant<caf::resumable*, std::function<void()>>;

  void resume_later(caf::resumable* actor);
  bool add(job j);
  void work();

  caf::actor_system& system_;
  const std::string name_;
  unit entrance_;   ///< for messages from outside
  std::mutex lock_; ///< of the next two
  std::condition_variable something_;
  std::deque<job> jobs_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

template <class Handle, class F>
class pool::hosted final : public Handle::base, public hosted_mark {
public:
  using base = typename Handle::base;
  using behavior_type = typename base::behavior_type;

  hosted(caf::actor_config& cfg, std::shared_ptr<pool> at, F make)
    : base(cfg), at_(std::move(at)), make_(std::move(make)) {}

  using base::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    base::enqueue(std::move(what), &at_->entrance_);
  }

protected:
  behavior_type make_behavior() override { return make_(this); }

private:
  const std::shared_ptr<pool> at_; ///< which has to be there as long as a message may come
  F make_;
};

template <class Handle, class F>
Handle pool::spawn(F make) {
  caf::actor_config cfg{&entrance_};
  return system_.spawn_class<hosted<Handle, F>, caf::hidden>(cfg, shared_from_this(),
                                                             std::move(make));
}

} // namespace supercache::detail
