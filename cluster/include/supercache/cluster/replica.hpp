#pragma once

#include <supercache/cluster/messages.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/cluster/progress.hpp>
#include <supercache/cluster/sessions.hpp>
#include <supercache/store/partition_store.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace supercache {

/// What a replica is told once. Times are milliseconds of the node's own clock, which only grows.
struct replica_options {
  member self;
  replication_mode mode = replication_mode::async;
  /// Entries a member may lag behind, or wait for a majority, before writes are refused.
  std::size_t pending_max = 10'000;
  /// Bytes of log kept for members that lag; more, and they need a snapshot.
  std::size_t log_bytes_max = std::size_t{1} << 20;
  std::int64_t stagger_ms = 60; ///< between the campaigns of one member and the next
  /// How long a candidate waits for votes; twice as long after each campaign in a row that missed
  /// answers, up to 16 times as long: the round trip to the voters may be long.
  std::int64_t campaign_ms = 200;
  std::int64_t silence_ms = 400; ///< without a report: send again
  std::int64_t news_ms = 100;    ///< how late a member may learn of a commit
  std::int64_t ask_ms = 1'000;   ///< without a message from the primary: ask whether it leads
  /// How long a hand-over may take; twice as long after each time that the successor came late, up
  /// to 8 times as long.
  std::int64_t hand_over_ms = 600;
  std::int64_t hand_over_pause_ms = 2'000; ///< between two attempts
  /// Async: when no member of the group was there for so long, a copy with any of its data leads.
  std::int64_t lost_ms = 5'000;
  /// Async: the same for a copy that has only a part of the data: it would replace all that the
  /// others may have when they can be reached again.
  std::int64_t partial_ms = 30'000;
  /// Sync: how long a member that lost the connection to the primary elects no other; the same as
  /// the time after which a silent node is down.
  std::int64_t loyal_ms = 1'500;
};

/// How much may be sent to a peer now.
struct send_budget {
  std::size_t entries = 256 * 1024; ///< bytes of log entries
  std::size_t pieces = 128 * 1024;  ///< bytes of pieces of data; 0: none
  std::size_t snapshot_bytes = 0;   ///< bytes of pieces that were sent: the last may be large
};

/// A write as its primary did it.
struct proposal {
  position at; ///< the answer holds once this is committed
  value answer;
  failure why{errc::none, {}}; ///< in its place, if the operation found something expired
  bool watched = false;        ///< a push went to a queue that a client waits on
  bool unchanged = false;      ///< nothing was logged: the answer is what a read would have found
};

/// What happened in a replica since it was asked last.
struct replica_news {
  bool role = false;           ///< it leads now, or no longer; or it knows another primary
  bool members = false;        ///< the group changed
  bool readable = false;       ///< its data became complete, or is gone
  std::uint64_t discarded = 0; ///< applied entries that it gave up for those of another epoch
  bool partial = false;        ///< it leads with a part of the data: the rest is lost
  bool bootstrapped = false;   ///< it leads a new group
};

/// One partition's copy on one node: the replicated log, elections, catching up, and changes of the
/// group, for replication modes async and sync. Pure: time and messages come in, messages and news
/// go out; no clock, no thread, no randomness. The owner serialises all calls; the store may be
/// read by others meanwhile.
///
/// The protocol is Raft as in Ongaro's dissertation (2014) with these changes; cluster/README.md
/// argues for them:
///  - An epoch has its owner in it. So in async mode, where a member may promote itself without a
///    majority, two never lead in the same epoch.
///  - Which peers are alive is told from outside (`peer_up`, `peer_lost`, `peer_down`); there are
///    no timers per partition except the stagger of campaigns.
///  - Writes are applied as they are appended, on the primary and on its replicas. So a replica
///    never cuts entries off: where its log differs, it installs a snapshot, and what it gives up
///    is counted.
///  - The group is changed by joint consensus (§4.3), with a casting vote: see `replica_group`.
class replica {
public:
  enum class role : std::uint8_t { follower, candidate, primary };

  replica(replica_options o, partition_store& store);

  // -- writes -----------------------------------------------------------------------------------

  /// Applies and appends a write, as primary. A request that was done before is answered from the
  /// session table. Cost: the operation, two copies of its encoding.
  /// Errors: those of the operation, `not_primary`, `unavailable`, `overloaded`: nothing was
  /// changed; `outcome_unknown` for a request whose answer was given and forgotten.
  result<proposal> propose(const request_id& who, operation what, std::int64_t now);
  /// As primary: makes an entry say that the time is `ms` or later. Answers what has to be
  /// committed until `certain_ms` has reached it. @pre accepts_writes(), ms <= time_ms(now)
  position state_time(std::int64_t ms);

