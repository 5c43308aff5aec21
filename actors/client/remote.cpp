#include "remote.hpp"

#include "../companion.hpp"
#include "../core.hpp"
#include "../distributed/guard.hpp"
#include "../pool.hpp"
#include "../service.hpp"

#include <algorithm>
#include <random>

namespace supercache::detail {

namespace {

/// Bytes of writes that are not answered yet, and what a call takes beside.
constexpr std::size_t most_under_way = std::size_t{256} << 20, bytes_of_a_call = 1'024;

request_options requests_of(const core& c, member_id self) {
  request_options o;
  o.self = {"client", self};
  o.partitions = c.partitions();
  o.first_call = std::random_device{}() | 1;
  return o;
}

} // namespace

/// While one is alive on a thread, items for one node gather in it.
class remote::parcel {
public:
  explicit parcel(remote& r) noexcept
    : of_(r), outer_(current_), whole_(!outer_ || &outer_->of_ != &r) {
    if (whole_)
      current_ = this;
  }
  ~parcel() {
    if (!whole_)
      return;
    current_ = outer_;
    for (auto& [to, bytes] : items_)
      of_.post(to, std::move(bytes));
  }
  parcel(const parcel&) = delete;
  parcel& operator=(const parcel&) = delete;

  /// The one that gathers on this thread. @pre there is one
  static parcel& current() noexcept { return *current_; }
  /// A large item goes alone, and the node confirms that it could take it.
  void add(member_id to, call_id id, const frame::item& i) {
    constexpr std::size_t large = 64 << 10;
    byte_buffer encoded;
    wire_writer w{encoded};
    frame::encode(w, i);
    byte_buffer& gathered = items_[to];
    if (encoded.size() <= large) {
      gathered.insert(gathered.end(), encoded.begin(), encoded.end());
      return;
    }
    of_.post(to, std::exchange(gathered, {}));
    of_.post(to, std::move(encoded), id);
  }

private:
  static thread_local parcel* current_;
  remote& of_;
  parcel* const outer_;
  const bool whole_; ///< and not a part of the outer one
  std::map<member_id, byte_buffer> items_;
};
thread_local remote::parcel* remote::parcel::current_ = nullptr;

remote::remote(core& c, acquaintance first)
  : outsider(
    {errc::invalid_argument, "this is a client, no member of a cluster; ask one of its nodes"}),
    core_(c),
    self_(new_member_id()),
    first_(std::move(first)),
    clustered_(first_.view.clustered),
    nodes_(first_),
    requests_(requests_of(c, self_), nodes_),
    relays_(c, [this]() -> std::optional<watch_keeper> {
      const auto [id, node] = nodes_.anybody();
      if (!node)
        return {};
      return watch_keeper{id, caf::actor_cast<watchable_actor>(node)};
    }) {}

remote::~remote() = default;

std::shared_ptr<remote> remote::shared() { return {core_.shared_from_this(), this}; }

void remote::start() {
  const auto me = std::weak_ptr{shared()};
  reached(first_.at, first_.node, first_.view);
  first_ = {};
  const std::lock_guard hold{actors_lock_};
  monitor_ = supervised<monitor_actor>::start(
    "the node monitor", core_.shared_log(), [me]() -> monitor_actor {
      const auto alive = me.lock();
      if (!alive)
        return {};
      auto out = alive->core_.pool().spawn<monitor_actor>(
        [alive](monitor_actor::pointer self) { return client_monitor_behavior(self, alive); });
      compat::tell_from_anywhere(out, caf::tick_atom_v);
      return out;
    });
}

void remote::stop() {
  ending_ = true;
  step([](requests& r, request_effects& todo) { r.stop(todo); });
  relays_.stop();
  {
    const std::lock_guard hold{actors_lock_};
    if (monitor_)
      if (const auto a = monitor_->let_go())
        compat::tell_from_anywhere(a, stop_atom_v);
  }
  for (const auto& endpoint : nodes_.clear())
    end_companion(endpoint);
}

void remote::list(std::vector<std::pair<std::string, caf::actor>>& actors) const {
  const std::lock_guard hold{actors_lock_};
  if (monitor_)
    monitor_->list(actors);
}

// -- requests -----------------------------------------------------------------------------------

template <class F>
void remote::step(F&& f) {
  request_effects todo;
  {
    const std::lock_guard hold{requests_lock_};
    f(requests_, todo);
  }
  if (todo.empty())
    return;
  const parcel gather{*this};
  perform_each(todo, [this](auto& x) { perform(x); });
}

/// Whether there is room for so much more; if so, it is taken.
bool remote::admit(std::size_t bytes) {
  const auto before = under_way_.fetch_add(bytes);
  if (before == 0 || before + bytes <= most_under_way)
    return true;
  under_way_ -= bytes;
  return false;
}

namespace {
failure too_much() {
  return {errc::overloaded, "too much waits for answers of the cluster already"};
}
} // namespace

/// Hot path of a write: an entry in the table of requests, and one message to the primary. A large
/// write gets the time that it takes to travel beside its own.
future<value> remote::write(std::size_t partition, operation what, milliseconds timeout) {
  if (auto s = requests::check_size(what); !s)
    return s.why();
  const auto size = requests::size_of(what);
  const auto bytes = bytes_of_a_call + size;
  if (!admit(bytes))
    return too_much();
  timeout += milliseconds{size / request_options{}.bytes_per_ms};
  auto out = future<value>::pending();
  step([&](requests& r, request_effects& todo) {
    r.write(
      partition, std::move(what), deadline_in(timeout),
      [me = shared(), out, bytes](result<value> x) {
        me->under_way_ -= bytes;
        out.set(std::move(x));
      },
      system_ms(), todo);
  });
  return out;
}

future<answer> remote::read(std::size_t partition, query what, const read_options& how, bool hold) {
  if (!admit(bytes_of_a_call))
    return too_much();
  auto out = future<answer>::pending();
  step([&](requests& r, request_effects& todo) {
    r.read(
      partition, std::move(what), clustered_ ? how.mode : read_mode::primary,
      deadline_in(how.timeout), hold,
      [me = shared(), out](result<answer> x) {
        me->under_way_ -= bytes_of_a_call;
        out.set(std::move(x));
      },
      system_ms(), todo);
  });
  return out;
}

void remote::together(void (*call)(void*), void* begin_all) {
  const parcel gather{*this};
  call(begin_all);
}

void remote::perform(effect::send& e) {
  if (nodes_.reaches(e.to))
    return parcel::current().add(e.to, e.id, e.what);
  step([&](requests& r, request_effects& todo) {
    r.not_sent(e.id, {errc::unavailable, "the connection to the node broke"}, system_ms(), todo);
  });
}

void remote::perform(effect::retry& e) {
  if (e.why.code == errc::not_primary)
    nodes_.disbelieve(e.partition);
  nodes_.doubt();
  core_.log().decision(component::requests, "partition {}: a {} is tried again: {}", e.partition,
                       e.is_write ? "write" : "read", e.why.message);
}

/// What a node does not get since its connection broke, `lost` sends again. `large`: the node says
/// whether it could take it.
void remote::post(member_id to, byte_buffer bytes, call_id large) {
  const auto line = nodes_.line_to(to);
  if (!line.node || bytes.empty())
    return;
  if (large)
    compat::ask_for(line.endpoint, line.node, large, frame_atom_v, wire_frame{std::move(bytes)},
                    line.endpoint);
  else
    compat::tell_from_anywhere(line.node, frame_atom_v, wire_frame{std::move(bytes)},
                               line.endpoint);
}

/// An exception here would end CAF's broker, and with it all connections of the process.
void remote::receive_safely(member_id from, byte_view bytes) noexcept {
  try {
    receive(from, bytes);
  } catch (const std::exception& e) {
    core_.log().error(component::peers, "what node {} sent cannot be done: {}",
                      nodes_.name_of(from), e.what());
  }
}

/// A node could not take a large item.
void remote::denied(call_id id, const caf::error& why) {
  step([&](requests& r, request_effects& todo) {
    r.denied(id, {errc::overloaded, message_of(why)}, todo);
  });
}

void remote::receive(member_id from, byte_view bytes) {
  wire_reader r{bytes};
  while (r.ok() && !r.at_end()) {
    auto i = frame::decode_item(r, core_.partitions());
    if (!r.ok())
      break;
    if (auto* done = std::get_if<frame::reply>(&i))
      step([&](requests& x, request_effects& todo) {
        x.on(from, std::move(*done), system_ms(), todo);
      });
    else if (auto* found = std::get_if<frame::found>(&i))
      step([&](requests& x, request_effects& todo) {
        x.on(from, std::move(*found), system_ms(), todo);
      });
    else
      r.fail("an item that no client gets");
  }
  if (!r.ok())
    core_.log().warn(component::peers, "node {} sent something that cannot be read: {}",
                     nodes_.name_of(from), r.status().why().message);
}

void remote::tick() {
  step([](requests& r, request_effects& todo) { r.tick(system_ms(), todo); });
  relays_.tick();
}

// -- connections ----------------------------------------------------------------------------------

caf::actor remote::make_endpoint(member_id id) {
  auto out = core_.system().spawn<caf::actor_companion, caf::hidden>();
  companion_behind(out).on_enqueue([of = std::weak_ptr{shared()}, id](caf::mailbox_element_ptr e) {
    const auto alive = of.lock();
    auto& content = e->content();
    if (alive && content.match_elements<frame_atom, wire_frame>())
      alive->receive_safely(id, content.get_as<wire_frame>(1).bytes);
    else if (alive && content.match_elements<caf::error>())
      alive->denied(compat::request_of(e->mid), content.get_as<caf::error>(0));
  });
  return out;
}

void remote::reached(const node_address& at, const service_actor& node, const cluster_view& v) {
  if (auto s = nodes_.check(v); !s)
    return failed(at, s.why());
  const auto endpoint = make_endpoint(v.self.id);
  if (!nodes_.reached(at, v.self, node, endpoint)) {
    end_companion(endpoint);
    return;
  }
  core_.log().info(component::peers, "node {} is connected", v.self.node);
  drop_silent(core_.system(), node->node(), connections::spare); // they would hide that it breaks
  node->attach_functor([of = std::weak_ptr{shared()}, who = v.self](const caf::error&) {
    if (const auto alive = of.lock())
      alive->lost(who);
  });
  believe(v);
}

void remote::failed(const node_address& at, const failure& why) {
  if (nodes_.failed(at, why, system_ms()))
    core_.log().warn(component::peers, "no connection to {}:{}: {}", at.host, at.port, why.message);
}

void remote::lost(const member& who) {
  const auto endpoint = nodes_.lost(who.id);
  if (!endpoint || ending_)
    return;
  end_companion(endpoint);
  core_.log().info(component::peers, "node {} cannot be reached", who.node);
  relays_.lost(who.id);
  tick();
}

void remote::told(const cluster_view& v) {
  if (auto s = nodes_.check(v); !s)
    return core_.log().warn(component::peers,
                            "what node {} says of the cluster is not believed: {}", v.self.node,
                            s.why().message);
  believe(v);
}

/// @pre nodes_.check(v)
void remote::believe(const cluster_view& v) {
  nodes_.told(v);
  step([](requests& r, request_effects& todo) { r.retry_all(system_ms(), todo); });
}

// -- for people and other processes ---------------------------------------------------------------

supercache::cluster_stats remote::stats() {
  supercache::cluster_stats out;
  const options& o = core_.config();
  out.node = own_name();
  out.mode = to_string(o.cluster);
  out.replication_mode = to_string(o.replication.mode);
  out.replication_factor = o.replication.replication_factor;
  nodes_.describe(out);
  return out;
}

std::int64_t remote::time_ms(std::size_t) const noexcept { return system_ms(); }

/// A client that is asked by another one, over its own CACHE, says what it knows; that one finds
/// the nodes.
cluster_view remote::look() {
  auto out = nodes_.look();
  out.self = {own_name(), self_};
  return out;
}

void remote::serve(frame::request r, const caf::actor& client) {
  tell_client(client, reply_to(r.id, failure{errc::not_primary, why_not().message}, {}));
}
void remote::serve(frame::question q, const caf::actor& client) {
  tell_client(client, found_for(q, {}, failure{errc::not_primary, why_not().message}));
}

std::optional<future<std::uint64_t>> remote::watch_elsewhere(const interest& what,
                                                             const caf::actor& who) {
  return relays_.add(what, who);
}

} // namespace supercache::detail
