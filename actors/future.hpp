#pragma once

#include <supercache/store/result.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace supercache::detail {

/// An answer that is there, or comes later. Copies share it; it is set once.
///
/// Thread: any. Cost: none beyond the answer's if it is there from the start; else one allocation.
template <class T>
class future {
public:
  using value_type = T;
  using handler = std::function<void(result<T>)>;

  future(T x) : here_(std::in_place, std::move(x)) {}
  future(result<T> x) : here_(std::move(x)) {}
  future(failure why) : here_(std::move(why)) {}
  future(errc code, std::string message) : here_(failure{code, std::move(message)}) {}
  /// One that `set` gives its answer.
  static future pending() { return future{std::make_shared<state>()}; }

  /// The answer if it was there from the start, else nullptr.
  const result<T>* here() const noexcept { return here_ ? &*here_ : nullptr; }

  /// The first answer counts; answers whether this was it. @pre made by `pending`
  bool set(result<T> x) const {
    handler f;
    std::function<void(bool)> observer;
    {
      const std::lock_guard hold{state_->lock};
      if (state_->set)
        return false;
      state_->set = true;
      observer = std::move(state_->observer);
      if (!state_->then) {
        if (observer)
          observer(x.ok());
        state_->out.emplace(std::move(x));
        state_->ready.notify_all();
        return true;
      }
      f = std::move(state_->then);
    }
    if (observer)
      observer(x.ok());
    f(std::move(x));
    return true;
  }

  /// Blocks until the answer is there and takes it.
  result<T> wait() && {
    if (here_)
      return *std::move(here_);
    std::unique_lock hold{state_->lock};
    state_->ready.wait(hold, [&] { return state_->out.has_value(); });
    return *std::move(state_->out);
  }

  /// Calls `f` with the answer: now, or on the thread that brings it. Once.
  void then(handler f) && {
    if (here_)
      return f(*std::move(here_));
    {
      const std::lock_guard hold{state_->lock};
      if (!state_->out) {
        state_->then = std::move(f);
        return;
      }
    }
    f(*std::move(state_->out));
  }

  /// Calls `f(whether it is no failure)` when the answer is there, before anybody has it. Once; `f`
  /// is quick and takes no lock.
  void observe(std::function<void(bool)> f) const {
    if (here_)
      return f(here_->ok());
    {
      const std::lock_guard hold{state_->lock};
      if (!state_->set) {
        state_->observer = std::move(f);
        return;
      }
    }
    f(state_->out && state_->out->ok());
  }

  /// What `f(T)`, a `result<U>`, makes of the answer; a failure stays one.
  template <class F>
  auto map(F f) && -> future<typename decltype(f(std::declval<T>()))::value_type> {
    using U = typename decltype(f(std::declval<T>()))::value_type;
    const auto apply
      = [](F& g, result<T> x) -> result<U> { return x ? g(*std::move(x)) : result<U>{x.why()}; };
    if (here_)
      return apply(f, *std::move(here_));
    auto out = future<U>::pending();
    std::move(*this).then(
      [out, f = std::move(f), apply](result<T> x) mutable { out.set(apply(f, std::move(x))); });
    return out;
  }

  /// The answer of `f(T)`, a `future<U>`, which is begun when this answer is there; a failure stays
  /// one.
  template <class F>
  auto and_then(F f) && -> decltype(f(std::declval<T>())) {
    using next = decltype(f(std::declval<T>()));
    using U = typename next::value_type;
    if (here_)
      return *here_ ? f(**std::move(here_)) : next{here_->why()};
    auto out = next::pending();
    std::move(*this).then([out, f = std::move(f)](result<T> x) mutable {
      if (!x)
        out.set(x.why());
      else
        f(*std::move(x)).then([out](result<U> y) { out.set(std::move(y)); });
    });
    return out;
  }

private:
  struct state {
    std::mutex lock;
    std::condition_variable ready;
    bool set = false;
    std::optional<result<T>> out;
    handler then;
    std::function<void(bool)> observer;
  };
  explicit future(std::shared_ptr<state> s) : state_(std::move(s)) {}

  std::optional<result<T>> here_;
  std::shared_ptr<state> state_;
};

/// All answers, in order; or the first failure in that order, once all are there.
template <class T>
future<std::vector<T>> all_of(std::vector<future<T>> parts) {
  struct gathering {
    std::mutex lock;
    std::vector<std::optional<result<T>>> got;
    std::size_t missing;
  };
  const auto merge = [](std::vector<std::optional<result<T>>>& got) -> result<std::vector<T>> {
    std::vector<T> out;
    out.reserve(got.size());
    for (auto& x : got) {
      if (!*x)
        return x->why();
      out.push_back(*std::move(*x));
    }
    return out;
  };
  auto g = std::make_shared<gathering>();
  g->got.resize(parts.size());
  g->missing = 1;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i].here())
      g->got[i].emplace(std::move(parts[i]).wait());
    else
      open.push_back(i);
  if (open.empty())
    return merge(g->got);
  auto out = future<std::vector<T>>::pending();
  g->missing = open.size();
  for (const auto i : open)
    std::move(parts[i]).then([g, i, out, merge](result<T> x) {
      {
        const std::lock_guard hold{g->lock};
        g->got[i].emplace(std::move(x));
        if (--g->missing > 0)
          return;
      }
      out.set(merge(g->got));
    });
  return out;
}

} // namespace supercache::detail
