#include "support/arbitrary.hpp"
#include "support/checks.hpp"
#include "support/hex.hpp"
#include "support/workload.hpp"

#include <supercache/store/backup.hpp>

#include <doctest/doctest.h>

#include <fstream>

using namespace supercache;

namespace {

/// One of each kind of block.
byte_buffer example() {
  backup::writer w;
  byte_buffer all = w.begin(value::map({{"created_ms", 1}, {"table_type", "set"}}));
  const auto append
    = [&](const byte_buffer& more) { all.insert(all.end(), more.begin(), more.end()); };
  append(w.begin_part(3, 1'000));
  byte_buffer blocks;
  const record soon = record{"k", 7}.with_deadline(1'050), ever{"l", value::tuple({2.5})};
  backup::write_rows({space_kind::kv, "ü"}, std::vector{soon, ever}, 1'000, blocks);
  backup::write_items({space_kind::stack, "\xff"}, 4, value_list{1, nullptr}, blocks);
  w.add(blocks, 2, 2);
  append(blocks);
  append(w.begin_part(4, -5));
  append(w.finish());
  return all;
}

std::string golden(const std::string& name) {
  std::ifstream file(GOLDEN_DIR "/backup.txt");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name + ": "))
      return line.substr(name.size() + 2);
  return {};
}

/// Reads it, `step` bytes at a time; answers the result, and how many blocks there were.
std::pair<status, std::size_t> read(byte_view all, std::size_t step = SIZE_MAX) {
  backup::reader r;
  std::size_t blocks = 0;
  const auto count = [&](backup::block&) {
    ++blocks;
    return ok();
  };
  while (!all.empty()) {
    const auto n = std::min(step, all.size());
    if (auto s = r.take(all.first(n), count); !s)
      return {s, blocks};
    all = all.subspan(n);
  }
  return {r.finish(), blocks};
}

std::string why_not(byte_view all) {
  const auto [s, blocks] = read(all);
  return s ? "read" : s.why().message;
}

} // namespace

TEST_CASE("backup: its bytes are what they were in earlier releases") {
  const std::string wanted = golden("version 1");
  REQUIRE(!wanted.empty());
  CHECK(hex::of(example()) == wanted);
}

TEST_CASE("backup: written blocks are read, in pieces of any size") {
  const byte_buffer all = hex::parse(golden("version 1"));
  for (const std::size_t step : {1UL, 2UL, 7UL, 100UL, 100'000UL}) {
    const auto [s, blocks] = read(all, step);
    CHECK(s.ok());
    CHECK(blocks == 6);
  }
  backup::reader r;
  std::vector<backup::block> blocks;
  REQUIRE(r.take(all,
                 [&](backup::block& b) {
                   blocks.push_back(std::move(b));
                   return ok();
                 })
            .ok());
  CHECK(std::get<backup::head>(blocks[0]).about
        == value::map({{"created_ms", 1}, {"table_type", "set"}}));
  CHECK(std::get<backup::part>(blocks[1]).index == 3);
  CHECK(std::get<backup::part>(blocks[1]).moment_ms == 1'000);
  const auto& rows = std::get<backup::rows>(blocks[2]);
  CHECK(rows.where == space{space_kind::kv, "ü"});
  CHECK(
    rows.all
    == std::vector<op::restore::row>{{record{"k", 7}, 50}, {record{"l", value::tuple({2.5})}, 0}});
  const auto& items = std::get<backup::items>(blocks[3]);
  CHECK(items.where == space{space_kind::stack, "\xff"});
  CHECK(items.behind == 4);
  CHECK(items.all == value_list{1, nullptr});
  CHECK(std::get<backup::part>(blocks[4]).moment_ms == -5);
  CHECK(std::get<backup::end>(blocks[5]) == backup::end{2, 2, 2});
}

TEST_CASE("backup: an incomplete one is recognised") {
  const byte_buffer all = example();
  for (std::size_t n = 1; n < all.size(); ++n) {
    const auto why = why_not(byte_view{all}.first(n));
    CHECK_MESSAGE(why.starts_with("is only a part of a backup: it ends after " + std::to_string(n)
                                  + " bytes, with "),
                  why);
  }
  CHECK(why_not({}) == "is no backup: it is empty");
  byte_buffer more = all;
  more.push_back(0xc4);
  CHECK(why_not(more)
        == "is damaged: there is more behind its end, at byte " + std::to_string(all.size()));
}

TEST_CASE("backup: one with a changed byte is refused") {
  const byte_buffer all = example();
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const int flip : {1, 0x80, 0xff}) {
      byte_buffer broken = all;
      broken[i] = static_cast<std::uint8_t>(broken[i] ^ flip);
      CAPTURE(i);
      CHECK_FALSE(read(broken).first.ok());
    }
}

TEST_CASE("backup: newer ones and other files are refused in one sentence") {
  byte_buffer newer = example();
  const auto version = std::ranges::find(newer, std::uint8_t{0x01});
  *version = 0x02;
  CHECK(why_not(newer)
        == "is a backup of format 2; this program reads formats up to 1: take a newer one");
  for (const std::string text : {"key,value\n1,2\n", "\xc4", "\xc4\x05zzzzz",
                                 "\xc6\xff\xff\xff\xffzz", "{\"a\":1}", "\x93\x01\x02\x03"}) {
    const auto why = why_not({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    const bool none = why == "is no backup of a SuperCache" || text == "\xc4";
    CHECK_MESSAGE(none, why);
  }
}

TEST_CASE("backup: random changes to its bytes neither crash nor take memory without bound") {
  workload::dice d{workload::seed(5)};
  const byte_buffer all = example();
  for (std::size_t i = 0; i < workload::scaled(20'000); ++i) {
    byte_buffer broken = all;
    for (std::size_t n = 1 + d.below(4); n > 0; --n)
      broken[d.below(broken.size())] = static_cast<std::uint8_t>(d.bits());
    if (d.chance(30))
      broken.resize(1 + d.below(broken.size()));
    static_cast<void>(read(broken, 1 + d.below(50)));
  }
}

TEST_CASE("backup: any records and items come back as they were") {
  arbitrary::check_property([](const std::vector<record>& rows, const value_list& items) {
    backup::writer w;
    byte_buffer all = w.begin({});
    const auto append
      = [&](const byte_buffer& more) { all.insert(all.end(), more.begin(), more.end()); };
    append(w.begin_part(0, 0));
    byte_buffer blocks;
    backup::write_rows({}, rows, 0, blocks);
    backup::write_items({space_kind::queue, "q"}, 0, items, blocks);
    w.add(blocks, rows.size(), items.size());
    append(blocks);
    append(w.finish());
    backup::reader r;
    const auto look = [&](backup::block& b) {
      if (const auto* x = std::get_if<backup::rows>(&b)) {
        RC_ASSERT(x->all.size() == rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i)
          RC_ASSERT(x->all[i].what == rows[i]);
      }
      if (const auto* x = std::get_if<backup::items>(&b))
        RC_ASSERT(x->all == items);
      return ok();
    };
    RC_ASSERT(r.take(all, look).ok());
    RC_ASSERT(r.finish().ok());
  });
}

TEST_CASE("backup: a writer can go back to the state of its copy") {
  backup::writer w;
  byte_buffer all = w.begin({});
  const backup::writer before = w;
  static_cast<void>(w.begin_part(1, 2));
  w.add(byte_buffer{1, 2, 3}, 5, 6);
  w = before;
  for (const byte_buffer& more : {w.begin_part(7, 8), w.finish()})
    all.insert(all.end(), more.begin(), more.end());
  CHECK(read(all).first.ok());
  CHECK(w.totals() == backup::end{1, 0, 0});
}
