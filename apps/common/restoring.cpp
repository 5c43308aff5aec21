#include "restoring.hpp"

#include "cache_facts.hpp"
#include "restore_writer.hpp"

#include <supercache/store/backup.hpp>
#include <supercache/store/query.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <set>

namespace supercache::app {

namespace {

/// Calls `visit` for each block of a file, and `progress` with the bytes read so far. Throws
/// `error` with a sentence that names the file.
void read_blocks(const std::filesystem::path& file, const backup::reader::visitor& visit,
                 const std::function<void(std::uint64_t, const backup::end&)>& progress) {
  constexpr std::size_t at_once = std::size_t{1} << 20;
  const auto unreadable = [&](const char* why) {
    return error(errc::io_error, "cannot read " + file.string() + ": " + why);
  };
  if (std::filesystem::is_directory(file))
    throw unreadable("it is a folder");
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  if (!in)
    throw unreadable(std::strerror(errno));
  backup::reader reader;
  byte_buffer buffer(at_once);
  const auto or_throw = [&](const status& s) {
    if (!s)
      throw error(s.why().code, file.string() + ' ' + s.why().message);
  };
  std::uint64_t bytes = 0;
  while (in.read(reinterpret_cast<char*>(buffer.data()), at_once), in.gcount() > 0) {
    const auto n = static_cast<std::size_t>(in.gcount());
    bytes += n;
    or_throw(reader.take(byte_view{buffer}.first(n), visit));
    progress(bytes, reader.totals());
  }
  if (in.bad())
    throw unreadable(std::strerror(errno));
  or_throw(reader.finish());
}

/// The differences between the cache of the backup and this one, in words.
std::string difference(const cache_facts& was, const cache_facts& is) {
  std::string all;
  const auto compare = [&](const char* name, const std::string& a, const std::string& b) {
    if (a != b)
      all += (all.empty() ? "" : ", ") + std::string{name} + ' ' + a + " where this one has " + b;
  };
  compare("table_type", was.table_type, is.table_type);
  compare("key_pos", std::to_string(was.key_pos), std::to_string(is.key_pos));
  compare("partition_pos", std::to_string(was.partition_pos), std::to_string(is.partition_pos));
  return all;
}

class restorer {
public:
  restorer(any_node& into, const std::filesystem::path& file, restore_into how,
           const on_restore_progress& progress)
    : into_(into), file_(file), how_(how), progress_(progress), is_(into) {}

  restored run() {
    check_file();
    const cache_facts was = fitting();
    if (how_ == restore_into::empty)
      require_empty();
    init_structs();
    try {
      put_back(was);
      count_collisions(was);
    } catch (const error& e) {
      throw error(e.code(), std::string{e.what()}
                              + "; a part of it is restored: the same with --replace begins anew, "
                                "with --merge it goes on");
    }
    return out_;
  }

private:
  /// Reads the whole file and changes nothing.
  void check_file() {
    amount seen;
    const auto look = [&](backup::block& b) {
      if (auto* h = std::get_if<backup::head>(&b))
        about_ = std::move(h->about);
      if (const auto* r = std::get_if<backup::rows>(&b); r && r->where.kind == space_kind::tuples)
        for (const auto& row : r->all)
          lasting_tuples_ += row.ttl_ms == 0;
      return supercache::ok();
    };
    read_blocks(file_, look, [&](std::uint64_t bytes, const backup::end& totals) {
      seen = {totals.parts, 0, totals.records, totals.items, bytes};
      progress_(true, seen);
    });
    out_.done = seen;
  }

  cache_facts fitting() {
    try {
      cache_facts was{about_};
      if (const auto why = difference(was, is_); !why.empty())
        throw error(errc::invalid_argument, "is of a cache with " + why);
      if (scattered(was) && was.keeps_many() && how_ == restore_into::merged)
        throw error(errc::invalid_argument,
                    "is of " + std::to_string(was.partitions)
                      + " partitions, in several of which a bag can have one key; it can be merged "
                        "only into as many, not into "
                      + std::to_string(is_.partitions));
      return was;
    } catch (const error& e) {
      throw error(e.code(), file_.string() + ' ' + e.what());
    }
  }

  /// Whether records of one key may come from several partitions and meet in one.
  bool scattered(const cache_facts& was) const {
    return was.key_pos != was.partition_pos && was.partitions != is_.partitions;
  }

  void require_empty() {
    std::mt19937_64 random{std::random_device{}()};
    for (std::uint64_t p = 0; p < is_.partitions; ++p) {
      const std::uint64_t id = random();
      const value x = into_.ask([&](client& c) {
        value first = c.snapshot_part(p, id, 0);
        c.snapshot_part(p, id, ask::snapshot::over);
        return first;
      });
      const auto has = [&](std::size_t i) {
        return x.is_list() && x.items().size() > i && x.items()[i] != value{0};
      };
      if (has(1) || has(2))
        throw error(
          errc::invalid_argument,
          "the cache is not empty; with --merge what is there stays, but for keys, queues "
          "and stacks that are in "
            + file_.string() + ", with --replace it is removed first");
    }
  }

