#include <supercache/cluster/sessions.hpp>
#include <supercache/store/wire_fields.hpp>

#include <doctest/doctest.h>

using namespace supercache;

namespace {

sessions read_back(const sessions& s) {
  byte_buffer bytes;
  wire_writer w{bytes};
  encode(w, s);
  wire_reader r{bytes};
  sessions copy = decode<sessions>(r);
  CHECK(r.finish().ok());
  return copy;
}

} // namespace

TEST_CASE("the answer to a request is kept until its client has it") {
  sessions s;
  CHECK(s.find({5, 1, 0}) == nullptr);
  s.done({5, 1, 0}, 10, "one", 100);
  s.done({5, 2, 0}, 11, "two", 100);
  REQUIRE(s.find({5, 1, 0}));
  CHECK(s.find({5, 1, 0})->answer == value{"one"});
  CHECK(s.find({5, 1, 0})->index == 10);
  CHECK_FALSE(s.over({5, 1, 0}));
  CHECK(s.find({6, 1, 0}) == nullptr);
  s.done({5, 3, 1}, 12, "three", 100);
  CHECK(s.find({5, 1, 1}) == nullptr);
  CHECK(s.over({5, 1, 1}));
  CHECK(s.find({5, 2, 1}));
  CHECK(s.size() == 2);
}

TEST_CASE("the number up to which a client has its answers never falls") {
  sessions s;
  s.done({5, 4, 3}, 10, 1, 100);
  s.done({5, 5, 1}, 11, 2, 100); // sent before, came later
  CHECK(s.over({5, 3, 0}));
  CHECK(s.find({5, 4, 0}));
  CHECK(s.find({5, 5, 0}));
}

TEST_CASE("a request that its client is done with leaves nothing behind") {
  sessions s;
  s.done({5, 2, 2}, 10, 1, 100);
  CHECK(s.size() == 0);
  CHECK(s.over({5, 2, 2}));
}

TEST_CASE("a client is forgotten after an hour of the log's time") {
  sessions s;
  s.done({5, 1, 0}, 1, 1, 0);
  s.done({6, 1, 0}, 2, 1, sessions::idle_ms / 2);
  s.expire(sessions::idle_ms - 1);
  CHECK(s.find({5, 1, 0}));
  s.expire(2 * sessions::idle_ms - sessions::idle_ms / 2 - 1);
  CHECK_FALSE(s.find({5, 1, 0}));
  CHECK(s.find({6, 1, 0}));
}

TEST_CASE("sessions are the same after a transfer") {
  sessions s;
  s.done({5, 1, 0}, 10, value::list({1, "two", true}), 100);
  s.done({5, 7, 0}, 11, {}, 110);
  s.done({9, 3, 2}, 12, 1.5, 120);
  s.expire(200'000);
  CHECK(read_back(s) == s);
  CHECK(read_back({}) == sessions{});
}

TEST_CASE("sessions from a cut transfer are an error") {
  sessions s;
  s.done({5, 1, 0}, 10, "answer", 100);
  s.done({6, 1, 0}, 11, "answer", 100);
  byte_buffer bytes;
  wire_writer w{bytes};
  encode(w, s);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    wire_reader r{byte_view{bytes}.first(n)};
    (void)decode<sessions>(r);
    CHECK_FALSE(r.finish().ok());
  }
}
