#include "cluster_fixture.hpp"
#include "core.hpp"

#include <supercache/queue.hpp>

#include <atomic>

// Actors of a node that end, as by a defect of ours.

using namespace supercache;
using namespace fixture;
using namespace std::chrono_literals;

namespace {

/// Everything that some actor of the node takes part in.
class service {
public:
  explicit service(cluster& of) : nodes_(of), heard_(std::make_shared<std::atomic<int>>(0)) {
    listener_ = of.system(0).spawn(
      [heard = heard_](change_listener::pointer) -> change_listener::behavior_type {
        return {[heard](changes_atom, std::uint64_t, const std::vector<change>& what) {
          *heard += static_cast<int>(what.size());
        }};
      });
    of[0].watch({}, listener_);
  }
  ~service() { caf::anon_send_exit(listener_, caf::exit_reason::user_shutdown); }

  void works() {
    const value key{"key " + std::to_string(++round_)};
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      CHECK(nodes_[i].try_put(record{key, static_cast<std::int64_t>(i)}));
      CHECK(nodes_[i].try_get(key, {.mode = read_mode::primary}));
      CHECK(nodes_[i].try_get_by_match_object(any_partition, pattern{{key, any}},
                                              {.mode = read_mode::primary}));
    }
    const int before = *heard_;
    CHECK(nodes_[0].try_lazy_put(record{key, "late"}));
    CHECK(nodes_[0].try_flush());
    CHECK(eventually([&] { return *heard_ > before; }, 20s));
    CHECK(nodes_[1].queue("q").try_add(round_));
    const auto item = nodes_[0].queue("q").try_out_wait(20s);
    CHECK(item);
    caf::scoped_actor self{nodes_.system(0)};
    self->request(nodes_[0].actor(), caf::infinite, get_atom_v, key)
      .receive([](const record_list& rs) { CHECK(rs.size() == 1); },
               [](const caf::error& e) { FAIL(message_of(e)); });
  }

private:
  cluster& nodes_;
  std::shared_ptr<std::atomic<int>> heard_;
  change_listener listener_;
  int round_ = 0;
};

caf::actor named(const cache& c, const std::string& name) {
  for (const auto& [n, a] : c.internals().actors())
    if (n == name)
      return a;
  return {};
}

} // namespace

TEST_CASE("every actor of a node that is killed is replaced, and service goes on") {
  const log_lines log;
  auto o = cluster_options_with(replication_mode::sync);
  o.num_partition = 3;
  cluster nodes{o};
  service all{nodes};
  all.works();
  const auto before = nodes[0].internals().actors();
  REQUIRE(before.size() >= 3 + 1 + 1 + 2); // partitions, buffers, watches; flusher and monitor
  for (const auto& [name, actor] : before) {
    CAPTURE(name);
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    CHECK(eventually([&, n = name, a = actor] {
      const auto now = named(nodes[0], n);
      return now && now != a;
    }));
    all.works();
  }
  CHECK(log.has("the node monitor ended (kill), and is replaced"));
  CHECK_FALSE(log.has("cannot be reached"));
}

TEST_CASE("a caller that waits for an item at an actor that is killed is told so") {
  auto r = running{};
  caf::scoped_actor self{r.system};
  const auto home = r.c.partition_of(value{"q"});
  auto reply = self->request(r.c.actor(), caf::infinite, queue_atom_v, wait_atom_v,
                             std::string{"q"}, std::int64_t{60'000});
  std::this_thread::sleep_for(50ms);
  caf::anon_send_exit(r.c.partition(home), caf::exit_reason::kill);
  reply.receive([](const value&) { FAIL("there is no item"); },
                [](const caf::error& e) { CHECK(code_of(e) == errc::unavailable); });
  r.c.queue("q").add(1);
  CHECK(r.c.queue("q").out_wait(5s) == value{1});
}

TEST_CASE("nobody ends the cache by telling CACHE to exit") {
  auto r = running{};
  caf::anon_send_exit(r.c.actor(), caf::exit_reason::kill);
  caf::scoped_actor self{r.system};
  self->request(r.c.actor(), caf::infinite, put_atom_v, record{1, 2})
    .receive([] {}, [](const caf::error& e) { FAIL(message_of(e)); });
}
