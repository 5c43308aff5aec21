#pragma once

#include "support/arbitrary.hpp"

#include <supercache/cluster/membership.hpp>
#include <supercache/cluster/messages.hpp>

/// Random messages for rapidcheck: every field with any content.
namespace arbitrary {

/// Draws one after the other, so that a message is written as a list of fields.
class draw {
public:
  std::uint64_t number() const { return *rc::gen::arbitrary<std::uint64_t>(); }
  std::int64_t time() const { return *rc::gen::arbitrary<std::int64_t>(); }
  bool flag() const { return *rc::gen::arbitrary<bool>(); }
  std::string text() const { return *texts(); }
  byte_buffer bytes() const { return *rc::gen::arbitrary<byte_buffer>(); }
  std::size_t below(std::size_t n) const { return *rc::gen::inRange<std::size_t>(0, n); }
  supercache::epoch epoch() const { return {number(), number()}; }
  supercache::position position() const { return {epoch(), number()}; }
  transfer_id transfer() const { return {epoch(), number()}; }
  member_list members() const {
    return list<member>([&] { return member{text(), number()}; });
  }
  epoch_list epochs() const {
    return list<supercache::position>([&] { return position(); });
  }
  transfer_point point() const {
    if (flag())
      return {{}, {}, true};
    return {{static_cast<space_kind>(below(5)), text()}, *values(2), false};
  }
  entry_batch batch() const {
    entry_batch b;
    b.runs = list<entry_batch::run>([&] { return entry_batch::run{epoch(), number()}; });
    b.bytes = bytes();
    return b;
  }
  template <class T, class F>
  std::vector<T> list(F&& one) const {
    std::vector<T> out;
    for (std::size_t n = below(4); n > 0; --n)
      out.push_back(one());
    return out;
  }
};

inline message any_message() {
  const draw d;
  switch (d.below(std::variant_size_v<message>)) {
    case 0:
      return vote_request{d.epoch(), d.position(), d.flag(),  d.flag(),
                          d.flag(),  d.members(),  d.number()};
    case 1: return vote_reply{d.epoch(), d.flag(), d.flag(), d.epoch(), d.flag(), d.position()};
    case 2: return append{d.epoch(), d.position(), d.number(), d.time(), d.batch()};
    case 3: {
      progress_report r{d.epoch(), d.flag(), d.number(), d.position(), d.flag(),
                        d.flag(),  {},       d.flag(),   {},           d.number()};
      r.transfer = d.transfer();
      if (r.installing)
        r.at = d.point();
      return r;
    }
    case 4: {
      install_snapshot f;
      f.epoch = d.epoch();
      f.transfer = d.transfer();
      f.begin = d.flag();
      f.at = d.position();
      f.epochs = d.epochs();
      f.commit = d.number();
      f.time_ms = d.time();
      f.stamp_ms = d.time();
      f.who = {d.members(), d.members(), d.number(), d.flag()};
      f.who_index = d.number();
      f.from = d.point();
      f.to = d.point();
      f.piece = d.bytes();
      f.sessions = d.bytes();
      return f;
    }
    case 5: return take_over{d.epoch()};
    default: return retire{d.epoch(), d.number()};
  }
}

inline claim any_claim() {
  const draw d;
  return {d.number(), d.epoch(), d.flag(), d.flag(), d.members(), d.members()};
}

} // namespace arbitrary
