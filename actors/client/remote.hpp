#pragma once

#include "../log.hpp"
#include "../neighbours.hpp"
#include "../supervised.hpp"
#include "known_nodes.hpp"
#include "relays.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace supercache::detail {

class core;

/// What a client has in place of data: connections to the nodes of a cluster, and the requests to
/// them. A write that was not answered is sent again under its number, to whichever node is the
/// primary then.
///
/// Thread: any. The lock of the requests comes before that of the nodes.
class remote final : public outsider {
public:
  remote(core& c, acquaintance first);
  ~remote() override;

  void start();
  void stop();
  known_nodes& nodes() noexcept { return nodes_; }

  // -- requests -----------------------------------------------------------------------------------
  /// Errors: those of `requests::write`; `overloaded` while too much is under way.
  future<value> write(std::size_t partition, operation what, milliseconds timeout);
  /// Errors: those of `requests::read`; `overloaded` as above.
  future<answer> read(std::size_t partition, query what, const read_options& how, bool hold);
  /// Calls `begin_all`; what it sends to one node goes in one message.
  void together(void (*call)(void*), void* begin_all);

  // -- for the node monitor -----------------------------------------------------------------------
  void reached(const node_address& at, const service_actor& node, const cluster_view& v);
  void failed(const node_address& at, const failure& why);
  /// A node that is connected said where data is.
  void told(const cluster_view& v);
  void tick();

  // As `neighbours` says.
  std::string own_name() const override { return "client"; }
  partition_place place_of(std::size_t partition) override { return nodes_.place_of(partition); }
  supercache::cluster_stats stats() override;
  std::int64_t time_ms(std::size_t) const noexcept override;
  bool reclaim(std::size_t, std::size_t) override { return false; }
  void list(std::vector<std::pair<std::string, caf::actor>>& actors) const override;
  void listen(bool) override {}
  cluster_view look() override;
  void serve(frame::request r, const caf::actor& client) override;
  void serve(frame::question q, const caf::actor& client) override;
  std::optional<future<std::uint64_t>> watch_elsewhere(const interest& what,
                                                       const caf::actor& who) override;
  bool unwatch_elsewhere(std::uint64_t watch) override { return relays_.remove(watch); }

private:
  /// What is to be sent to each node in one message.
  class parcel;

  std::shared_ptr<remote> shared();
  template <class F>
  void step(F&& f);
  // What only a process with a copy has to do:
  void perform(effect::try_write&) {}
  void perform(effect::try_read&) {}
  void perform(effect::wrote&) {}
  void perform(effect::send& e);
  void perform(effect::answer_write& e) { e.done(std::move(e.answer)); }
  void perform(effect::answer_read& e) { e.done(std::move(e.answer)); }
  void perform(effect::retry& e);
  void post(member_id to, byte_buffer bytes, call_id large = 0);
  void receive_safely(member_id from, byte_view bytes) noexcept;
  void receive(member_id from, byte_view bytes);
  void denied(call_id id, const caf::error& why);
  void lost(const member& who);
  void believe(const cluster_view& v);
  bool admit(std::size_t bytes);
  caf::actor make_endpoint(member_id id);

  core& core_;
  const member_id self_;
  acquaintance first_;   ///< until it starts
  const bool clustered_; ///< else there is one node, for which all read modes are the same
  known_nodes nodes_;
  std::atomic<std::size_t> under_way_{0};
  std::mutex requests_lock_;
  requests requests_;
  relays relays_;
  mutable std::mutex actors_lock_;
  std::shared_ptr<supervised<monitor_actor>> monitor_;
  std::atomic<bool> ending_{false};
};

/// Dials nodes and asks them where data is.
monitor_actor::behavior_type client_monitor_behavior(monitor_actor::pointer self,
                                                     std::shared_ptr<remote> of);

} // namespace supercache::detail