  // -- messages ---------------------------------------------------------------------------------

  void receive(member_id from, message m, std::int64_t now);
  /// Whether there is something to send to a peer; without `pieces`, other than pieces of data.
  bool wants(member_id to, bool pieces = true) const;
  /// Appends what there is to send to a peer, within about the budget, and deducts it from that.
  void collect(member_id to, send_budget& budget, std::int64_t now, std::vector<message>& out);
  /// Peers for which `wants` may have become true since the last call.
  std::vector<member_id> take_addressees();

  // -- what happens around it ---------------------------------------------------------------------

  void peer_up(member_id id, std::int64_t now);
  /// The connection broke: nothing can be sent, but the peer may be alive, and lead.
  void peer_lost(member_id id, std::int64_t now);
  /// The peer is dead, or was silent for `loyal_ms`.
  void peer_down(member_id id, std::int64_t now);
  /// A large message that was collected for a peer is on its way: its report is not late.
  void still_sending(member_id id, std::int64_t now);
  /// Must be called every 20 … 100 ms.
  void tick(std::int64_t now);
  /// The members that the partition should have, the preferred primary first, each in its present
  /// incarnation, or 0 if that is not known. A primary gets there step by step.
  void steer(member_list wanted, std::int64_t now);
  /// Bootstraps the group, if this copy is blank and all voters agree, whether they are initial
  /// members or not. `least`: the new epoch is later than this one.
  void bootstrap(const member_list& initial_members, member_list voters, const epoch& least,
                 std::int64_t now);
  /// The member that last had this copy's vote to bootstrap the group, given while blank; none: id
  /// 0. Unless that incarnation is over, its group may exist.
  const member& bootstrapper() const noexcept { return bootstrapper_; }
  /// A node that is alive said that it leads in this epoch, perhaps another group. This copy
  /// follows an epoch that is later than the latest it knows of. It tells the primary of an earlier
  /// one, which then begins a new epoch.
  void heard_of(const epoch& e, std::int64_t now);
  /// Whether a group is known to exist elsewhere: then this copy agrees to no bootstrap, except by
  /// the member that had its vote already.
  void know_of_group(bool exists) noexcept { group_exists_ = exists; }
  /// Makes this copy the primary of a group of its own, whatever other copies there may be: an
  /// operator's last resort. Errors: `invalid_argument` if it holds no data.
  status force(std::int64_t now);
  replica_news take_news() { return std::exchange(news_, {}); }

  // -- questions --------------------------------------------------------------------------------

