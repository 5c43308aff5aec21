#include "core.hpp"

#include "alone.hpp"
#include "client/client_executor.hpp"
#include "distributed/member_executor.hpp"
#include "distributed/node.hpp"
#include "local_executor.hpp"
#include "makers.hpp"
#include "messages/dispatcher.hpp"
#include "pool.hpp"
#include "struct_rows.hpp"

#include <supercache/store/amount.hpp>

#include <caf/io/middleman.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>

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

member_id new_member_id() {
  std::random_device device;
  return (static_cast<member_id>(device()) << 32 | device()) | 1;
}

core::core(caf::actor_system& system, options o, std::unique_ptr<acquaintance> first)
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
    nodes_([this] { wake_watches(); }),
    first_(std::move(first)) {
  for (std::size_t i = 0; i < *options_.num_partition; ++i)
    stores_.push_back(std::make_unique<partition_store>(store_options_of(options_)));
  for (const auto& s : stores_)
    if (const shelf::hashed* set = s->tuples().as_set())
      sets_.push_back(set->shortcut());
  reads_directly_
    = !sets_.empty() && same_position_ && power_of_two_ && options_.cluster == cluster_mode::local;
}

core::~core() = default;

namespace {

/// Long work is in small steps, so that few threads are enough, however many partitions there are.
std::size_t pool_threads() { return std::clamp(std::thread::hardware_concurrency(), 2u, 4u); }

} // namespace

partition_actor core::make_partition(std::size_t index) {
  return pool_->spawn<partition_actor>(
    [me = shared_from_this(), index](partition_actor::pointer self) {
      return partition_behavior(self, me, index);
    });
}

/// One that ended may have left something.
buffer_actor core::make_buffer(std::size_t index) {
  auto out
    = patient_->spawn<buffer_actor>([me = shared_from_this(), index](buffer_actor::pointer self) {
        return buffer_behavior(self, me, index);
      });
  compat::tell_from_anywhere(out, wake_atom_v);
  return out;
}

/// One that ended may have waited for answers, which nobody takes any more.
watch_actor core::make_watches() {
  feed_.forget_deliveries();
  nodes_.forget_deliveries();
  auto out = pool_->spawn<watch_actor>(
    [me = shared_from_this()](watch_actor::pointer self) { return watch_behavior(self, me); });
  compat::tell_from_anywhere(out, wake_atom_v);
  return out;
}

void core::spawn_actors() {
  remember_log(system_, log_);
  pool_ = pool::start(system_, pool_threads(), "cache-work");
  patient_ = pool::start(system_, 1, "cache-lazy");
  // What makes an actor anew does not keep the cache.
  const auto made_by = [w = weak_from_this()](auto make) {
    return [w, make]() -> decltype(make(std::declval<core&>())) {
      const auto me = w.lock();
      if (!me)
        return {};
      return make(*me);
    };
  };
  const std::lock_guard hold{actors_lock_};
  for (std::size_t i = 0; i < stores_.size(); ++i)
    partition_actors_.push_back(
      supervised<partition_actor>::start("the actor of partition " + std::to_string(i), log_,
                                         made_by([i](core& c) { return c.make_partition(i); })));
  for (std::size_t i = 0; i < buffers_.size(); ++i)
    buffer_actors_.push_back(
      supervised<buffer_actor>::start("the actor of buffer " + std::to_string(i), log_,
                                      made_by([i](core& c) { return c.make_buffer(i); })));
  watches_ = supervised<watch_actor>::start("the actor of watches", log_,
                                            made_by([](core& c) { return c.make_watches(); }));
  requests_ = std::make_shared<dispatcher>(shared_from_this());
  front_ = dispatcher::spawn(system_, requests_);
}