  void init_structs() {
    const value* all = about_.find("structs");
    if (!all || !all->is_list())
      return;
    for (const value& x : all->items()) {
      if (!x.is_list() || x.items().size() != 2 || !x.items()[0].is_string()
          || !x.items()[1].is_int() || x.items()[1].as_int() < 0)
        throw error(errc::malformed,
                    file_.string() + " is damaged: it declares no struct type " + to_string(x));
      const std::string type{x.items()[0].as_string()};
      const auto field = static_cast<std::uint64_t>(x.items()[1].as_int());
      into_.ask([&](client& c) { c.struct_init(type, field); });
    }
  }

  void wipe(const std::set<std::uint64_t>& wanted) {
    restore_writer to{into_};
    for (std::uint64_t p = 0; p < is_.partitions; ++p)
      if (wanted.empty() || wanted.contains(p))
        to.send(p, {{}, op::wipe{}}, restore_writer::resets);
    to.finish();
  }

  using epoch_texts = std::vector<std::string>;
  /// The epoch of each partition: a later one may have lost what an earlier one acknowledged.
  epoch_texts epochs() {
    epoch_texts all(is_.partitions);
    if (!is_.async)
      return all;
    const value table = into_.ask([](client& c) { return c.placement(); });
    for (const value& row : table.items()) {
      const value *index = row.find("partition"), *epoch = row.find("epoch");
      if (index && epoch && index->is_int()
          && static_cast<std::uint64_t>(index->as_int()) < all.size())
        all[static_cast<std::size_t>(index->as_int())] = to_string(*epoch);
    }
    return all;
  }

  void put_back(const cache_facts& was) {
    constexpr int most_passes = 5;
    std::set<std::uint64_t> wanted; // empty: all
    for (int pass = 1;; ++pass) {
      const epoch_texts before = epochs();
      if (how_ == restore_into::replaced)
        wipe(wanted);
      std::set<std::uint64_t> again = one_pass(was, wanted);
      const epoch_texts after = epochs();
      for (std::uint64_t p = 0; p < is_.partitions; ++p)
        if (before[p] != after[p])
          again.insert(p);
      if (again.empty())
        return;
      if (pass == most_passes || (scattered(was) && was.keeps_many()))
        throw error(errc::unavailable, "the primaries of " + std::to_string(again.size())
                                         + " partitions changed meanwhile");
      wanted = std::move(again);
    }
  }

  /// Restores what belongs to these partitions. Returns those that lacked something which had been
  /// acknowledged.
  std::set<std::uint64_t> one_pass(const cache_facts& was, const std::set<std::uint64_t>& wanted) {
    restore_writer to{into_};
    restore_sorter sorter{to, was, is_, wanted, how_ == restore_into::merged};
    const auto put = [&](backup::block& b) {
      if (auto* r = std::get_if<backup::rows>(&b))
        sorter.add(*r);
      else if (auto* i = std::get_if<backup::items>(&b))
        sorter.add(*i);
      return supercache::ok();
    };
    read_blocks(file_, put, [&](std::uint64_t bytes, const backup::end& totals) {
      progress_(false, {totals.parts, is_.partitions, totals.records, totals.items, bytes});
    });
    sorter.finish();
    to.finish();
    if (!is_.async && !to.incomplete().empty())
      throw error(errc::not_found,
                  "somebody else took from a queue, stack or bag while it was restored");
    return to.incomplete();
  }

  /// With another number of partitions, records of one key from several may meet in one.
  void count_collisions(const cache_facts& was) {
    if (!scattered(was) || was.keeps_many() || how_ == restore_into::merged)
      return;
    const value stats = into_.ask([](client& c) { return c.stats("cache"); });
    const value* records = stats.is_map() ? stats.find("records") : nullptr;
    if (records && records->is_int()) {
      const auto there = static_cast<std::uint64_t>(records->as_int());
      out_.collided = lasting_tuples_ - std::min(there, lasting_tuples_);
    }
  }

  any_node& into_;
  const std::filesystem::path& file_;
  const restore_into how_;
  const on_restore_progress& progress_;
  const cache_facts is_;
  value about_ = value::map({});
  std::uint64_t lasting_tuples_ = 0; ///< tuples that do not expire
  restored out_;
};

} // namespace

restored restore(any_node& into, const std::filesystem::path& file, restore_into how,
                 const on_restore_progress& progress) {
  return restorer{into, file, how, progress}.run();
}

} // namespace supercache::app