  replica::role state() const noexcept { return role_; }
  bool leads() const noexcept { return role_ == role::primary; }
  /// Whether writes would be accepted.
  bool accepts_writes() const noexcept { return leads() && !hand_over_to_ && has_majority(); }
  /// The same. Errors: why not: `not_primary`, `unavailable`.
  status ready_for_writes() const;
  /// Whether the members that can be reached are enough to decide; async: always.
  bool has_majority() const noexcept;
  /// Sync: whether what was read from this copy before is the latest that any client was told, so
  /// that a primary that hung or was cut off does not answer with what was replaced long ago. A
  /// lease (Ongaro, §6.4.1): members that follow this epoch and heard from this node recently do
  /// not elect another yet, and as many as can decide prevent every election.
  /// `heard`: whether a peer has proven that it heard from this node less than `loyal_ms` ago.
  template <class Heard>
  bool has_lease(const Heard& heard, std::int64_t now) const {
    // A member that confirmed entries of this epoch since it was connected follows it.
    const auto holds = [&](const member& m) {
      const auto p = peers_.find(m.id);
      return m.id == options_.self.id
             || (p != peers_.end() && p->second.up && p->second.phase == progress::phases::stream
                 && heard(m.id));
    };
    return accepts_writes() && now >= no_lease_until_ms_ && group_.decides(holds);
  }
  /// The latest epoch this copy knows of, and its primary; 0 = not known.
  const epoch& promised() const noexcept { return promised_; }
  member_id primary() const noexcept { return leads() ? options_.self.id : primary_; }
  log_index commit() const noexcept { return commit_; }
  const entry_log& log() const noexcept { return log_; }
  const member_list& members() const noexcept { return group_.members; }
  bool is_member(member_id id) const noexcept { return find_member(group_.members, id); }
  /// The same, with the members that it replaces, until it is certain that they are not needed.
  const replica_group& group() const noexcept { return group_; }
  /// The entry that made it the group.
  log_index group_index() const noexcept { return group_index_; }
  /// As primary: the copies that it brings up to date so that they can be members.
  member_list coming() const;
  bool changing_members() const noexcept {
    return group_index_ > commit_ || !group_.before.empty();
  }
  /// Whether this copy has no data and never was part of a group.
  bool blank() const noexcept { return log_.last().index == 0 && !installing_; }
  bool installing() const noexcept { return installing_.has_value(); }
  /// Whether it has all data of a member, however old.
  bool readable() const noexcept {
    return !installing_ && !diverged_ && log_.last() >= forgot_
           && (is_member(options_.self.id) || leads());
  }
  /// The cluster's time for this partition: the primary's, as far as is known here; never earlier
  /// than that of an entry that is here.
  std::int64_t time_ms(std::int64_t now) const noexcept {
    return std::max(stamp_ms_, now + offset_ms_);
  }
  std::int64_t offset_ms() const noexcept { return offset_ms_; }
  /// The time of the last entry.
  std::int64_t stamp_ms() const noexcept { return stamp_ms_; }
  /// The time of the last entry that is known to be committed. What has expired by then has expired
  /// for every primary: it may be freed, and clients may be told.
  std::int64_t certain_ms() const noexcept { return certain_ms_; }
  const std::map<member_id, progress>& peers() const noexcept { return peers_; }
  const sessions& requests() const noexcept { return sessions_; }
  const member_list& wanted() const noexcept { return wanted_; }

private:
  struct campaign {
    epoch proposed;
    bool pre = true;
    member_id handed_over = 0;           ///< the primary that asked for it, and has to say so again
    bool heir = false;                   ///< not a member, but perhaps none is left
    member_list initial_members, voters; ///< of the group to bootstrap; the nodes that are asked
    struct vote {
      bool granted = false;
      position last;
    };
    std::map<member_id, vote> votes;
    std::int64_t until = 0;
  };

  // replica.cpp
  result<value> perform(const entry& e, bool* watched);
  position append_own(const entry& e);
  void note_answer(const entry& e, log_index at, const value& answer);
  status room_for_writes() const;
  void promise(const epoch& e, member_id primary);
  void follow(const epoch& e);
  void step_down(std::int64_t now);
  void apply_group(const entry& e, log_index at);
  void trim();
  void send(member_id to, message m);
  void address(member_id to);
  bool is_up(member_id id) const noexcept { return id == options_.self.id || up_.contains(id); }
  bool async() const noexcept { return options_.mode == replication_mode::async; }
  void set_commit(log_index i);
  void change_committed();
  bool new_members_know() const;
  void note_stamp(std::int64_t ms, log_index at);

  // replica_votes.cpp
  void on(member_id from, const vote_request& m, std::int64_t now);
  void on(member_id from, const vote_reply& m, std::int64_t now);
  void on(member_id from, const take_over& m, std::int64_t now);
  void watch_for_primary(std::int64_t now);
  bool may_campaign(std::int64_t now) const;
  bool electable() const;
  bool wins() const;
  bool is_heir() const;
  std::size_t rank() const;
  void begin_campaign(member_id handed_over, std::int64_t now);
  void ask_for_votes(std::int64_t now);
  void ask_for_vote(const member& of);
  std::int64_t patience() const noexcept;
  void count_votes(std::int64_t now);
  bool grants(member_id from, const vote_request& m, std::int64_t now) const;
  std::int64_t loyal_until() const noexcept { return primary_ ? loyal_until_ms_ : 0; }
  bool loyal_to_another(member_id than, std::int64_t now) const;
  void lead(std::int64_t now, entry first);

  // replica_follow.cpp
  void on(member_id from, const append& m, std::int64_t now);
  void on(member_id from, const install_snapshot& m, std::int64_t now);
  void on(member_id from, const retire& m, std::int64_t now);
  bool from_primary(member_id from, const epoch& e);
  bool take_entries(const append& m, progress_report& report);
  bool has_same(const position& p) const;
  void ask(member_id whom, std::int64_t now);
  bool has_all(const install_snapshot& m) const;
  void restart_from(const install_snapshot& m);
  progress_report report_of() const;
  void remember_votes();
  void become_blank();

