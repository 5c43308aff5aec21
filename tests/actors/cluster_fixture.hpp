#pragma once

#include "fixture.hpp"

#include <caf/io/middleman.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

/// Clusters in one process: each node has an actor system of its own and talks to the others over
/// loopback.
namespace fixture {

struct node_config : config {
  node_config() {
    load<caf::io::middleman>();
    supercache::compat::set_option(
      *this, std::string{supercache::compat::scheduler_threads_option()}, std::size_t{2});
  }
};

/// The lines that the nodes of this process log which are made after it, while it is there.
class log_lines {
public:
  log_lines() {
    std::shared_ptr<supercache::logger> old; // what it has not told is of earlier tests
    {
      const std::lock_guard look{all().lock};
      if (all().there.empty())
        old = std::exchange(all().log, nullptr);
    }
    if (old)
      old->close(std::chrono::seconds{10});
    const std::lock_guard look{all().lock};
    all().there.insert(this);
  }
  ~log_lines() {
    const std::lock_guard hold{all().lock};
    all().there.erase(this);
  }
  log_lines(const log_lines&) = delete;
  log_lines& operator=(const log_lines&) = delete;
  std::string text() const {
    to()->flush(std::chrono::seconds{10});
    const std::lock_guard hold{all().lock};
    return text_;
  }
  bool has(const std::string& part) const { return text().find(part) != std::string::npos; }

  /// For `options::log`.
  static std::shared_ptr<supercache::logger> to() {
    const std::lock_guard hold{all().lock};
    if (!all().log)
      all().log = supercache::log_to([](const supercache::log_line& l) {
        const std::lock_guard told{all().lock};
        for (log_lines* x : all().there)
          x->text_.append(l.text).append("\n");
      });
    return all().log;
  }

private:
  struct everybody {
    std::mutex lock; ///< of all texts, too
    std::set<log_lines*> there;
    std::shared_ptr<supercache::logger> log;
  };
  static everybody& all() {
    static everybody a;
    return a;
  }
  std::string text_;
};

/// What an application has that leaves CAF as it is, but for the number of its threads.
struct plain_config : caf::actor_system_config {
  explicit plain_config(std::size_t threads) {
    load<caf::io::middleman>();
    supercache::add_message_types(*this);
    supercache::compat::set_option(
      *this, std::string{supercache::compat::scheduler_threads_option()}, threads);
  }
};

using config_maker = std::function<std::unique_ptr<caf::actor_system_config>()>;
inline std::unique_ptr<caf::actor_system_config> default_config() {
  return std::make_unique<node_config>();
}

/// One node.
struct member_node {
  std::unique_ptr<caf::actor_system_config> cfg;
  caf::actor_system system;
  supercache::cache c;
  explicit member_node(supercache::options o, const config_maker& configure = default_config)
    : cfg(configure()), system(*cfg), c(start(system, std::move(o))) {}
  ~member_node() { c.stop(); }
  std::string address() const { return c.cluster_stats().node; }

private:
  static supercache::cache start(caf::actor_system& system, supercache::options o) {
    if (!o.log)
      o.log = log_lines::to();
    return supercache::cache::start(system, o);
  }
};

inline supercache::options cluster_options_with(supercache::replication_mode mode,
                                                std::size_t factor = 3) {
  supercache::options o;
  o.cluster = supercache::cluster_mode::distributed;
  o.num_partition = 8;
  o.replication.mode = mode;
  o.replication.replication_factor = factor;
  return o;
}

/// Nodes a, b, c, … that know each other; ready for use when made.
class cluster {
public:
  explicit cluster(supercache::options o, std::size_t nodes = 3,
                   const config_maker& configure = default_config) {
    for (std::size_t i = 0; i < nodes; ++i) {
      o.replication.node.name = std::string(1, static_cast<char>('a' + i));
      o.replication.peers.clear();
      for (const auto& n : nodes_)
        o.replication.peers.push_back(n->address());
      nodes_.push_back(std::make_unique<member_node>(o, configure));
    }
    std::vector<std::string> all;
    for (const auto& n : nodes_)
      all.push_back(n->address());
    for (const auto& n : nodes_)
      n->c.reconfigure(all);
    settle();
  }
  /// Waits until all partitions have all their copies.
  void settle() {
    for (const auto& n : nodes_)
      if (n)
        n->c.full_sync(std::chrono::seconds{60});
  }
  supercache::cache& operator[](std::size_t i) { return nodes_[i]->c; }
  caf::actor_system& system(std::size_t i) { return nodes_[i]->system; }
  std::size_t size() const { return nodes_.size(); }
  void stop(std::size_t i) { nodes_[i].reset(); }

private:
  std::vector<std::unique_ptr<member_node>> nodes_;
};

} // namespace fixture
