#include <supercache/cluster/requests.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace supercache;

namespace {

constexpr member_id me = 1, b = 2, c = 3;

/// A node in the middle of others, as a test says.
struct around final : surroundings {
  bool here_leads = false, here_serves = false, here_lags = false;
  member_id primary = 0;
  member_list members{{"me", me}, {"b", b}, {"c", c}};
  std::set<member_id> reached{b, c};

  bool leads(std::size_t) const override { return here_leads; }
  bool serves(std::size_t) const override { return here_serves; }
  bool lags(std::size_t) const override { return here_lags; }
  member_id primary_of(std::size_t) const override { return primary; }
  member_list members_of(std::size_t) const override { return members; }
  bool reaches(member_id m) const override { return reached.contains(m); }
  std::int64_t round_trip_ms(member_id) const override { return 5; }
  std::string name_of(member_id m) const override { return m == b ? "b" : "c"; }
  failure no_primary(std::size_t) const override { return {errc::unavailable, "nobody leads"}; }
};

request_options options() {
  request_options o;
  o.self = {"me", me};
  o.partitions = 4;
  o.first_call = 1'000;
  return o;
}

struct caller {
  around there;
  requests core{options(), there};
  request_effects out;
  std::vector<result<value>> written;
  std::vector<result<answer>> found;
  std::int64_t now = 10'000;

  void write(operation_body what = op::remove{"k"}, std::int64_t timeout_ms = 3'000) {
    core.write(
      2, {{}, std::move(what)}, now + timeout_ms, [this](result<value> x) { written.push_back(x); },
      now, out);
    answer_callers();
  }
  void read(read_mode mode, std::int64_t timeout_ms = 3'000) {
    core.read(
      2, {{}, ask::get{{"k"}}}, mode, now + timeout_ms, false,
      [this](result<answer> x) { found.push_back(x); }, now, out);
    answer_callers();
  }
  /// Lets time pass; calls back those that are answered.
  void wait(std::int64_t ms) {
    now += ms;
    core.tick(now, out);
    answer_callers();
  }
  void answer_callers() {
    const auto answered = std::remove_if(out.begin(), out.end(), [](auto& e) {
      if (auto* w = std::get_if<effect::answer_write>(&e))
        w->done(w->answer);
      else if (auto* r = std::get_if<effect::answer_read>(&e))
        r->done(r->answer);
      else
        return false;
      return true;
    });
    out.erase(answered, out.end());
  }
  /// What of this kind there is to do; the rest is dropped.
  template <class Effect>
  std::vector<Effect> take() {
    std::vector<Effect> all;
    for (auto& e : out)
      if (auto* x = std::get_if<Effect>(&e))
        all.push_back(*x);
    out.clear();
    return all;
  }
  frame::request sent() {
    const auto all = take<effect::send>();
    REQUIRE(all.size() == 1);
    return std::get<frame::request>(all[0].what);
  }
  frame::question asked(member_id whom) {
    const auto all = take<effect::send>();
    REQUIRE(all.size() == 1);
    CHECK(all[0].to == whom);
    return std::get<frame::question>(all[0].what);
  }
  void reply(call_id id, failure why, value x = {}) {
    core.on(b, {id, std::move(why), {{1, b}, 7}, std::move(x)}, now, out);
    answer_callers();
  }
  void reply(call_id id, value x) { reply(id, {errc::none, {}}, std::move(x)); }
  void found_at(member_id who, call_id id, failure why, std::int64_t x, log_index last = 1) {
    frame::found f{id, std::move(why), {{{1, b}, last}, {there.members, {}, 0, false}}, {}};
    f.what.one = value{x};
    core.on(who, std::move(f), now, out);
    answer_callers();
  }
};

const failure nothing{errc::none, {}};
const failure not_primary{errc::not_primary, "not here"};

} // namespace

