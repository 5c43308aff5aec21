#include "command.hpp"
#include "common/output.hpp"
#include "common/progress.hpp"
#include "common/restoring.hpp"
#include "common/table.hpp"
#include "interruption.hpp"

#include <supercache/version.hpp>

#include <algorithm>
#include <iostream>

// backup, restore: everything in a cache.

namespace supercache::app {

namespace {

double share_of(std::uint64_t part, std::uint64_t all) {
  return all ? std::min(1.0, static_cast<double>(part) / static_cast<double>(all)) : 1;
}

/// What was moved, as the end of a sentence or as members of an object.
void report(const session& s, const std::string& did, const std::string& file, const amount& a,
            double seconds) {
  if (s.now.json) {
    print_json(value::map({{"file", file},
                           {"partitions", a.parts},
                           {"records", a.records},
                           {"items", a.items},
                           {"bytes", a.bytes},
                           {"seconds", seconds}}));
  } else {
    std::cout << did << ' ' << amount_text(a.records, "record", "records") << " and "
              << amount_text(a.items, "item", "items") << " of queues and stacks, "
              << bytes_text(static_cast<double>(a.bytes)) << ", in " << time_text(seconds * 1e9)
              << ", " << rate_text(a.bytes, seconds) << '\n';
  }
}

/// Requires a file that can be shortened, or read twice.
void require_file(const std::string& name, const char* why) {
  if (name.empty())
    throw usage_error("FILE is empty");
  if (name == "-")
    throw usage_error(std::string{"FILE is -, a stream; "} + why);
}

// -- backup --------------------------------------------------------------------------------------

int back_up_to(session& s, const std::string& file) {
  require_file(file, "when a node dies, what was read of a partition has to be taken back");
  const interruption tidy;
  any_node node{s.now.node, s.now.timeout, interruption::check};
  whole_file out{file};
  progress bar{"backing up", 0};
  const auto tell = [&](const amount& a) {
    bar.update_share(a.records + a.items, a.bytes, share_of(a.parts, a.of_parts));
  };
  const amount done = back_up(node, out, std::string{program} + ' ' + SUPERCACHE_VERSION, tell);
  out.commit();
  const double seconds = bar.seconds();
  bar.clear();
  report(s, "backed up", file, done, seconds);
  return ok;
}

action build_backup(CLI::App& app, call& c) {
  auto file = std::make_shared<std::string>();
  app.add_option("FILE", *file, "File to write")->required()->type_name("");
  app.footer(
    "Writes everything: tuples, namespaces, queues, stacks and structs, with their times to live, "
    "of all partitions\nof the cluster. Each partition is as it was at one moment; others go on "
    "writing. When a node dies, its\npartitions are read from the next one. FILE takes its place "
    "when it is whole: if that fails, or is\ninterrupted, the old one stays.");
  return [file, &s = c.in] { return back_up_to(s, *file); };
}

// -- restore -------------------------------------------------------------------------------------

struct restore_words {
  std::string file;
  bool merge = false, replace = false;
};

int restore_from(session& s, const restore_words& w) {
  if (w.merge && w.replace)
    throw usage_error("--merge and --replace exclude each other");
  require_file(w.file, "it is read twice, once to be checked");
  const auto how = w.merge     ? restore_into::merged
                   : w.replace ? restore_into::replaced
                               : restore_into::empty;
  std::error_code unknown;
  const auto size = std::filesystem::file_size(w.file, unknown);
  const std::uint64_t all = unknown ? 0 : size;
  const interruption tidy;
  any_node node{s.now.node, s.now.timeout, interruption::check};
  progress checking{"checking", 0};
  std::optional<progress> restoring;
  const auto tell = [&](bool checks, const amount& a) {
    if (!checks && !restoring) {
      checking.clear();
      restoring.emplace("restoring", 0);
    }
    (checks ? checking : *restoring)
      .update_share(a.records + a.items, a.bytes, share_of(a.bytes, all));
  };
  const restored r = restore(node, w.file, how, tell);
  const double seconds = checking.seconds();
  restoring.reset();
  checking.clear();
  report(s, "restored", w.file, r.done, seconds);
  if (r.collided == 0)
    return ok;
  complain(program, amount_text(r.collided, "record", "records")
                      + " took the place of others with the same key, which had been in another "
                        "partition and are in the same one now");
  return failed;
}

action build_restore(CLI::App& app, call& c) {
  auto w = std::make_shared<restore_words>();
  app.add_option("FILE", w->file, "File that backup wrote")->required()->type_name("");
  app.add_flag("--merge", w->merge,
               "Keep what is there; keys, queues and stacks of FILE take the place of their "
               "namesakes");
  app.add_flag("--replace", w->replace, "Remove all that is there before");
  app.footer(
    "Puts back all that is in FILE, into a cache that is empty unless --merge or --replace says "
    "otherwise. It may\nhave other nodes and partitions than the one that was backed up, but the "
    "same table_type, key_pos and\npartition_pos. Records live as long as they had left when they "
    "were backed up. Nothing is changed before all\nof FILE has been checked. It goes on when a "
    "node dies; one that broke off can be begun again.");
  return [w, &s = c.in] { return restore_from(s, *w); };
}

} // namespace

command backup_command() {
  return {"backup", "Writes everything in the cache to a file", build_backup, {}, {}};
}
command restore_command() {
  return {"restore", "Puts back what backup wrote", build_restore, {}, {}};
}

} // namespace supercache::app
