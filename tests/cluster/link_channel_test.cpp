#include "support/workload.hpp"

#include <supercache/cluster/frame_assembly.hpp>
#include <supercache/cluster/link_core.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

// Two cores, and between them a connection that loses nothing and keeps the order, but takes its
// time; and, now and then, breaks.

using namespace supercache;
using workload::dice;
using does = link_core::turn::kind;

namespace {

/// Where an item comes from. Each source is in order; heartbeats pass the others.
enum source : std::uint8_t { outbox, partition, heartbeat, sources };

/// An item says what it is: its source, its number, its length; and its bytes depend on these.
byte_buffer item_of(source from, std::uint64_t number, std::size_t length) {
  byte_buffer out;
  wire_writer w{out};
  w.number(from);
  w.number(number);
  w.number(length);
  for (std::size_t i = 0; i < length; ++i)
    out.push_back(static_cast<std::uint8_t>(number * 31 + i * 7 + i / 256));
  return out;
}

/// A frame on its way.
struct frame_sent {
  byte_buffer bytes;
  std::int64_t sent_ms = 0;
  bool passes = false; ///< a heartbeat, or nothing but a confirmation
};

class side {
public:
  side(const link_options& o, dice& d) : bounds_(o), d_(d), core(o), assembly_(o.frame) {}

  void open(std::uint64_t session, bool dialled) {
    assembly_.forget(core.session());
    core.open(session, dialled);
    next_ = {};
    expected_ = {};
    on_way.clear(); // those before are with the channel
    passed_ = 0;
    latest_ = 0;
  }

  void put(std::int64_t now) {
    now_ = now;
    const auto refused = core.waiting() > bounds_.outbox;
    const bool taken
      = core.put(item_of(outbox, next_[outbox], length()), d_.chance(60), bounds_.outbox);
    REQUIRE(taken == !refused);
    next_[outbox] += taken;
  }

  void beat(std::int64_t now) {
    now_ = now;
    // What is with the network before it, other heartbeats aside.
    std::size_t before = 0;
    for (const frame_sent& f : on_way)
      before += f.passes ? 0 : f.bytes.size();
    REQUIRE(before <= bounds_.window);
    auto bytes = core.beat(item_of(heartbeat, next_[heartbeat], 3), now);
    if (bytes.empty())
      return;
    ++next_[heartbeat];
    send(std::move(bytes), true);
  }

  /// As a link does; perhaps with items of partitions.
  void flush(std::int64_t now) {
    now_ = now;
    for (bool more = true; more;) {
      auto t = core.next(now);
      if (t.is == does::gather) {
        gather(t);
        t = core.finish(std::move(t), now);
      }
      if (t.is == does::post)
        send(std::move(t.now.bytes), false);
      more = t.is == does::post && t.more;
    }
  }

  /// The first frame on its way from the peer arrives.
  void take(const frame_sent& f, side& from, std::int64_t now) {
    wire_reader r{f.bytes};
    const auto h = frame::decode_header(r);
    REQUIRE(r.ok());
    const auto a = core.received(h, f.bytes.size(), now);
    REQUIRE(a != link_core::arrival::impossible);
    if (a == link_core::arrival::late)
      return;
    from.latest_ = std::max(from.latest_, f.sent_ms);
    REQUIRE(core.proven_ms() <= latest_);
    if (h.left == 0)
      return read(r.rest());
    auto whole = assembly_.add(h.session, h.left, r.rest());
    REQUIRE(whole.ok());
    if (*whole)
      read(**whole);
  }

  /// Whether all that the peer sent has come.
  bool has_all_of(const side& from) const { return expected_ == from.next_; }

private:
  std::size_t length() {
    const auto most = d_.chance(5) ? 20 * bounds_.window : d_.chance(20) ? bounds_.window : 40;
    return d_.below(static_cast<std::size_t>(most));
  }

  void gather(link_core::turn& t) {
    for (std::size_t room = t.room; !rests && d_.chance(50);) {
      const auto from = t.now.bytes.size();
      const auto x = item_of(partition, next_[partition]++, length());
      t.now.bytes.insert(t.now.bytes.end(), x.begin(), x.end());
      t.took(from, d_.chance(60), 0);
      if (x.size() > room)
        return;
      room -= x.size();
    }
  }

  void send(byte_buffer bytes, bool beats) {
    wire_reader r{bytes};
    const auto h = frame::decode_header(r);
    REQUIRE(h.session == core.session());
    REQUIRE(bytes.size() <= bounds_.piece);
    const bool passes = beats || r.at_end();
    passed_ += passes ? bytes.size() : 0;
    if (!passes)
      REQUIRE(core.unconfirmed() <= bounds_.window);
    REQUIRE(core.unconfirmed() <= bounds_.window + passed_);
    on_way.push_back({std::move(bytes), now_, passes});
  }

