#include "access.hpp"
#include "client/remote.hpp"
#include "distributed/bootstrap.hpp"
#include "distributed/guard.hpp"
#include "distributed/node.hpp"
#include "log.hpp"
#include "messages/dispatcher.hpp"

#include <supercache/kv.hpp>
#include <supercache/queue.hpp>

#include <caf/io/middleman.hpp>

#include <map>
#include <thread>

// Starting and stopping, and what a cache tells about itself.

namespace supercache {

namespace detail {

void core::begin() {
  if (node_)
    node_->start();
  if (remote_)
    remote_->start();
  requests_->open();
}

cache_actor core::node_at(const std::string& address) const {
  return remote_ ? caf::actor_cast<cache_actor>(remote_->nodes().node_at(address)) : cache_actor{};
}

/// From here on no new client reaches the cache.
void core::close_port() {
  auto& middleman = system_.middleman();
  if (node_ && node_->without_network())
    return;                                                          // the actor system ends
  if (std::this_thread::get_id() == middleman.backend().thread_id()) // it would wait for itself
    compat::tell_from_anywhere(middleman.actor_handle(), caf::unpublish_atom_v, front_.address(),
                               port_);
  else
    middleman.unpublish(front_, port_);
}

} // namespace detail

using detail::core;
using detail::to_plain;

// -- life cycle ---------------------------------------------------------------------------------

namespace {

/// The running cache of each actor system.
struct directory {
  std::mutex lock;
  std::map<caf::actor_system*, std::weak_ptr<detail::handle>> running;
};
directory& all() {
  static directory d;
  return d;
}

} // namespace

cache::cache(std::shared_ptr<detail::handle> h) : handle_(std::move(h)), core_(handle_->c.get()) {}

caf::expected<cache> cache::try_start(caf::actor_system& system, const options& o) {
  if (auto s = validate(o); !s)
    return to_caf(s.why());
  directory& d = all();
  const std::lock_guard hold{d.lock};
  auto& slot = d.running[&system];
  if (const auto there = slot.lock(); there && there->c->running())
    return to_caf({errc::already_started, "this actor system already runs a cache"});
  detail::guard_network(system);
  if (auto s = detail::check_cluster(system, o); !s)
    return to_caf(s.why());
  auto c = std::make_shared<core>(system, o);
  for (const auto& sentence : without_effect(o))
    c->log().warn(detail::component::cache, "{}", sentence);
  if (o.debug_log)
    if (auto s = c->log().log_decisions(true); !s)
      return to_caf(s.why());
  c->spawn_actors();
  if (auto s = c->listen(); !s) {
    c->stop();
    return to_caf(s.why());
  }
  c->begin();
  auto h = std::make_shared<detail::handle>(std::move(c));
  slot = h;
  return cache{std::move(h)};
}

cache cache::start(caf::actor_system& system, const options& o) {
  return to_plain(try_start(system, o));
}

caf::expected<cache> cache::try_start(caf::actor_system& system) {
  auto o = options_from(system.config());
  if (!o)
    return to_caf(o.why());
  return try_start(system, *o);
}

cache cache::start(caf::actor_system& system) { return to_plain(try_start(system)); }

namespace {

/// There is no cache that could say so, and no caller to whom it could be answered.
void say_not_started(caf::actor_system& system, const std::string& why) {
  const detail::log_book log{nullptr, system};
  log.error(detail::component::cache, "the cache is not started: {}", why);
}

/// Whether the system's configuration says that the cache starts by itself.
bool starts_by_itself(caf::actor_system& system) {
  const auto o = options_from(system.config());
  if (!o)
    say_not_started(system, o.why().message);
  return o && o->auto_start;
}

} // namespace

std::optional<cache> cache::of(caf::actor_system& system) {
  {
    directory& d = all();
    const std::lock_guard hold{d.lock};
    const auto found = d.running.find(&system);
    if (found != d.running.end()) {
      if (auto h = found->second.lock(); h && h->c->running())
        return cache{std::move(h)};
      d.running.erase(found);
    }
  }
  if (!starts_by_itself(system))
    return {};
  auto made = try_start(system);
  if (made)
    return *std::move(made);
  if (code_of(made.error()) == errc::already_started) // by another thread, meanwhile
    return of(system);
  say_not_started(system, message_of(made.error()));
  return {};
}

bool cache::started() const noexcept { return core_->running(); }
void cache::stop() { core_->stop(); }

// -- other structures, about the cache ----------------------------------------------------------

kv cache::kv(std::string name) const { return supercache::kv{*this, std::move(name)}; }
queue cache::queue(std::string name) const { return supercache::queue{*this, std::move(name)}; }
stack cache::stack(std::string name) const { return supercache::stack{*this, std::move(name)}; }

const cache_actor& cache::actor() const { return core_->front(); }
cache_actor cache::node_at(const std::string& address) const { return core_->node_at(address); }
partition_actor cache::partition(std::size_t index) const {
  static_cast<void>(core_->check_index(index).value());
  return core_->partition(index);
}
caf::expected<cache_stats> cache::try_stats() const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return core_->stats();
}
cache_stats cache::stats() const { return to_plain(try_stats()); }
caf::expected<cluster_stats> cache::try_cluster_stats() const {
  if (auto s = core_->check_running(); !s)
    return to_caf(s.why());
  return core_->others().stats();
}
cluster_stats cache::cluster_stats() const { return to_plain(try_cluster_stats()); }
bool cache::distributed() const noexcept {
  return core_->config().cluster == cluster_mode::distributed;
}
std::size_t cache::partitions() const noexcept { return core_->partitions(); }
std::size_t cache::partition_of(const value& partition) const noexcept {
  return core_->index_of(hash(partition));
}
std::string cache::partition_name(std::size_t index) const { return core_->partition_name(index); }
const options& cache::config() const noexcept { return core_->config(); }
metrics& cache::metrics() const noexcept { return core_->metrics(); }
core& cache::internals() const noexcept { return *core_; }

} // namespace supercache
