#include "cluster_subject.hpp"

#include "common/loopback.hpp"
#include "common/process.hpp"
#include "programs.hpp"

#include <caf/io/middleman.hpp>

#include <stdexcept>
#include <thread>

namespace bench {

using namespace std::chrono_literals;
using supercache::record;
using supercache::value;
namespace compat = supercache::compat;

namespace {

constexpr std::size_t keys_of_a_place = 10'000;
constexpr std::size_t batch_size = 1'000;
constexpr caf::timespan patience = 10s;

std::vector<std::string> addresses(std::size_t n) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back((i == 0 ? std::string{"bench"} : "node" + std::to_string(i))
                  + "@127.0.0.1:" + std::to_string(supercache::app::fixed_free_port()));
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : ",") + word;
  return out;
}

auto failed(auto done) {
  return [done](const caf::error&) { done(false); };
}

} // namespace

cluster_subject::config::config() {
  load<caf::io::middleman>();
  supercache::add_message_types(*this);
  compat::low_latency_scheduler(*this);
  compat::set_option(*this, std::string{compat::scheduler_threads_option()}, std::size_t{2});
}

cluster_subject::cluster_subject(const cluster_settings& s, supercache::replication_mode mode)
  : system_(cfg_), names_(addresses(s.nodes)) {
  start_children(s, mode, names_);
  cache_ = std::make_unique<supercache::cache>(
    supercache::cache::start(system_, options_of(s, mode, names_)));
  settle();
  for (std::size_t i = 1; i < names_.size(); ++i) {
    const auto at = supercache::node_address_from(names_[i]).value();
    auto a = system_.middleman().remote_actor<supercache::cache_actor>(at.host, at.port);
    if (!a)
      throw std::runtime_error("cannot reach " + names_[i]);
    others_.push_back(*a);
  }
  find_keys();
}

cluster_subject::~cluster_subject() {
  others_.clear();
  children_.clear();
  cache_->stop();
}

supercache::options cluster_subject::options_of(const cluster_settings& s,
                                                supercache::replication_mode mode,
                                                const std::vector<std::string>& all) const {
  const auto self = supercache::node_address_from(all[0]).value();
  supercache::options o;
  o.cluster = supercache::cluster_mode::distributed;
  o.num_partition = 12;
  o.replication.mode = mode;
  o.replication.replication_factor = s.replication_factor;
  o.replication.node.name = self.name;
  o.replication.node.host = self.host;
  o.replication.node.port = self.port;
  o.replication.peers = all;
  return o;
}

void cluster_subject::start_children(const cluster_settings& s, supercache::replication_mode mode,
                                     const std::vector<std::string>& all) {
  const auto here = supercache::app::own_folder();
  const auto program = first_there({here / "supercache-node", here / "../node/supercache-node"});
  if (program.empty())
    throw std::runtime_error("supercache-node is not beside this program");
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto at = supercache::node_address_from(all[i]).value();
    children_.push_back(std::make_unique<supercache::app::child>(std::vector<std::string>{
      program, "--cluster", "distributed", "--node.name", at.name, "--host", at.host, "--port",
      std::to_string(at.port), "--num_partition", "12", "--replication_factor",
      std::to_string(s.replication_factor), "--replication_mode", std::string{to_string(mode)},
      "--cluster_peers", joined(all), "--log-level", "warn"}));
  }
  for (const auto& c : children_)
    if (c->read_line(30s).value_or("").find("ready") == std::string::npos)
      throw std::runtime_error("a node did not start");
}

/// Waits for all nodes, and for a primary and all copies of each partition.
void cluster_subject::settle() {
  const auto until = now_ns() + 30e9;
  while (cache_->cluster_stats().live_nodes.size() < names_.size()) {
    if (now_ns() > until)
      throw std::runtime_error("the nodes do not find each other");
    std::this_thread::sleep_for(20ms);
  }
  std::this_thread::sleep_for(300ms); // the moves for a new member begin
  cache_->full_sync(60s);
}

value cluster_subject::placement(const supercache::cache_actor& of) {
  caf::scoped_actor self{system_};
  value out;
  compat::ask(self, of, patience, supercache::admin_atom_v, "partitions", value{})
    .receive([&](value& x) { out = std::move(x); },
             [](const caf::error& e) { throw std::runtime_error(supercache::message_of(e)); });
  return out;
}

void cluster_subject::find_keys() {
  std::vector<bool> ours;
  const value table = placement(cache_->actor());
  for (const value& row : table.items())
    ours.push_back(*row.find("primary") == value{"bench"});
  if (std::ranges::find(ours, true) == ours.end())
    throw std::runtime_error("this node is no primary of anything");
  for (std::int64_t i = 0;; ++i) {
    const auto key = "user-" + std::to_string(i);
    auto& to = ours[cache_->partition_of(key)] ? here_ : there_;
    if (to.rows.size() < keys_of_a_place)
      to.rows.push_back({key, i, "Alice"});
    if (to.queue.empty())
      to.queue = key; // a queue is in the partition of its name
    if (here_.rows.size() == keys_of_a_place
        && (there_.rows.size() == keys_of_a_place || names_.size() == 1))
      break;
  }
  for (keys* k : {&here_, &there_})
    for (std::size_t i = 0; i + batch_size <= k->rows.size(); i += batch_size) {
      const auto first = k->rows.begin() + static_cast<std::ptrdiff_t>(i);
      k->batches.emplace_back(first, first + batch_size);
    }
  for (const keys* k : {&here_, &there_})
    for (const auto& batch : k->batches)
      cache_->put_batch(batch);
}

