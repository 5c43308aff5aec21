#pragma once

#include "fixture.hpp"

#include <caf/io/middleman.hpp>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

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

/// One node.
struct member_node {
  node_config cfg;
  caf::actor_system system;
  supercache::cache c;
  explicit member_node(const supercache::options& o)
    : system(cfg), c(supercache::cache::start(system, o)) {}
  ~member_node() { c.stop(); }
  std::string address() const { return c.cluster_stats().node; }
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

/// What is logged while it is there.
class log_lines {
public:
  log_lines() { spdlog::default_logger()->sinks().push_back(sink_); }
  ~log_lines() { std::erase(spdlog::default_logger()->sinks(), sink_); }
  std::string text() const { return sink_->text(); }
  bool has(const std::string& part) const { return text().find(part) != std::string::npos; }

private:
  class sink : public spdlog::sinks::base_sink<std::mutex> {
  public:
    std::string text() {
      const std::lock_guard hold{mutex_};
      return text_;
    }

  private:
    void sink_it_(const spdlog::details::log_msg& m) override {
      text_.append(m.payload.data(), m.payload.size());
      text_ += '\n';
    }
    void flush_() override {}

    std::string text_;
  };
  std::shared_ptr<sink> sink_ = std::make_shared<sink>();
};

/// Nodes a, b, c, … that know each other; ready for use when made.
class cluster {
public:
  explicit cluster(supercache::options o, std::size_t nodes = 3) {
    for (std::size_t i = 0; i < nodes; ++i) {
      o.replication.node.name = std::string(1, static_cast<char>('a' + i));
      o.replication.peers.clear();
      for (const auto& n : nodes_)
        o.replication.peers.push_back(n->address());
      nodes_.push_back(std::make_unique<member_node>(o));
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
