#pragma once

#include "../log.hpp"
#include "../neighbours.hpp"
#include "../supervised.hpp"
#include "host.hpp"
#include "link.hpp"
#include "placement_log.hpp"
#include "router.hpp"
#include "vigils.hpp"

#include <supercache/cluster/handshake.hpp>
#include <supercache/interfaces.hpp>
#include <supercache/options.hpp>
#include <supercache/stats.hpp>

#include <caf/actor_system.hpp>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace supercache::detail {

class core;

/// What a cache of a cluster has besides its stores: the other nodes, the copies of partitions, the
/// links.
///
/// Thread: any. Locks, in the order in which they may be taken together: a link's meeting, a
/// host's, the view's, a link's. The router's comes before the view's, and never with a host's.
class node final : public contacts, public surroundings, public neighbours {
public:
  node(core& c, node_address here);
  ~node() override;

  /// Keeps the cache as long as it lives.
  std::shared_ptr<node> shared();
  /// Makes the actors and begins to look for others.
  void start();
  /// Ends all that waits and all actors. The second half of stopping.
  void stop();
  /// Hands its partitions over; answers when others have them, or the deadline passes. Errors:
  /// `timeout` naming what is left; `unavailable`, and it stays, if no other node stays or for some
  /// seconds none can be reached.
  future<unit> leave(milliseconds longest) override;

  /// The nodes to have from now on, each `name@host:port`. Errors: see `cache::reconfigure`.
  status reconfigure(const std::vector<std::string>& nodes) override;
  /// Why there has been no list of nodes yet: until there is one, this node takes part in nothing.
  /// Empty once there was.
  std::string waits_for() const;
  void waits_for(const std::string& why);
  /// Why no node can be asked for a partition.
  failure no_primary(std::size_t partition) const override;
  /// Answers when `check_settled` has no more to say, or the deadline passes.
  future<std::size_t> sync(milliseconds longest) override;

  const member& self() const noexcept { return self_; }
  const node_address& here() const noexcept { return here_; }
  bool async() const noexcept { return async_; }
  core& cache() const noexcept { return core_; }
  const log_book& log() const noexcept { return log_; }
  /// The node's own clock: see `system_ms`.
  std::int64_t now_ms() const noexcept;
  host& host_of(std::size_t partition) noexcept { return *hosts_[partition]; }
  std::size_t partitions() const noexcept { return hosts_.size(); }
  supercache::detail::router& router() noexcept { return router_; }

  // -- the view -----------------------------------------------------------------------------------
  /// The link to an incarnation of a node, if it can be reached.
  link* link_of(member_id incarnation) const;
  /// Whether an incarnation of a node, if it can be reached, has heard from this one since then.
  bool heard_us(member_id incarnation, std::int64_t since_ms) const override;
  /// Where a partition's primary is: an incarnation that can be reached, this node's own, or 0.
  /// Cost: a load.
  member_id route(std::size_t partition) const noexcept {
    return routes_[partition].load(std::memory_order_acquire);
  }
  // As `surroundings` says.
  bool leads(std::size_t partition) const override { return hosts_[partition]->leads(); }
  bool serves(std::size_t partition) const override { return hosts_[partition]->serves(); }
  bool lags(std::size_t partition) const override { return hosts_[partition]->behind(); }
  member_id primary_of(std::size_t partition) const override { return route(partition); }
  member_list members_of(std::size_t partition) const override;
  bool reaches(member_id incarnation) const override { return link_of(incarnation) != nullptr; }
  std::int64_t round_trip_ms(member_id incarnation) const override;
  std::string name_of(member_id incarnation) const override;
  template <class F>
  auto view(F&& f) {
    const std::lock_guard hold{view_lock_};
    return f(membership_);
  }
  template <class F>
  auto view(F&& f) const {
    const std::lock_guard hold{view_lock_};
    return f(membership_);
  }
  void announce(const claim& c);
  void discarded(std::size_t partition, std::uint64_t entries);
  void soon();
  void flush_all();
  bool has_work();
  /// Of the flusher: there is nothing to do.
  void flusher_sleeps();
  /// The actor that takes the frames of a peer.
  caf::actor endpoint_of(link& l);
  /// Counts and measures writes that are replicated.
  void replicated(std::chrono::nanoseconds latency, bool done) const;
  void replicating() const;

  // -- what peers say -----------------------------------------------------------------------------
  result<std::pair<byte_buffer, caf::actor>> welcome(byte_view theirs,
                                                     const caf::actor& endpoint) override;
  /// A peer that we dialled answered.
  status dialled(link& l, const hello& from, const caf::actor& endpoint, std::uint64_t session);
  void receive(link& l, byte_view bytes);
  void receive_safely(link& l, byte_view bytes) noexcept;
  /// `dead`: the peer is known to lead no more; otherwise it may lead, and the monitor looks
  /// whether it is dead.
  void lost(link& l, std::uint64_t session, const char* why, bool dead);
  /// An incarnation to which the connection broke is over.
  void known_dead(const link& l, member_id incarnation);
  hello own_hello() const;
  /// Whether no node was refused for this reason yet. A refused node tries again and again, and a
  /// reason that many have is told once.
  bool is_news(const std::string& who, const failure& why);
  /// Logs that a node is refused, if that is news.
  void refuse(const std::string& who, const failure& why);

  // -- for the node monitor -----------------------------------------------------------------------
  void tick();
  /// It begins, on this thread.
  void monitor_begins() { monitor_thread_ = std::this_thread::get_id(); }
  /// It has nothing to do with this node any more.
  void monitor_ended() { monitor_over_.set_value(); }
  /// The actor system ends, and nobody has stopped the cache.
  void network_ended() { without_network_ = true; }
  bool without_network() const noexcept { return without_network_; }
  /// Has the monitor find out whether a node to which the connection broke is dead.
  void ask_whether_dead(const std::string& name);
  /// The peers to have, as its source says.
  void declare(const std::vector<node_address>& peers);
  std::vector<link*> links();
  link& link_to(const std::string& name);