  void read(byte_view items) {
    wire_reader r{items};
    while (!r.at_end()) {
      const auto from = static_cast<source>(r.number_below(sources, "source"));
      const auto number = r.number();
      const auto length = r.number();
      REQUIRE(r.ok());
      REQUIRE(number == expected_[from]++);
      const auto wanted = item_of(from, number, length);
      REQUIRE(r.rest().size() >= length);
      REQUIRE(std::equal(wanted.end() - static_cast<std::ptrdiff_t>(length), wanted.end(),
                         r.rest().begin()));
      r = wire_reader{r.rest().subspan(length)};
    }
  }

  const link_options bounds_;
  dice& d_;

public:
  link_core core;
  std::deque<frame_sent> on_way; ///< of the present session
  bool rests = false;            ///< partitions have nothing any more

private:
  frame_assembly assembly_;
  std::array<std::uint64_t, sources> next_{}, expected_{};
  std::uint64_t passed_ = 0; ///< bytes that need no room in the window
  std::int64_t now_ = 0;
  std::int64_t latest_ = 0; ///< when a frame that has arrived at the peer left, the latest of them
};

class pair_of_nodes {
public:
  pair_of_nodes(const link_options& o, dice& d) : d_(d), a_(o, d), b_(o, d) { meet(); }

  void act() {
    now_ += static_cast<std::int64_t>(d_.below(20));
    auto& [x, y] = d_.chance(50) ? ab_ : ba_;
    switch (d_.below(8)) {
      case 0:
      case 1: x.put(now_); break;
      case 2: x.beat(now_); break;
      case 3: x.flush(now_); break;
      default: deliver(x, y);
    }
    if (d_.chance(1) && d_.chance(30))
      meet();
  }

  /// Nothing new, heartbeats included: what waits has to leave and arrive all the same.
  void come_to_rest() {
    a_.rests = b_.rests = true;
    for (side* s : {&a_, &b_}) { // the side that was dialled waits for a word
      s->beat(now_);
      while (deliver(a_, b_) || deliver(b_, a_)) {}
    }
    for (int rounds = 0; !all_left(); ++rounds) {
      REQUIRE(rounds < 1'000);
      a_.flush(now_); // as a link does after a while
      b_.flush(now_);
      while (deliver(a_, b_) || deliver(b_, a_)) {}
    }
    REQUIRE(a_.has_all_of(b_));
    REQUIRE(b_.has_all_of(a_));
  }

private:
  /// A new session: the connection before it has broken. What is on its way arrives too late.
  void meet() {
    for (side* s : {&a_, &b_})
      for (frame_sent& f : s->on_way)
        (s == &a_ ? late_to_b_ : late_to_a_).push_back(std::move(f));
    ++session_;
    a_.open(session_, false);
    b_.open(session_, true);
  }

  /// A frame of `from` arrives, and what it causes leaves. Answers whether there was one.
  bool deliver(side& from, side& to) {
    auto& late = &to == &a_ ? late_to_a_ : late_to_b_;
    if (!late.empty() && d_.chance(50)) {
      to.take(late.front(), from, now_);
      late.pop_front();
    }
    if (from.on_way.empty())
      return false;
    const auto f = std::move(from.on_way.front());
    from.on_way.pop_front();
    to.take(f, from, now_);
    if (to.core.owes_confirmation() || to.core.may_go_on() || !to.core.awaits_answers())
      to.flush(now_);
    return true;
  }

  bool all_left() const {
    return std::ranges::all_of(std::array{&a_, &b_}, [](const side* s) {
      return s->core.waiting() == 0 && !s->core.is_leaving();
    });
  }

  dice& d_;
  side a_, b_;
  std::pair<side&, side&> ab_{a_, b_}, ba_{b_, a_};
  std::deque<frame_sent> late_to_a_, late_to_b_;
  std::uint64_t session_ = 0;
  std::int64_t now_ = 1'000;
};

/// So small that everything happens often.
link_options small_bounds(dice& d) {
  link_options o;
  o.piece_least = 40 + d.below(60);
  o.item = o.piece_least + d.below(200);
  o.piece = 2 * o.item + d.below(100);
  o.owed = 60 + d.below(300); // more than what only confirms, or confirming would have no end
  o.window = o.piece + o.owed + d.below(2 * o.piece);
  o.outbox = d.below(5'000);
  return o;
}

void run(std::uint64_t seed, bool small, int acts) {
  CAPTURE(seed);
  dice d{seed};
  pair_of_nodes nodes{small ? small_bounds(d) : link_options{}, d};
  for (int i = 0; i < acts; ++i)
    nodes.act();
  nodes.come_to_rest();
}

} // namespace

TEST_CASE("every byte arrives once and in order, no more than a window is unconfirmed, and no "
          "heartbeat is behind more than that") {
  const auto first = workload::seed(1);
  for (std::uint64_t s = first; s < first + workload::scaled(1'000); ++s)
    run(s, true, 1'000);
}

TEST_CASE("the same holds with the bounds that links have") {
  const auto first = workload::seed(1);
  for (std::uint64_t s = first; s < first + workload::scaled(20); ++s)
    run(s, false, 300);
}