// -- cases --------------------------------------------------------------------------------------

latencies cluster_subject::one_by_one(const std::string& which, place where, double seconds) {
  const keys& k = at(where);
  auto& c = *cache_;
  auto row = [&]() -> const record& { return k.rows[turn_++ % k.rows.size()]; };
  const auto time = [&](auto&& op) { return one_after_the_other(seconds, op); };
  const auto read = [&](supercache::read_mode mode) {
    return time([&] {
      if (c.get(row()[0], {mode}).empty())
        throw std::runtime_error("a record is gone");
    });
  };
  if (which.starts_with("put_batch"))
    return time([&] { c.put_batch(k.batches[turn_++ % k.batches.size()]); });
  if (which.starts_with("write"))
    return time([&] { c.put(row()); });
  if (which == "read_local")
    return read(supercache::read_mode::local);
  if (which == "read_primary")
    return read(supercache::read_mode::primary);
  if (which == "read_quorum")
    return read(supercache::read_mode::quorum);
  if (which == "kv_increment")
    return time([&, kv = c.kv("bench")]() mutable { kv.increment(row()[0]); });
  return time([&, queue = c.queue(k.queue)]() mutable {
    queue.add("job");
    queue.out();
  });
}

/// Eight actors that call the handle, and so block the two threads of the scheduler in turns.
throughput cluster_subject::blocking(const keys& k, double seconds) {
  constexpr std::size_t actors = 8;
  const auto done = std::make_shared<std::atomic<std::uint64_t>>(0);
  const double end = now_ns() + seconds * 1e9;
  caf::scoped_actor waits{system_};
  const auto work = [c = *cache_, &k, end, done, over = caf::actor{waits}](
                      caf::event_based_actor* self, std::size_t first) -> caf::behavior {
    self->send(self, caf::ok_atom_v);
    return {[self, c, &k, end, done, over, i = first](caf::ok_atom) mutable {
      const record& row = k.rows[i % k.rows.size()];
      c.put(row);
      keep(c.get(row[0], {supercache::read_mode::primary}));
      i += actors;
      *done += 2;
      if (now_ns() < end)
        return self->send(self, caf::ok_atom_v);
      self->send(over, caf::ok_atom_v);
      self->quit();
    }};
  };
  for (std::size_t a = 0; a < actors; ++a)
    system_.spawn(work, a);
  for (std::size_t a = 0; a < actors; ++a)
    waits->receive([](caf::ok_atom) {});
  return {static_cast<double>(*done) / seconds, 0, actors};
}

throughput cluster_subject::many(const std::string& which, place where, std::size_t in_flight,
                                 double seconds) {
  const keys& k = at(where);
  const auto alone = [&] {
    const auto all = one_by_one(which, where, seconds);
    return throughput{static_cast<double>(all.ns.size()) / seconds, 0, 1};
  };
  if (which == "read_local" || (which.ends_with("_async") && where == place::primary))
    return alone();
  if (which == "read_primary" && where == place::primary)
    return alone();
  if (which == "actors_blocking")
    return blocking(k, seconds);
  const auto& to = cache_->actor();
  if (which.starts_with("put_batch"))
    return pipelined(system_, std::min<std::size_t>(in_flight, 8), seconds,
                     [&](auto* self, std::uint64_t i, auto done) {
                       compat::ask(self, to, patience, supercache::put_atom_v,
                                   supercache::batch_atom_v, k.batches[i % k.batches.size()])
                         .then([done] { done(true); }, failed(done));
                     });
  if (which.starts_with("read")) {
    const supercache::read_options how{which == "read_quorum" ? supercache::read_mode::quorum
                                                              : supercache::read_mode::primary};
    return pipelined(system_, in_flight, seconds, [&, how](auto* self, std::uint64_t i, auto done) {
      compat::ask(self, to, patience, supercache::get_atom_v, k.rows[i % k.rows.size()][0], how)
        .then([done](const supercache::record_list& found) { done(!found.empty()); }, failed(done));
    });
  }
  if (which.starts_with("write"))
    return pipelined(system_, in_flight, seconds, [&](auto* self, std::uint64_t i, auto done) {
      compat::ask(self, to, patience, supercache::put_atom_v, k.rows[i % k.rows.size()])
        .then([done] { done(true); }, failed(done));
    });
  if (which == "kv_increment")
    return pipelined(system_, in_flight, seconds, [&](auto* self, std::uint64_t i, auto done) {
      compat::ask(self, to, patience, supercache::kv_atom_v, supercache::counter_atom_v,
                  std::string{"bench"}, k.rows[i % k.rows.size()][0], std::int64_t{0},
                  std::int64_t{1})
        .then([done](std::int64_t) { done(true); }, failed(done));
    });
  return pipelined(system_, in_flight, seconds, [&](auto* self, std::uint64_t, auto done) {
    compat::ask(self, to, patience, supercache::queue_atom_v, supercache::push_atom_v, k.queue,
                std::vector<value>{"job"})
      .then(
        [&to, self, done, name = k.queue](std::uint64_t) {
          compat::ask(self, to, patience, supercache::queue_atom_v, supercache::pop_atom_v, name,
                      std::uint64_t{1})
            .then([done](const std::vector<value>&) { done(true); }, failed(done));
        },
        failed(done));
  });
}

} // namespace bench
