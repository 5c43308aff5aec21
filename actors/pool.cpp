#include "pool.hpp"

#include <pthread.h>
#include <utility>

namespace supercache::detail {

namespace {
/// Messages that an actor takes before others have their turn.
constexpr std::size_t messages_in_a_row = 50;
} // namespace

pool::pool(caf::actor_system& system, std::string name)
  : system_(system), name_(std::move(name)), entrance_(system, *this) {}

std::shared_ptr<pool> pool::start(caf::actor_system& system, std::size_t threads,
                                  std::string name) {
  std::shared_ptr<pool> out{new pool{system, std::move(name)}};
  for (std::size_t i = 0; i < threads; ++i)
    out->threads_.emplace_back([out] { out->work(); }); // which is there as long as they are
  return out;
}

void pool::close() {
  {
    const std::lock_guard hold{lock_};
    closed_ = true;
  }
  something_.notify_all();
  for (auto& t : std::exchange(threads_, {}))
    if (t.get_id() == std::this_thread::get_id())
      t.detach();
    else
      t.join();
}

bool pool::add(job j) {
  {
    const std::lock_guard hold{lock_};
    if (closed_)
      return false;
    jobs_.push_back(std::move(j));
  }
  something_.notify_one();
  return true;
}

void pool::run(std::function<void()> work) {
  if (!add(work))
    work();
}

void pool::resume_later(caf::resumable* actor) {
  if (!add(actor))
    system_.scheduler().enqueue(actor);
}

/// Actors of ours, and those of the application that ours send messages to.
void pool::unit::exec_later(caf::resumable* job) {
  if (dynamic_cast<hosted_mark*>(job))
    of.resume_later(job);
  else
    system().scheduler().enqueue(job);
}

void pool::work() {
  pthread_setname_np(pthread_self(), name_.c_str());
  unit here{system_, *this};
  for (;;) {
    job next;
    {
      std::unique_lock hold{lock_};
      something_.wait(hold, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty())
        return;
      next = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (auto* task = std::get_if<std::function<void()>>(&next)) {
      (*task)();
      continue;
    }
    auto* actor = std::get<caf::resumable*>(next);
    switch (actor->resume(&here, messages_in_a_row)) {
      case caf::resumable::resume_later: resume_later(actor); break;
      default: actor->intrusive_ptr_release_impl(); break;
    }
  }
}

} // namespace supercache::detail
