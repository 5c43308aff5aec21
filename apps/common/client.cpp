#include "client.hpp"

#include "client_link.hpp"
#include "reach.hpp"

#include <caf/io/middleman.hpp>
#include <caf/sec.hpp>

#include <future>
#include <optional>
#include <thread>

namespace supercache::app {

using namespace std::chrono_literals;

client::link::config::config() {
  load<caf::io::middleman>();
  supercache::add_message_types(*this);
  compat::low_latency_scheduler(*this);
  compat::set_option(*this, std::string{compat::scheduler_threads_option()}, std::size_t{1});
  compat::watch_connections(*this, 1s, 10s);
}

client::link::link(address where, milliseconds wait, stopper enough)
  : node(std::move(where)), timeout(wait), given_up(std::move(enough)) {}

namespace {

failure no_cache_there(const address& node, const caf::error& why) {
  const std::string at = to_string(node);
  if (why == caf::sec::cannot_connect_to_node)
    return {errc::io_error, "cannot connect to " + at};
  if (why == caf::sec::unexpected_actor_messaging_interface)
    return {errc::io_error, "the node at " + at + " speaks another version of the protocol"};
  return {errc::io_error, at + " is no SuperCache node"};
}

/// Whether another attempt may succeed where this one failed.
bool is_passing(const caf::error& why) {
  return why == caf::sec::connection_timeout || why == caf::sec::disconnect_during_handshake
         || why == caf::sec::no_actor_published_at_port || why == caf::sec::cannot_connect_to_node;
}

result<cache_actor> find_cache(caf::actor_system& system, const address& node) {
  // A handshake that meets a heartbeat, or a node that is just starting or ending one of its
  // connections, breaks off: a later attempt succeeds.
  constexpr int tries = 5;
  constexpr auto pause = 100ms;
  auto found = system.middleman().remote_actor<cache_actor>(node.host, node.port);
  for (int i = 1; i < tries && !found && is_passing(found.error()); ++i) {
    std::this_thread::sleep_for(pause);
    found = system.middleman().remote_actor<cache_actor>(node.host, node.port);
  }
  if (!found)
    return no_cache_there(node, found.error());
  return *std::move(found);
}

/// Frees a link on its own thread: its actor system may wait for its networking to end.
template <class Link>
void free_aside(std::unique_ptr<Link> gone) {
  std::thread{[x = std::move(gone)] {}}.detach();
}

} // namespace

/// One node alone is asked without CAF first, whose connecting blocks all its networking and gives
/// hardly any reason when it fails.
status client::link::connect(milliseconds longest, talks_to whom) {
  if (whom == talks_to::node) {
    if (auto s = reach(node, longest); !s)
      return s;
    auto found = find_cache(system, node);
    if (!found)
      return found.why();
    data = there = *std::move(found);
  } else {
    auto x = supercache::cache::try_connect(system, {to_string(node)}, {.timeout = longest});
    if (!x)
      return {code_of(x.error()), message_of(x.error())};
    all = *std::move(x);
    data = all->actor();
    there = all->node_at(to_string(node));
  }
  if (there)
    there->attach_functor([flag = gone](const caf::error&) { *flag = true; });
  else
    *gone = true;
  return supercache::ok();
}

std::unique_ptr<client::link> client::link::open(const address& node, milliseconds timeout,
                                                 const stopper& given_up, talks_to whom) {
  // On its own thread, since nothing bounds the time that name resolution and CAF take. When that
  // is too long, the thread is left alone with the link, and frees it when it ends.
  struct attempt {
    std::unique_ptr<link> made;
    std::promise<status> connected;
    std::atomic<bool> over{false}; ///< it has ended, or nobody waits for it
  };
  const auto a = std::make_shared<attempt>();
  auto connected = a->connected.get_future();
  std::thread{[a, node, timeout, given_up, whom] {
    a->made = std::make_unique<link>(node, timeout, given_up);
    auto s = a->made->connect(timeout - timeout / 10, whom); // leaves time to report an error
    if (!a->over.exchange(true))
      a->connected.set_value(std::move(s));
    else
      a->made.reset();
  }}.detach();
  const auto silence
    = "no answer from " + to_string(node) + " within " + std::to_string(timeout.count()) + " ms";
  bool enough = false;
  for (milliseconds waited{0};
       connected.wait_for(std::min(look_around, timeout - waited)) != std::future_status::ready;) {
    waited += look_around;
    enough = given_up && given_up();
    if ((enough || waited >= timeout) && !a->over.exchange(true))
      throw error(errc::timeout, enough ? "interrupted" : silence);
  }
  auto s = connected.get();
  auto made = std::move(a->made);
  if (s)
    return made;
  free_aside(std::move(made));
  if (s.why().code == errc::timeout)
    throw error(errc::timeout, silence);
  throw error(s.why());
}

bool client::link::lost() const {
  const auto others_live = [&] {
    const auto stats = all->try_cluster_stats();
    return stats && !stats->live_nodes.empty();
  };
  return abandoned || (*gone && (at_node || !all || !others_live()));
}

void client::link::begin_call(bool about_node) {
  at_node = about_node;
  if (lost())
    throw error(errc::not_started, "the connection to " + to_string(node) + " was lost");
}

void client::link::abandon(const std::string& what, const outcome& o) const {
  if (o.unknown)
    throw error(errc::outcome_unknown, what + "; " + o.unknown);
  throw error(lost() ? errc::not_started : errc::timeout, what);
}

void client::link::fail(const caf::error& why, const outcome& o) const {
  if (lost() && !(why && compat::is_ours(why)))
    abandon("the connection to " + to_string(node) + " was lost", o);
  if (why == caf::sec::request_timeout)
    abandon("no answer from " + to_string(node) + " within " + std::to_string(o.longest.count())
              + " ms",
            o);
  throw error(code_of(why), message_of(why));
}

client::client(const address& node, milliseconds timeout, const stopper& given_up, talks_to whom)
  : link_(link::open(node, timeout, given_up, whom)) {}

client::~client() { free_aside(std::move(link_)); }

bool client::lost() const noexcept { return link_->lost(); }
void client::set_timeout(milliseconds timeout) noexcept { link_->timeout = timeout; }

// -- about the cache -----------------------------------------------------------------------------

value client::stats(const std::string& section) {
  return link_->look_at_node<value>(stats_atom_v, section);
}
value client::config() { return link_->look_at_node<value>(config_atom_v); }
void client::set_config(const std::string& name, const std::string& text) {
  auto reply = link_->send_to_node<caf::unit_t>(link_->timeout, config_atom_v, name, text);
  link_->receive<caf::unit_t>(reply, {link_->timeout});
}
std::vector<value> client::names(const std::string& kind, const value& behind,
                                 const std::string& prefix, std::uint64_t limit) {
  return link_->look<value_list>(list_atom_v, kind, behind, prefix, limit);
}

client::rows_page client::next_page(const page_of& which, const value& from) {
  page p = link_->look<page>(page_atom_v, which.kind, which.name, from, which.prefix, which.limit,
                             which.keys_only);
  return {std::move(p.rows), std::move(p.next)};
}

// -- backups -------------------------------------------------------------------------------------

value client::snapshot_part(std::uint64_t index, std::uint64_t snapshot, std::uint64_t number) {
  return link_->look<value>(page_atom_v, index_atom_v, index, snapshot, number);
}
client::answer client::restore_ahead(std::uint64_t index, const operation& what) {
  return link_->ask_ahead<value>(apply_atom_v, index_atom_v, index, what);
}
value client::struct_keys() { return link_->look<value>(struct_atom_v, init_atom_v); }
void client::struct_init(const std::string& type, std::uint64_t field) {
  link_->ask<caf::unit_t>(struct_atom_v, init_atom_v, type, field);
}

// -- the cluster ---------------------------------------------------------------------------------

value client::administer(const std::string& what, value argument, milliseconds wait,
                         const char* unknown) {
  auto reply = link_->send_to_node<value>(wait, admin_atom_v, what, std::move(argument));
  try {
    return link_->receive<value>(reply, {wait, unknown, milliseconds{0}});
  } catch (const error& e) {
    const value options = e.code() == errc::invalid_argument ? config() : value{};
    const value* mode = options.is_map() ? options.find("cluster") : nullptr;
    if (mode && *mode == value{"local"})
      throw error(errc::invalid_argument, "the node at " + to_string(link_->node)
                                            + " is in no cluster: it runs with cluster = local");
    throw;
  }
}

value client::members() { return administer("members", {}, link_->timeout, nullptr); }
value client::placement() { return administer("partitions", {}, link_->timeout, nullptr); }
void client::leave(milliseconds longest) {
  administer("leave", longest.count(), longest + link_->timeout,
             "whether the node has left is unknown");
}
value client::sync(milliseconds longest) {
  return administer("sync", longest.count(), longest + link_->timeout,
                    "whether every partition has its copies is unknown");
}
void client::force_primary(std::uint64_t index) {
  administer("force-primary", static_cast<std::int64_t>(index), link_->timeout,
             "whether it happened is unknown");
}

} // namespace supercache::app