TEST_CASE("a write that a peer will never take fails, unless an earlier attempt may have done it") {
  caller x;
  x.there.primary = b;
  x.write();
  x.core.denied(x.sent().id, {errc::overloaded, "no room"}, x.out);
  x.answer_callers();
  REQUIRE(x.written.size() == 1);
  CHECK(x.written[0].why().code == errc::overloaded);
  x.write();
  const auto first = x.sent();
  x.wait(1'100);                                                 // the attempt counts as lost
  x.core.denied(first.id, {errc::overloaded, "no room"}, x.out); // too late to mean anything
  x.core.denied(x.sent().id, {errc::overloaded, "no room"}, x.out);
  x.answer_callers();
  REQUIRE(x.written.size() == 2);
  CHECK(x.written[1].why().code == errc::outcome_unknown);
}

TEST_CASE("an attempt to write much counts as lost later") {
  caller x;
  x.there.primary = b;
  x.write(op::put{record{"k", std::string(std::size_t{64} << 20, 'x')}, 0}, 60'000);
  (void)x.sent();
  x.wait(8'000);
  CHECK(x.take<effect::send>().empty());
  x.wait(2'000);
  CHECK(x.take<effect::send>().size() == 1);
}

TEST_CASE(
  "what waits for its next attempt is tried at once when a node is reached, and only that") {
  caller x;
  x.write();
  x.read(read_mode::primary);
  CHECK(x.take<effect::send>().empty()); // nobody leads
  x.there.primary = b;
  x.core.retry_all(x.now, x.out);
  CHECK(x.take<effect::send>().size() == 2);
  x.core.retry_all(x.now, x.out); // both are under way
  CHECK(x.take<effect::send>().empty());
  x.wait(3'000);
  x.core.retry_all(x.now, x.out); // and over
  CHECK(x.take<effect::send>().empty());
  CHECK(x.written.size() == 1);
  CHECK(x.found.size() == 1);
}

TEST_CASE("a write is tried here when this node leads, and answered with what came of it") {
  caller u;
  u.there.here_leads = true;
  u.write();
  const auto tries = u.take<effect::try_write>();
  REQUIRE(tries.size() == 1);
  CHECK(tries[0].partition == 2);
  CHECK(tries[0].who.client == 0);
  u.core.tried(tries[0].id, {partition_core::beginning::done, {}, 1, {}, false}, u.now, u.out);
  u.answer_callers();
  REQUIRE(u.written.size() == 1);
  CHECK(*u.written[0] == value{1});
  CHECK(u.core.under_way() == 0);
}

TEST_CASE("the answer of a write that waits for a majority may come before it is known to wait") {
  caller u;
  u.there.here_leads = true;
  u.write();
  const auto id = u.take<effect::try_write>().at(0).id;
  u.core.done_here(id, value{1}, u.now, u.out);
  u.core.tried(id, {partition_core::beginning::waits, {}, 1, {}, false}, u.now, u.out);
  u.answer_callers();
  CHECK(u.written.size() == 1);
  CHECK(u.core.under_way() == 0);
}

TEST_CASE("a write that is not answered is sent again under the same request id") {
  caller u;
  u.there.primary = b;
  u.write();
  const auto first = u.sent();
  CHECK(first.who.client == me);
  u.wait(900);
  CHECK(u.take<effect::send>().empty()); // still patient
  u.wait(200);
  const auto second = u.sent();
  CHECK(second.who == first.who);
  CHECK(second.id != first.id);
  u.reply(first.id, 1); // the first one was done after all
  CHECK(u.written.size() == 1);
  CHECK(u.take<effect::wrote>().size() == 1);
}

TEST_CASE("a request says which earlier ones its client has the answers of") {
  caller u;
  u.there.primary = b;
  u.write();
  const auto first = u.sent();
  u.write();
  const auto second = u.sent();
  CHECK(second.who.number == first.who.number + 1);
  CHECK(second.who.done == first.who.number - 1);
  u.reply(first.id, 1);
  u.out.clear();
  u.write();
  CHECK(u.sent().who.done == second.who.number - 1);
}

TEST_CASE("a node that does not lead is asked again after a while, or the one that leads then") {
  caller u;
  u.there.primary = b;
  u.write();
  u.reply(u.sent().id, not_primary);
  CHECK(u.take<effect::retry>().size() == 1);
  u.there.primary = c;
  u.wait(25);
  const auto all = u.take<effect::send>();
  REQUIRE(all.size() == 1);
  CHECK(all[0].to == c);
}

TEST_CASE("the verdict at the deadline says what is known") {
  SUBCASE("nothing was done") {
    caller u;
    u.write();
    u.wait(3'000);
    REQUIRE(u.written.size() == 1);
    CHECK(u.written[0].why() == failure{errc::unavailable, "nobody leads within the deadline"});
  }
  SUBCASE("an attempt is under way") {
    caller u;
    u.there.primary = b;
    u.write(op::remove{"k"}, 500);
    u.wait(500);
    CHECK(u.written.at(0).why().code == errc::outcome_unknown);
  }
  SUBCASE("an earlier attempt was lost") {
    caller u;
    u.there.primary = b;
    u.write();
    u.there.primary = 0;
    u.there.reached.clear();
    u.wait(25);
    u.wait(3'000);
    CHECK(u.written.at(0).why().code == errc::outcome_unknown);
  }
  SUBCASE("it waits for a majority here") {
    caller u;
    u.there.here_leads = true;
    u.write();
    u.core.tried(u.take<effect::try_write>().at(0).id,
                 {partition_core::beginning::waits, {}, 1, {}, false}, u.now, u.out);
    u.wait(3'000);
    CHECK(u.written.at(0).why().code == errc::quorum_not_reached);
  }
}

TEST_CASE("a refusal stands only if no earlier attempt can have been done") {
  caller u;
  u.there.primary = b;
  u.write();
  const auto first = u.sent();
  u.wait(1'100);
  const auto second = u.sent();
  u.reply(first.id, not_primary); // of the earlier attempt: the present one goes on
  CHECK(u.written.empty());
  u.reply(second.id, {errc::type_mismatch, "not a number"});
  CHECK(u.written.at(0).why().code == errc::outcome_unknown);

  u.write();
  u.reply(u.sent().id, {errc::type_mismatch, "not a number"});
  CHECK(u.written.at(1).why().code == errc::type_mismatch);
}

TEST_CASE("a local read asks the primary if this copy lacks what callers here wrote") {
  caller u;
  u.there.here_lags = true;
  u.there.primary = b;
  u.read(read_mode::local);
  const auto q = u.asked(b);
  CHECK(q.at_primary);
  u.found_at(b, q.id, nothing, 5);
  CHECK(u.found.at(0)->one == value{5});
}

TEST_CASE("a local read asks any member while there is no primary") {
  caller u;
  u.read(read_mode::local);
  const auto q = u.asked(b);
  CHECK_FALSE(q.at_primary);
}

TEST_CASE("a read here that is refused is asked elsewhere at once") {
  caller u;
  u.there.here_leads = true;
  u.read(read_mode::primary);
  const auto tries = u.take<effect::try_read>();
  REQUIRE(tries.size() == 1);
  u.there.here_leads = false;
  u.there.primary = c;
  u.core.read_here(tries[0].id, not_primary, {}, u.now, u.out);
  CHECK(u.asked(c).at_primary);
}

TEST_CASE("a read by quorum is answered by the newest of a majority") {
  caller u;
  u.read(read_mode::quorum);
  CHECK(u.out.size() == 3); // this node, b and c
  const auto id = u.take<effect::try_read>().at(0).id;
  u.found_at(c, id, {errc::unavailable, "no copy"}, 0);
  u.found_at(b, id, nothing, 4, 4);
  CHECK(u.found.empty());
  answer mine;
  mine.one = value{3};
  u.core.read_here(id, mine, {{{1, b}, 3}, {u.there.members, {}, 0, false}}, u.now, u.out);
  u.answer_callers();
  CHECK(u.found.at(0)->one == value{4});
}

TEST_CASE("a read by quorum without enough members says how many there were") {
  caller u;
  u.there.reached.clear();
  u.read(read_mode::quorum, 100);
  u.wait(100);
  CHECK(u.found.at(0).why().code == errc::quorum_not_reached);
  CHECK(u.found.at(0).why().message
        == "partition 2 has 3 members, of which 1 can be reached and 0 answered; that is too few "
           "within the deadline");
}

TEST_CASE("a stop answers all that is under way, and nothing begins any more") {
  caller u;
  u.there.primary = b;
  u.write();
  u.read(read_mode::quorum);
  u.out.clear();
  u.core.stop(u.out);
  u.answer_callers();
  CHECK(u.written.at(0).why().code == errc::outcome_unknown);
  CHECK(u.found.at(0).why().code == errc::not_started);
  CHECK(u.core.under_way() == 0);
  u.out.clear();
  u.write();
  CHECK(u.written.at(1).why().code == errc::not_started);
}

TEST_CASE("what no frame can carry is refused before it is sent") {
  CHECK(requests::check_size({{}, op::put{{"k", std::string(1000, 'x')}}}));
  const value large{std::string(std::size_t{400} << 20, 'x')};
  CHECK(requests::check_size({{}, op::push{{large, large}}}));
  CHECK(requests::check_size({{}, op::push{{large, large, large}}}).why().code == errc::too_large);
}
