#include "backing_up.hpp"

#include "cache_facts.hpp"

#include <supercache/store/backup.hpp>
#include <supercache/store/query.hpp>

#include <random>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

std::string_view text_of(const byte_buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
byte_view bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// What a node answers to `ask::snapshot`.
struct part {
  bool last = false;
  std::uint64_t records = 0, items = 0;
  value blocks;
  std::int64_t moment_ms = 0;

  explicit part(const value& x) {
    const bool fits = x.is_list() && x.items().size() == 5 && x.items()[0].is_bool()
                      && x.items()[1].is_int() && x.items()[2].is_int() && x.items()[3].is_string()
                      && x.items()[4].is_int();
    if (!fits)
      throw error(errc::malformed, "the node answers with a snapshot of another form");
    last = x.items()[0].as_bool();
    records = static_cast<std::uint64_t>(x.items()[1].as_int());
    items = static_cast<std::uint64_t>(x.items()[2].as_int());
    blocks = x.items()[3];
    moment_ms = x.items()[4].as_int();
  }
};

class maker {
public:
  maker(any_node& from, whole_file& to, const on_progress& progress)
    : from_(from), to_(to), progress_(progress) {}

  amount run(const std::string& program) {
    const cache_facts facts{from_};
    add(writer_.begin(about(facts, program)));
    done_.of_parts = facts.partitions;
    for (std::uint64_t p = 0; p < facts.partitions; ++p)
      partition(p);
    add(writer_.finish());
    return done_;
  }

private:
  value about(const cache_facts& facts, const std::string& program) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return value::map({{"created_ms", ms},
                       {"program", program},
                       {"partitions", facts.partitions},
                       {"table_type", facts.table_type},
                       {"key_pos", facts.key_pos},
                       {"partition_pos", facts.partition_pos},
                       {"structs", from_.ask([](client& c) { return c.struct_keys(); })}});
  }

  void add(const byte_buffer& bytes) {
    to_.write(text_of(bytes));
    done_.bytes = to_.size();
  }

  /// A partition that cannot be read to its end is read again from the start: its primary died, or
  /// more was overwritten than a snapshot keeps.
  void partition(std::uint64_t index) {
    constexpr int most_attempts = 10;
    const backup::writer writer = writer_;
    const amount before = done_;
    const std::uint64_t size = to_.size();
    for (int attempt = 1;; ++attempt) {
      const std::uint64_t id = random_();
      try {
        read(index, id);
        let_go(index, id);
        ++done_.parts;
        progress_(done_);
        return;
      } catch (const error& e) {
        let_go(index, id);
        from_.check();
        if (e.code() != errc::not_found || attempt == most_attempts)
          throw error(e.code(),
                      "partition " + std::to_string(index) + " cannot be read: " + e.what());
      }
      if (to_.size() > size && !to_.can_shrink())
        throw error(errc::io_error, "partition " + std::to_string(index)
                                      + " has to be read anew, and what was written of it cannot "
                                        "be taken back: write to a file");
      if (to_.size() > size)
        to_.shrink(size);
      writer_ = writer;
      done_ = before;
      from_.sleep_until(any_node::clock::now() + attempt * 200ms);
    }
  }

  void read(std::uint64_t index, std::uint64_t id) {
    for (std::uint64_t number = 0;; ++number) {
      const part p{ask(index, id, number)};
      if (number == 0)
        add(writer_.begin_part(index, p.moment_ms));
      const auto blocks = p.blocks.as_string();
      writer_.add(bytes_of(blocks), p.records, p.items);
      to_.write(blocks);
      done_.records += p.records;
      done_.items += p.items;
      done_.bytes = to_.size();
      progress_(done_);
      if (p.last)
        return;
    }
  }

  /// The node may be asked twice for one part, and gives the same answer. The error that too much
  /// was written meanwhile does not pass by waiting.
  value ask(std::uint64_t index, std::uint64_t id, std::uint64_t number) {
    return from_.ask([&](client& c) {
      try {
        return c.snapshot_part(index, id, number);
      } catch (const error& e) {
        if (e.code() == errc::overloaded)
          throw error(errc::not_found, e.what());
        throw;
      }
    });
  }

  /// Saves the node waiting until it takes the reader for gone.
  void let_go(std::uint64_t index, std::uint64_t id) noexcept {
    try {
      from_.now().snapshot_part(index, id, ask::snapshot::over);
    } catch (...) { // the node's timeout frees it
    }
  }

  any_node& from_;
  whole_file& to_;
  const on_progress& progress_;
  std::mt19937_64 random_{std::random_device{}()};
  backup::writer writer_;
  amount done_;
};

} // namespace

amount back_up(any_node& from, whole_file& to, const std::string& program,
               const on_progress& progress) {
  return maker{from, to, progress}.run(program);
}

} // namespace supercache::app
