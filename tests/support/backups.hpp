#pragma once

#include <supercache/store/backup.hpp>
#include <supercache/store/partition_store.hpp>

#include <doctest/doctest.h>

#include <algorithm>

/// Reads snapshots of stores, and restores them.
namespace backups {

using namespace supercache;

/// The next part of a snapshot.
struct taken {
  bool last = false;
  std::uint64_t records = 0, items = 0;
  byte_buffer blocks;
};
inline taken take(partition_store& from, std::uint64_t id, std::uint64_t number, std::size_t budget,
                  std::int64_t now_ms) {
  const auto got = from.ask({{}, ask::snapshot{id, number, budget}}, stamp{now_ms});
  REQUIRE_MESSAGE(got.ok(), (got.ok() ? "" : got.why().message));
  const auto x = got->one.items();
  const auto bytes = x[3].as_string();
  return {x[0].as_bool(),
          static_cast<std::uint64_t>(x[1].as_int()),
          static_cast<std::uint64_t>(x[2].as_int()),
          {bytes.begin(), bytes.end()}};
}

/// A backup of one partition that is made part by part.
class file {
public:
  explicit file(std::int64_t moment_ms) {
    append(writer_.begin(value::map({})));
    append(writer_.begin_part(0, moment_ms));
  }
  void add(const taken& part) {
    writer_.add(part.blocks, part.records, part.items);
    append(part.blocks);
  }
  byte_buffer whole() {
    append(writer_.finish());
    return bytes_;
  }

private:
  void append(const byte_buffer& more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }
  backup::writer writer_;
  byte_buffer bytes_;
};

/// Restores a backup into a store, as it was at `moment_ms`.
inline void restore(const byte_buffer& whole, partition_store& to, std::int64_t moment_ms) {
  const stamp now{moment_ms};
  backup::reader reader;
  const auto put = [&](backup::block& b) -> status {
    result<value> done = value{};
    if (auto* r = std::get_if<backup::rows>(&b))
      done = to.apply({r->where, op::restore{std::move(r->all), 0}}, now);
    if (auto* i = std::get_if<backup::items>(&b))
      done = to.apply({i->where, op::extend{std::move(i->all), i->behind}}, now);
    return done ? supercache::ok() : status{done.why()};
  };
  const auto taken = reader.take(whole, put);
  REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.why().message));
  REQUIRE(reader.finish().ok());
}

} // namespace backups
