#include "core.hpp"

#include "distributed/node.hpp"
#include "distributed/remote.hpp"
#include "makers.hpp"
#include "struct_rows.hpp"

#include <supercache/store/amount.hpp>

#include <caf/io/middleman.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>

namespace supercache::detail {

namespace {

constexpr std::size_t distributed_partitions = 64;

/// Writers that can work side by side over all partitions together.
constexpr std::size_t stripes_in_all = 64;

std::size_t default_partitions(const caf::actor_system& system, const options& o) {
  return o.cluster == cluster_mode::distributed ? distributed_partitions
                                                : compat::workers_of(system);
}

options filled_in(const caf::actor_system& system, options o) {
  if (!o.num_partition)
    o.num_partition = default_partitions(system, o);
  return o;
}

store_options store_options_of(const options& o) {
  store_options s;
  s.type = o.table_type;
  s.key_pos = o.key_pos;
  s.stripes = std::bit_ceil(std::max<std::size_t>(1, stripes_in_all / *o.num_partition));
  s.shown = struct_rows::is_shown;
  return s;
}

} // namespace

core::core(caf::actor_system& system, options o)
  : system_(system),
    options_(filled_in(system, std::move(o))),
    log_(std::make_shared<log_book>(options_.log, system)),
    same_position_(options_.key_pos == options_.partition_pos),
    least_size_(std::max(options_.key_pos, options_.partition_pos)),
    power_of_two_(std::has_single_bit(*options_.num_partition)),
    mask_(*options_.num_partition - 1),
    buffers_(compat::workers_of(system), options_.lazy_put_limit, options_.key_pos,
             [this](std::vector<record>& batch, std::chrono::milliseconds longest) {
               return write_lazily(batch, longest);
             }),
    feed_(options_.key_pos, [this] { wake_watches(); }),
    nodes_([this] { wake_watches(); }) {
  for (std::size_t i = 0; i < *options_.num_partition; ++i)
    stores_.push_back(std::make_unique<partition_store>(store_options_of(options_)));
  for (const auto& s : stores_)
    if (const shelf::hashed* set = s->tuples().as_set())
      sets_.push_back(set->shortcut());
  reads_directly_
    = !sets_.empty() && same_position_ && power_of_two_ && options_.cluster == cluster_mode::local;
}

core::~core() = default;

void core::spawn_actors() {
  // Hidden: an actor system that ends does not wait for a cache that nobody stopped.
  const auto me = shared_from_this();
  remember_log(system_, log_);
  const bool clustered = options_.cluster == cluster_mode::distributed;
  const std::lock_guard hold{actors_lock_};
  for (std::size_t i = 0; i < stores_.size(); ++i)
    partition_actors_.push_back(system_.spawn<caf::hidden>(partition_behavior, me, i));
  for (std::size_t i = 0; i < buffers_.size(); ++i)
    buffer_actors_.push_back(clustered
                               ? system_.spawn<caf::hidden + caf::detached>(buffer_behavior, me, i)
                               : system_.spawn<caf::hidden>(buffer_behavior, me, i));
  watches_ = system_.spawn<caf::hidden>(watch_behavior, me);
  front_ = caf::actor_cast<cache_actor>(clustered ? spawn_distributor(system_, me, servers_)
                                                  : spawn_front(system_, me, servers_));
}

status core::listen() {
  if (options_.cluster == cluster_mode::local) {
    if (!options_.replication.peers.empty() || !options_.replication.node_monitor.nodes.empty())
      log().warn(component::cache,
                 "nodes to join are named, but cluster is local: this cache stands alone");
    nodes_.now_live({{own_name(), 1}});
    if (!options_.listen)
      return ok();
  }
  auto& self = options_.replication.node;
  const auto port = system_.middleman().publish(front_, self.port, self.host.c_str(), true);
  if (!port)
    return {errc::io_error, "cannot listen on " + self.host + ':' + std::to_string(self.port)};
  port_ = self.port = *port;
  if (options_.cluster == cluster_mode::local)
    return ok();
  self.name = announced(options_.replication).name;
  node_ = std::make_unique<node>(*this, announced(options_.replication));
  cluster_.store(node_.get(), std::memory_order_release);
  return ok();
}

void core::stop() {
  if (!running_.exchange(false, std::memory_order_acq_rel))
    return;
  reads_directly_ = false;
  makers::stop(*this);
  (void)buffers_.drain_all(); // what it leaves is counted below
  watch_stores();
  if (port_)
    close_port();
  if (node_)
    node_->stop();
  provider_.let_go();
  std::vector<partition_actor> partitions;
  std::vector<buffer_actor> buffers;
  watch_actor watches;
  {
    const std::lock_guard hold{actors_lock_};
    std::swap(watches, watches_);
    partitions.swap(partition_actors_);
    buffers.swap(buffer_actors_);
  }
  for (const auto& a : partitions)
    compat::tell_from_anywhere(a, stop_atom_v);
  for (const auto& a : buffers)
    compat::end(a);
  compat::end(watches);
  feed_.clear(); // a listener may hold a handle of this cache
  nodes_.clear();
  compat::end(front_);
  for (const auto& a : std::exchange(servers_, {}))
    compat::end(a);
  for (const auto& s : stores_)
    s->clear(now());
  // Records of a lazy_put that had passed the check; they land in what is freed with us.
  (void)buffers_.drain_all();
  if (const auto n = buffers_.count())
    log().error(component::cache, "{} of lazy_put could not be stored before the stop",
                amount(n, "record", "records"));
  reclaim::collect();
  log_->end();
}

status core::check_running() const {
  if (running()) [[likely]]
    return ok();
  return {errc::not_started, "the cache is not started"};
}

handle::~handle() { c->stop(); }

// -- where data is ------------------------------------------------------------------------------

std::size_t core::home_index(std::string_view name) const noexcept {
  return index_of(hash(value{name}));
}

partition_store& core::home_of(std::string_view name) noexcept { return at(home_index(name)); }

status core::check(const record& r) const {
  for (const auto& [name, pos] :
       {std::pair{"key_pos", options_.key_pos}, std::pair{"partition_pos", options_.partition_pos}})
    if (r.size() <= pos) [[unlikely]]
      return {errc::invalid_argument, "tuple size (" + std::to_string(r.size()) + ") is lower than "
                                        + name + " (" + std::to_string(pos) + ")"};
  return ok();
}

std::string core::partition_name(std::size_t index) const {
  return options_.table_prefix + '_' + std::to_string(index);
}

status core::check_index(std::size_t index) const {
  if (index < partitions())
    return ok();
  return {errc::invalid_argument, "there is no partition " + std::to_string(index)
                                    + "; indexes go from 0 to " + std::to_string(partitions() - 1)};
}

result<std::size_t> core::index_from_name(std::string_view partition) const {
  if (auto s = check_running(); !s)
    return s.why();
  const auto prefix = options_.table_prefix + '_';
  std::size_t index = 0;
  if (partition.starts_with(prefix)) {
    const auto digits = partition.substr(prefix.size());
    const auto end = digits.data() + digits.size();
    if (const auto [stop, wrong] = std::from_chars(digits.data(), end, index);
        wrong == std::errc{} && stop == end && index < partitions()
        && partition == partition_name(index))
      return index;
  }
  return {errc::invalid_argument, "there is no partition '" + std::string{partition}
                                    + "'; they are called " + partition_name(0) + " to "
                                    + partition_name(partitions() - 1)};
}

// -- writes -------------------------------------------------------------------------------------

status core::write_batch(std::vector<record>& rs, std::int64_t ttl_ms) {
  const stamp when = now();
  std::vector<std::uint64_t> hashes(rs.size());
  for (std::size_t i = 0; i < rs.size(); ++i) {
    if (!fits(rs[i])) [[unlikely]]
      return check(rs[i]);
    hashes[i] = hash(rs[i][options_.key_pos]);
  }
  if (partitions() == 1) {
    at(0).tuples().put_many(rs, hashes, ttl_ms, when);
    return ok();
  }
  // Two passes: count, then move each record behind those of its partition that came before it.
  std::vector<std::uint32_t> where(rs.size());
  std::vector<std::size_t> begin(partitions() + 1);
  for (std::size_t i = 0; i < rs.size(); ++i) {
    where[i] = static_cast<std::uint32_t>(
      index_of(same_position_ ? hashes[i] : hash(rs[i][options_.partition_pos])));
    ++begin[where[i] + 1];
  }
  for (std::size_t p = 0; p < partitions(); ++p)
    begin[p + 1] += begin[p];
  std::vector<record> sorted(rs.size());
  std::vector<std::uint64_t> sorted_hashes(rs.size());
  auto next = begin;
  for (std::size_t i = 0; i < rs.size(); ++i) {
    const std::size_t to = next[where[i]]++;
    sorted[to] = std::move(rs[i]);
    sorted_hashes[to] = hashes[i];
  }
  for (std::size_t p = 0; p < partitions(); ++p)
    if (const std::size_t n = begin[p + 1] - begin[p])
      at(p).tuples().put_many(std::span{sorted}.subspan(begin[p], n),
                              std::span{sorted_hashes}.subspan(begin[p], n), ttl_ms, when);
  return ok();
}

/// Writes what a buffer gathered; each record has its deadline. Neighbours with the same deadline
/// go together. After a failure the rest is not tried, so that the order stays.
status core::write_lazily(std::vector<record>& rs, std::chrono::milliseconds longest) {
  const auto other = [](const record& a, const record& b) { return a.deadline() != b.deadline(); };
  auto from = rs.begin();
  status s = ok();
  std::vector<record> some;
  while (s && from != rs.end()) {
    const auto change = std::adjacent_find(from, rs.end(), other);
    const auto to = change == rs.end() ? change : change + 1;
    some.assign(std::move_iterator{from}, std::move_iterator{to});
    from = to;
    const auto deadline = some.front().deadline();
    // A record that has expired meanwhile is stored all the same: it replaces the one with its key.
    const auto ttl_ms = deadline ? std::max<std::int64_t>(1, deadline - system_ms()) : 0;
    if (cluster()) {
      s = remote::put_and_keep(*this, some, ttl_ms, longest);
    } else {
      s = write_batch(some, ttl_ms);
      some.clear();
    }
  }
  if (s) { // its memory serves the next batch
    rs.clear();
    return s;
  }
  some.insert(some.end(), std::move_iterator{from}, std::move_iterator{rs.end()});
  rs = std::move(some);
  return s;
}

status core::lazy_put(record r, std::int64_t ttl_ms) {
  if (!fits(r)) [[unlikely]]
    return check(r);
  const auto key_hash = hash(r[options_.key_pos]);
  if (ttl_ms || r.deadline())
    r = std::move(r).with_deadline(now().after(ttl_ms));
  const auto idle = buffers_.add(std::move(r), key_hash);
  if (!idle)
    return idle.why();
  if (*idle >= 0)
    wake_buffer(static_cast<std::size_t>(*idle));
  // A stop that came between the check and the add may have drained before it.
  if (!running()) [[unlikely]]
    (void)buffers_.drain_all();
  return ok();
}

status core::flush() { return buffers_.drain_all(); }

status core::drain_buffer(std::size_t index) {
  auto s = buffers_.drain(index);
  if (!s)
    log().warn(component::cache, "what lazy_put left is kept and tried again: {}", s.why().message);
  return s;
}

void core::retry_lazy() {
  for (std::size_t i = 0; i < buffers_.size(); ++i)
    if (buffers_.wants_retry(i))
      wake_buffer(i);
}

// -- actors -------------------------------------------------------------------------------------

void core::wake_buffer(std::size_t index) {
  const std::lock_guard hold{actors_lock_};
  if (index < buffer_actors_.size())
    compat::tell_from_anywhere(buffer_actors_[index], wake_atom_v);
}

partition_actor core::partition(std::size_t index) const {
  const std::lock_guard hold{actors_lock_};
  return index < partition_actors_.size() ? partition_actors_[index] : partition_actor{};
}

void core::wake_waiters(const std::string& queue) {
  if (const auto a = partition(home_index(queue)))
    compat::tell_from_anywhere(a, ready_atom_v, queue);
}

buffer_actor::behavior_type buffer_behavior(buffer_actor::pointer, std::shared_ptr<core> c,
                                            std::size_t index) {
  return {
    [c, index](wake_atom) { (void)c->drain_buffer(index); },
    [c, index](flush_atom) -> caf::result<void> {
      if (auto s = c->drain_buffer(index); !s)
        return to_caf(s.why());
      return {};
    },
  };
}

// -- statistics ---------------------------------------------------------------------------------

std::string core::own_name() const { return cluster() ? cluster()->self().node : "local"; }

partition_place core::place_of(std::size_t index) {
  return cluster() ? cluster()->place_of(index) : partition_place{index, own_name(), {}, {}, {}};
}

std::vector<partition_place> core::partition_map() {
  std::vector<partition_place> out;
  for (std::size_t i = 0; i < partitions(); ++i)
    out.push_back(place_of(i));
  return out;
}

supercache::cluster_stats core::cluster_stats() {
  if (cluster())
    return cluster()->stats();
  supercache::cluster_stats out;
  out.node = own_name();
  out.live_nodes = {out.node};
  out.mode = to_string(options_.cluster);
  out.replication_mode = to_string(options_.replication.mode);
  out.partitions = out.writable = out.primaries_here = partitions();
  return out;
}

} // namespace supercache::detail