  // replica_lead.cpp
  void on(member_id from, const progress_report& m, std::int64_t now);
  void on_snapshot_report(progress& p, const progress_report& m);
  void collect_from(progress& p, send_budget& budget, std::int64_t now, std::vector<message>& out);
  void collect_entries(progress& p, send_budget& budget, std::int64_t now,
                       std::vector<message>& out);
  void collect_pieces(progress& p, send_budget& budget, std::int64_t now,
                      std::vector<message>& out);
  bool wants(const progress& p, bool pieces = true) const;
  bool may_send_entries(const progress& p) const;
  bool may_begin_snapshot(const progress& p) const;
  const append& entries_for(progress& p, std::size_t most, std::int64_t now,
                            std::vector<message>& out);
  void send_piece(progress& p, send_budget& budget, std::int64_t now, std::vector<message>& out);
  void begin_snapshot(progress& p);
  void back_to_probe(progress& p);
  void advance_commit();
  bool replicated(log_index i) const;
  void watch_peers(std::int64_t now);

  // replica_group.cpp
  progress& peer(const member& m);
  void move_towards_wanted(std::int64_t now);
  bool stuck() const;
  bool can_decide(const replica_group& g) const;
  void add_steps(replica_group& g) const;
  bool may_go(member_id id) const;
  bool begin_change(std::int64_t now);
  member_list next_members() const;
  bool caught_up(const progress& p) const;
  void drop_former_members();
  void consider_hand_over(std::int64_t now);
  const progress* best_successor() const;

  friend std::vector<std::string> violations(const replica& r);

  replica_options options_;
  partition_store& store_;
  entry_log log_;
  sessions sessions_;
  std::optional<supercache::installation> installing_;
  transfer_id transfer_; ///< the transfer this copy took part in last
  /// Sync: the end of the log that this copy had and gave up. Those entries may be committed
  /// because it had them. So until it has installed a snapshot, it votes as if it still had them.
  position forgot_;

  role role_ = role::follower;
  epoch promised_;        ///< as primary: its own
  epoch voted_;           ///< the last one for which it voted for another
  member_id primary_ = 0; ///< of `promised_`, if known
  log_index commit_ = 0;
  log_index epoch_begin_ = 0;                      ///< as primary: the first entry of its own epoch
  log_index recent_end_ = 0, next_recent_end_ = 0; ///< as primary: the log's end some time ago
  std::int64_t recent_ms_ = 0;                     ///< when they were noted
  bool group_exists_ = false;                      ///< see `know_of_group`
  member bootstrapper_;
  replica_group group_;
  log_index group_index_ = 0; ///< of the entry that made it the group
  std::int64_t stamp_ms_ = 0, certain_ms_ = 0;
  /// Entries with a later time than all before them, not known to be committed; with that time.
  std::deque<std::pair<log_index, std::int64_t>> stamps_;
  std::int64_t offset_ms_ = 0; ///< from the node's own time to the cluster's
  std::int64_t heard_ms_ = 0;  ///< when the primary was heard, or asked, last

  std::uint64_t given_up_ = 0; ///< how often it became blank
  bool diverged_ = false;      ///< its data is not the primary's: it waits for a snapshot

  std::optional<campaign> campaign_;
  unsigned campaigns_lost_ = 0;     ///< in a row, for lack of answers
  std::int64_t leaderless_ms_ = 0;  ///< since when; 0 = not known to be
  std::int64_t loyal_until_ms_ = 0; ///< to `primary_`, to which the connection broke
  member_id former_ = 0;            ///< sync: the primary before, after a vote for its successor
  std::int64_t loyal_to_former_until_ms_ = 0;
  std::uint64_t handed_over_ = 0; ///< the last epoch proposed because the primary asked for it
  std::set<member_id> up_;

  std::map<member_id, progress> peers_; ///< as primary: all other members, and those to come
  std::uint64_t snapshots_begun_ = 0;
  member_list wanted_;
  member_id hand_over_to_ = 0;
  std::int64_t hand_over_until_ = 0, next_hand_over_ms_ = 0, next_news_ms_ = 0;
  unsigned hand_overs_late_ = 0;       ///< how often a successor asked too late: the way is long
  std::int64_t no_lease_until_ms_ = 0; ///< a successor may have been told to take over

  std::map<member_id, std::vector<message>> outbox_;
  std::vector<member_id> addressees_;
  replica_news news_;
};

} // namespace supercache
