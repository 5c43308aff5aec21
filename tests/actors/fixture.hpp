#pragma once

#include "support/checks.hpp"

#include <supercache/supercache.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <thread>
#include <vector>

/// What the tests of caches share.
namespace fixture {

/// The actor system of an application: four workers, our message types.
struct config : caf::actor_system_config {
  config() {
    supercache::add_message_types(*this);
    supercache::compat::low_latency_scheduler(*this);
    supercache::compat::set_option(
      *this, std::string{supercache::compat::scheduler_threads_option()}, std::size_t{4});
  }
};

/// A cache in an actor system of its own.
struct running {
  config cfg;
  caf::actor_system system;
  supercache::cache c;

  explicit running(const supercache::options& o = {})
    : system(cfg), c(supercache::cache::start(system, o)) {}
};

inline supercache::options with_type(supercache::table_type t) {
  supercache::options o;
  o.table_type = t;
  return o;
}

/// Runs `f(0)` … `f(n - 1)`, each on a thread of its own, and waits for them.
inline void on_threads(int n, const std::function<void(int)>& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i)
    threads.emplace_back(f, i);
  for (auto& t : threads)
    t.join();
}

/// Whether `f` answers true within five seconds.
inline bool eventually(const std::function<bool()>& f,
                       std::chrono::milliseconds longest = std::chrono::seconds{5}) {
  for (auto i = longest.count(); i > 0;
       --i, std::this_thread::sleep_for(std::chrono::milliseconds{1}))
    if (f())
      return true;
  return false;
}

template <class T>
bool ok(const caf::expected<T>& x) {
  return static_cast<bool>(x);
}
/// The error in an answer, if it is one.
template <class T>
caf::error error_of(const caf::expected<T>& x) {
  return x ? caf::error{} : x.error();
}

template <class T>
supercache::errc code(const caf::expected<T>& x) {
  return supercache::code_of(error_of(x));
}

} // namespace fixture

/// The answer `x`, a caf::expected, is an error with this code and exactly this sentence.
#define CHECK_ERROR(x, wanted_code, wanted_message)                                                \
  do {                                                                                             \
    const caf::error error_ = fixture::error_of(x);                                                \
    CHECK_MESSAGE(static_cast<bool>(error_), "accepted: " #x);                                     \
    CHECK(supercache::code_of(error_) == (wanted_code));                                           \
    CHECK(supercache::message_of(error_) == (wanted_message));                                     \
  } while (false)
