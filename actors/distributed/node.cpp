#include "node.hpp"

#include "../core.hpp"
#include "dial.hpp"

#include <supercache/store/amount.hpp>

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <algorithm>
#include <utility>

namespace supercache::detail {

namespace {

/// Between two looks for what buffers of lazy_put could not write.
constexpr std::int64_t lazy_retry_ms = 500;
/// Within this time every node that has lost another dials it again: the longest pause, courtesy,
/// and a second for the connection.
constexpr std::int64_t others_come_ms = 5'000;
/// Expired records that are freed in one step of a partition, and steps one after the other.
constexpr std::size_t reclaim_budget = 200;
constexpr int reclaim_steps = 10;

membership_options membership_options_of(const options& o, const member& self) {
  membership_options m;
  m.self = self;
  m.partitions = *o.num_partition;
  m.factor = o.replication.replication_factor;
  m.mode = o.replication.mode;
  if (o.replication.node_monitor.source == monitor_source::all) {
    // The first node of a cluster may know of no other, and must not bootstrap it again when it
    // comes back.
    m.open = true;
    m.bootstrap_ms = others_come_ms;
  }
  if (o.replication.node_monitor.source == monitor_source::provider)
    // The provider may have begun to count with this node: it is asked at least once more.
    m.alone_ms = others_come_ms + std::min(o.replication.node_monitor.refresh.count(), 5'000L);
  return m;
}

partition_options partition_options_of(const options& o, const member& self) {
  partition_options p;
  p.replica.self = self;
  p.replica.mode = o.replication.mode;
  p.replica.pending_max = o.replication.wal.max_pending;
  p.replica.loyal_ms = p.down_ms = o.replication.node_monitor.down.count();
  p.lease_ms = o.replication.node_monitor.suspect().count();
  p.majority_ms = o.replication.wal.majority_timeout.count();
  return p;
}

} // namespace

node::node(core& c, node_address here)
  : core_(c),
    log_(c.log()),
    system_(c.system()),
    here_(std::move(here)),
    self_{here_.name, new_member_id()},
    async_(c.config().replication.mode == replication_mode::async),
    routes_(std::make_unique<std::atomic<member_id>[]>(c.partitions())),
    membership_(membership_options_of(c.config(), self_), system_ms()),
    no_list_("it has not been read yet"),
    router_(*this) {
  const auto o = partition_options_of(c.config(), self_);
  for (std::size_t i = 0; i < c.partitions(); ++i)
    hosts_.push_back(std::make_unique<host>(*this, i, c.at(i), o));
}

node::~node() = default;

std::int64_t node::now_ms() const noexcept { return system_ms(); }

// -- time ---------------------------------------------------------------------------------------

void node::tick() {
  if (ending_)
    return;
  const auto now = now_ms();
  const auto down_ms = core_.config().replication.node_monitor.down.count();
  for (link* l : links()) {
    const auto session = l->session(); // first: one that opens now counts as heard
    if (l->up() && now - l->heard_ms() > down_ms)
      lost(*l, session, "it was silent for too long", true);
  }
  const auto live = view([&](membership& m) {
    m.tick(now);
    if (declares_whoever_comes())
      m.forget_left();
    publish_routes();
    return m.live();
  });
  core_.nodes().now_live(live);
  tell_placement(live, now);
  beat(now);
  const batch gather{*this};
  tell_who_is_gone();
  for (link* l : links())
    for (const std::size_t i : l->partitions_under_way(now))
      if (host& h = *hosts_[i]; h.is_free())
        h.step([&](replica& core) { core.still_sending(l->incarnation(), now); });
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    tick_partition(i, now);
  router_.tick();
  waits_.look_at_all();
  flush_all();
  if (now >= next_lazy_retry_ms_) {
    next_lazy_retry_ms_ = now + lazy_retry_ms;
    core_.retry_lazy();
  }
}

/// Tells the log which nodes lead what, if that may have changed.
void node::tell_placement(const member_list& live, std::int64_t now) {
  bool changed = live != seen_live_;
  seen_routes_.resize(hosts_.size());
  for (std::size_t i = 0; i < seen_routes_.size(); ++i)
    if (const auto now_is = route(i); std::exchange(seen_routes_[i], now_is) != now_is)
      changed = true;
  if (!changed && (placement_log_.rests() || now < next_placement_ms_))
    return;
  constexpr std::int64_t pause_ms = 100; // while it waits for something
  next_placement_ms_ = now + pause_ms;
  seen_live_ = live;
  const auto lines = view([&](const membership& m) {
    std::vector<placement_log::seen> seen(hosts_.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const leadership& l = m.leader_of(i);
      seen[i] = {l.current && m.is_live(l.primary) ? &l.primary : nullptr, is_writable(m, i)};
    }
    return placement_log_.look(seen, now);
  });
  for (const auto& line : lines)
    if (line.warning)
      log().warn(component::partitions, "{}", line.text);
    else
      log().info(component::partitions, "{}", line.text);
}

frame::heartbeat node::heartbeat() {
  return view([](const membership& m) { return frame::heartbeat{m.own_version(), m.leaving()}; });
}

frame::all_claims node::claims() {
  return view([](const membership& m) {
    return frame::all_claims{m.own_version(), m.own_claims(), m.gone()};
  });
}

/// A node that missed a goodbye, since the connection was broken, has to hear of it from others.
void node::tell_who_is_gone() {
  const auto version = view([](const membership& m) { return m.gone_version(); });
  if (std::exchange(told_gone_, version) == version)
    return;
  const auto all = claims();
  for (link* l : links())
    if (l->send(all))
      batch::current().prompt(*l);
}

void node::beat(std::int64_t now) {
  if (now < next_beat_ms_)
    return;
  next_beat_ms_ = now + core_.config().replication.node_monitor.heartbeat.count();
  const auto sign = heartbeat();
  const bool tells = declares_whoever_comes();
  const auto others = tells ? known_nodes() : frame::known_nodes{};
  for (link* l : links())
    if (l->up()) {
      l->send_now(sign);
      if (tells)
        l->send_now(others);
    }
}

void node::tick_partition(std::size_t i, std::int64_t now) {
  host& h = *hosts_[i];
  if (!h.is_free())
    return; // the next tick is soon
  h.step([&](replica& core) {
    view([&](membership& m) {
      if (h.steered_ != m.version()) {
        h.steered_ = m.version();
        if (log().decides())
          log().decision(component::partitions, "partition {}: should be with {}", i,
                         to_string(m.wanted(i)));
        core.steer(m.wanted(i), now);
      }
      const leadership& l = m.leader_of(i);
      if (l.current && l.primary != self_)
        core.heard_of(l.epoch, now);
      core.know_of_group(m.group_exists(i, core.bootstrapper(), now));
      if (auto initial_members = m.to_bootstrap(i, core.bootstrapper(), now);
          initial_members && core.blank())
        core.bootstrap(*initial_members, m.live(), l.epoch, now);
    });
    core.tick(now);
    h.announce();
  });
  bool more = true;
  for (int left = reclaim_steps; more && left > 0; --left)
    h.step([&](replica& core) {
      more = h.store_.reclaim_expired(core.certain_ms(), reclaim_budget) == reclaim_budget;
    });
}

// -- the view -----------------------------------------------------------------------------------

std::vector<link*> node::links() {
  const std::shared_lock hold{links_lock_};
  std::vector<link*> out;
  for (const auto& [name, l] : links_)
    out.push_back(l.get());
  return out;
}

link& node::link_to(const std::string& name) {
  const std::unique_lock hold{links_lock_};
  auto& l = links_[name];
  if (!l)
    l = std::make_unique<link>(*this, name, hosts_.size());
  return *l;
}

link* node::link_of(member_id incarnation) const {
  const std::shared_lock hold{links_lock_};
  for (const auto& [name, l] : links_)
    if (l->incarnation() == incarnation && l->up())
      return l.get();
  return nullptr;
}

member_list node::members_of(std::size_t partition) const {
  return view([&](const membership& m) { return m.leader_of(partition).members; });
}

std::int64_t node::round_trip_ms(member_id incarnation) const {
  const link* l = link_of(incarnation);
  return l ? l->round_trip_ms() : 0;
}

std::string node::name_of(member_id incarnation) const {
  const link* l = link_of(incarnation);
  return l ? l->name() : to_string(member{"?", incarnation});
}

bool node::heard_us(member_id incarnation, std::int64_t since_ms) const {
  const link* l = link_of(incarnation);
  return l && l->proven_ms() >= since_ms;
}

/// Under the view's lock.
void node::publish_routes() {
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    publish_route(i);
}

void node::publish_route(std::size_t i) {
  const leadership& l = membership_.leader_of(i);
  const bool known = l.current && (l.primary == self_ || membership_.is_live(l.primary));
  routes_[i].store(known ? l.primary.id : 0, std::memory_order_release);
}

void node::announce(const claim& c) {
  const auto version = view([&](membership& m) {
    const auto v = m.own(c);
    publish_route(c.partition);
    return v;
  });
  for (link* l : links())
    if (l->send(frame::one_claim{version, c}))
      batch::current().urgent(*l);
}

void node::discarded(std::size_t partition, std::uint64_t entries) {
  discarded_ += entries;
  log().warn(
    component::partitions,
    "partition {}: {} given up, which only this node had, for those of the present primary",
    partition, amount(entries, "write is", "writes are"));
}

void node::replicating() const {
  core_.metrics().add(async_ ? metric::replicate_async : metric::replicate_sync);
}

void node::replicated(std::chrono::nanoseconds latency, bool done) const {
  const auto what = async_ ? metric::replicate_async : metric::replicate_sync;
  core_.metrics().sample(what, latency);
  if (!done)
    core_.metrics().fail(what);
}

} // namespace supercache::detail