  // -- clients ------------------------------------------------------------------------------------
  // As `neighbours` says.
  cluster_view look() override;
  void serve(frame::request r, const caf::actor& client) override;
  void serve(frame::question q, const caf::actor& client) override;

  // -- what is watched ----------------------------------------------------------------------------
  // As `neighbours` says.
  void listen(bool on) override;
  future<unit> spread_interests() override;
  void send_interests() override { tell_interests(); }
  bool tell_changes(const std::string& name, std::vector<transition> what) override;

  // -- for people ---------------------------------------------------------------------------------
  std::string own_name() const override { return self_.node; }
  std::int64_t time_ms(std::size_t partition) const noexcept override {
    return hosts_[partition]->time_ms();
  }
  bool reclaim(std::size_t, std::size_t) override { return false; } // `tick_partition` does
  supercache::cluster_stats stats() override;
  void list(std::vector<std::pair<std::string, caf::actor>>& actors) const override;
  result<value> members() override;
  result<value> placement() override;
  partition_place place_of(std::size_t partition) override;
  status force_primary(std::size_t partition) override;
  /// How many copies every partition has, if each has a primary and all that it should have: fewer
  /// than were asked for, if fewer nodes belong to the cluster. Errors: `timeout` naming what is
  /// missing.
  result<std::size_t> check_settled();

private:
  friend class batch;
  bool is_settled(const membership& m, std::size_t partition) const;
  bool is_writable(const membership& m, std::size_t partition) const;
  void tell_placement(const member_list& live, std::int64_t now);
  bool all_settled(const membership& m) const;
  std::string why_not_settled();
  struct inbox;
  result<std::pair<hello, caf::actor>> welcome(const hello& from, const caf::actor& endpoint);
  /// Answers the version that the others should know.
  std::uint64_t tell_interests();
  status check_hello_of(const hello& from);
  status check_peer(link& l, const hello& from);
  bool ours_stands(link& l, const hello& from);
  void met_anew(link& l, const hello& from);
  void part(link& l, std::uint64_t session, const char* why, bool dead);
  void watch_endpoint(link& l, const caf::actor& endpoint, std::uint64_t session);
  bool declares_whoever_comes() const;
  frame::known_nodes known_nodes();
  void hear_of(const std::vector<node_address>& nodes);
  void add_declared(membership& m, const std::string& name);
  void tick_partition(std::size_t i, std::int64_t now);
  /// The members to which the copies gave their votes to bootstrap a group.
  member_list bootstrappers() const;
  frame::heartbeat heartbeat();
  frame::all_claims claims();
  void tell_who_is_gone();
  void beat(std::int64_t now);
  void publish_routes();
  void publish_route(std::size_t partition);
  flusher_actor make_flusher();
  void end_with_network();
  void await_monitor(const caf::actor_addr& who) const;
  template <class... Ts>
  void tell_monitor(Ts&&... xs);
  void watch_opened(link& l);
  void watch_closed(link& l);
  void on_watching(link& from, frame::watching& x);
  void on_watched(link& from, const frame::watched& x);
  void open_link(link& l, const hello& from, const caf::actor& endpoint, std::uint64_t session,
                 bool dialled);

  core& core_;
  const log_book& log_;
  caf::actor_system& system_;
  node_address here_;
  member self_;
  bool async_;
  std::vector<std::unique_ptr<host>> hosts_;
  std::unique_ptr<std::atomic<member_id>[]> routes_;
  mutable std::mutex view_lock_;
  membership membership_;
  std::string no_list_; ///< why there has been none yet; under the view's lock
  mutable std::shared_mutex links_lock_;
  std::map<std::string, std::unique_ptr<link>> links_; ///< only ever grows
  std::atomic<std::int64_t> next_beat_ms_{0};
  std::int64_t next_lazy_retry_ms_ = 0; ///< of the node monitor's thread, as the next five
  placement_log placement_log_;
  std::int64_t next_placement_ms_ = 0;
  std::vector<member_id> seen_routes_; ///< when it was told last
  member_list seen_live_;
  std::uint64_t told_gone_ = 0;
  std::atomic<std::uint64_t> discarded_{0};
  std::mutex refused_lock_;
  std::map<std::string, std::string> refused_; ///< why nodes were refused, and which
  std::atomic<bool> ending_{false};
  supercache::detail::router router_;
  vigils waits_;                                    ///< its lock comes before all others
  std::mutex watch_lock_;                           ///< of the next two
  std::uint64_t watch_version_ = 0;                 ///< of what listeners here watch
  std::map<std::string, std::uint64_t> watch_told_; ///< what a peer knows, in this session
  mutable std::mutex actors_lock_;
  std::atomic<bool> flushing_{false};
  std::shared_ptr<supervised<flusher_actor>> flusher_;
  std::shared_ptr<supervised<monitor_actor>> monitor_;
  std::promise<void> monitor_over_;
  const std::shared_future<void> monitor_is_over_{monitor_over_.get_future()};
  std::atomic<std::thread::id> monitor_thread_;
  std::atomic<bool> without_network_{false};
};

monitor_actor::behavior_type monitor_behavior(monitor_actor::pointer self,
                                              std::shared_ptr<node> of);
flusher_actor::behavior_type flusher_behavior(flusher_actor::pointer self,
                                              std::shared_ptr<node> of);

} // namespace supercache::detail
