#include "control.hpp"

#include "common/reach.hpp"

#include <supercache/compat.hpp>
#include <supercache/error.hpp>
#include <supercache/interfaces.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <atomic>
#include <future>
#include <thread>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

struct control_config : caf::actor_system_config {
  control_config() {
    load<caf::io::middleman>();
    supercache::add_message_types(*this);
    compat::low_latency_scheduler(*this);
    compat::set_option(*this, std::string{compat::scheduler_threads_option()}, std::size_t{1});
    compat::watch_connections(*this, 1s, 10s);
  }
};

} // namespace

struct control::link {
  control_config config;
  caf::actor_system system{config};
  cache_actor cache;
  std::shared_ptr<std::atomic<bool>> lost = std::make_shared<std::atomic<bool>>(false);
};

control::control(address node) : node_(std::move(node)) {}

namespace {

/// Ends the object on its own thread: it waits for its connection to end.
template <class T>
void put_aside(std::shared_ptr<T>& x) {
  if (x)
    std::thread{[y = std::move(x)]() mutable { y.reset(); }}.detach();
  x = nullptr;
}

} // namespace

control::~control() { put_aside(link_); }

value control::ask(const std::string& what, const value& argument, milliseconds wait) {
  if (link_ && *link_->lost)
    put_aside(link_);
  if (!link_) {
    reach(node_, wait).value();
    auto fresh = std::make_shared<link>();
    auto promised = std::make_shared<std::promise<bool>>();
    auto found = promised->get_future();
    std::thread{[fresh, promised, to = node_] {
      if (auto x = fresh->system.middleman().remote_actor<cache_actor>(to.host, to.port))
        fresh->cache = *std::move(x);
      promised->set_value(static_cast<bool>(fresh->cache));
    }}.detach();
    if (found.wait_for(wait) != std::future_status::ready || !found.get()) {
      put_aside(fresh);
      throw error(errc::timeout, "no answer from " + to_string(node_));
    }
    fresh->cache->attach_functor([flag = fresh->lost](const caf::error&) { *flag = true; });
    link_ = std::move(fresh);
  }
  caf::scoped_actor self{link_->system};
  value out;
  caf::error why;
  compat::ask(self, link_->cache, caf::timespan{wait}, admin_atom_v, what, argument)
    .receive([&](value& x) { out = std::move(x); }, [&](caf::error& e) { why = std::move(e); });
  if (!why)
    return out;
  if (!compat::is_ours(why))
    put_aside(link_);
  throw error(code_of(why), message_of(why));
}

} // namespace supercache::app