status core::listen() {
  if (first_) {
    remote_ = std::make_unique<remote>(*this, std::move(*first_));
    executor_ = std::make_unique<client_executor>(*remote_);
    others_ = remote_.get();
    return ok();
  }
  if (options_.cluster == cluster_mode::local) {
    if (!options_.replication.peers.empty() || !options_.replication.node_monitor.nodes.empty())
      log().warn(component::cache,
                 "nodes to join are named, but cluster is local: this cache stands alone");
    alone_ = std::make_unique<alone>(*this);
    others_ = alone_.get();
    nodes_.now_live({{others_->own_name(), 1}});
    executor_ = std::make_unique<local_executor>(
      stores_,
      [this](std::size_t partition, const std::string& queue) { items_came(partition, queue); });
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
  executor_ = std::make_unique<member_executor>(*node_);
  others_ = node_.get();
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
  if (remote_)
    remote_->stop();
  provider_.let_go();
  decltype(partition_actors_) partitions;
  decltype(buffer_actors_) buffers;
  decltype(watches_) watches;
  {
    const std::lock_guard hold{actors_lock_};
    std::swap(watches, watches_);
    partitions.swap(partition_actors_);
    buffers.swap(buffer_actors_);
  }
  for (const auto& a : partitions)
    compat::tell_from_anywhere(a->let_go(), stop_atom_v);
  for (const auto& a : buffers)
    compat::end(a->let_go());
  compat::end(watches->let_go());
  feed_.clear(); // a listener may hold a handle of this cache
  nodes_.clear();
  dispatcher::end(front_);
  patient_->close();
  pool_->close();
  for (const auto& s : stores_) {
    s->clear(now());
    (void)s->free_cleared(SIZE_MAX);
  }
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

/// Two passes: count, then move each record behind those of its partition that came before it.
partitioned core::by_partition(std::vector<record> rs) const {
  partitioned out;
  std::vector<std::uint64_t> hashes(rs.size());
  std::ranges::transform(rs, hashes.begin(),
                         [&](const record& r) { return hash(r[options_.partition_pos]); });
  out.begin.resize(partitions() + 1);
  for (const auto h : hashes)
    ++out.begin[index_of(h) + 1];
  for (std::size_t p = 0; p < partitions(); ++p)
    out.begin[p + 1] += out.begin[p];
  if (partitions() == 1) {
    out.rows = std::move(rs);
    out.hashes = std::move(hashes);
    return out;
  }
  out.rows.resize(rs.size());
  out.hashes.resize(rs.size());
  auto next = out.begin;
  for (std::size_t i = 0; i < rs.size(); ++i) {
    const std::size_t to = next[index_of(hashes[i])]++;
    out.rows[to] = std::move(rs[i]);
    out.hashes[to] = hashes[i];
  }
  return out;
}

// -- actors -------------------------------------------------------------------------------------

void core::wake_buffer(std::size_t index) {
  const std::lock_guard hold{actors_lock_};
  if (index < buffer_actors_.size())
    compat::tell_from_anywhere(buffer_actors_[index]->get(), wake_atom_v);
}

std::vector<std::pair<std::string, caf::actor>> core::actors() const {
  std::vector<std::pair<std::string, caf::actor>> out;
  {
    const std::lock_guard hold{actors_lock_};
    for (const auto& a : partition_actors_)
      a->list(out);
    for (const auto& a : buffer_actors_)
      a->list(out);
    if (watches_)
      watches_->list(out);
  }
  others().list(out);
  return out;
}

void core::items_came(std::size_t partition, const std::string& queue) const {
  if (const auto a = this->partition(partition))
    compat::tell_from_anywhere(a, ready_atom_v, queue);
}

void core::when_items(std::size_t partition, const std::string& queue,
                      std::chrono::milliseconds longest, std::function<void()> work) const {
  if (const auto a = this->partition(partition))
    compat::tell_from_anywhere(a, ready_atom_v, queue, std::int64_t{longest.count()},
                               std::make_shared<std::function<void()>>(std::move(work)));
}

void core::run_at(std::size_t partition, std::function<void()> work) const {
  if (const auto a = this->partition(partition))
    compat::tell_from_anywhere(a, run_atom_v,
                               std::make_shared<std::function<void()>>(std::move(work)));
}

partition_actor core::partition(std::size_t index) const {
  const std::lock_guard hold{actors_lock_};
  return index < partition_actors_.size() ? partition_actors_[index]->get() : partition_actor{};
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

std::vector<partition_place> core::partition_map() {
  std::vector<partition_place> out;
  for (std::size_t i = 0; i < partitions(); ++i)
    out.push_back(others().place_of(i));
  return out;
}

} // namespace supercache::detail
