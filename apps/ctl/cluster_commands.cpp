#include "cluster_view.hpp"
#include "command.hpp"
#include "common/output.hpp"
#include "common/table.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace supercache::app {

namespace {

using side = table_text::side;
using names = std::vector<std::string>;

// -- what there is -------------------------------------------------------------------------------

void print_members(const std::vector<member_row>& members) {
  table_text table{
    {{"node"}, {"state"}, {"address"}, {"primaries", side::right}, {"replicas", side::right}}};
  for (const member_row& m : members)
    table.add({m.node, m.state, m.address, count_text(m.primaries), count_text(m.replicas)});
  table.print(std::cout);
  const auto gone = unreachable_of(members);
  const auto left = std::ranges::count(members, "left", &member_row::state);
  if (members.front().state == "waiting") {
    std::cout << "node " << members.front().node
              << " waits for its first list of nodes, and takes part in nothing until then; see "
                 "cluster-stats\n";
    return;
  }
  std::cout << amount_text(members.size() - static_cast<std::size_t>(left), "member", "members");
  if (gone.empty())
    std::cout << ", all reachable\n";
  else
    std::cout << ", unreachable: " << names_text(gone) << '\n';
}

int show_members(session& s) {
  const value all = s.node().members();
  if (s.now.json)
    print_json(all);
  else
    print_members(members_from(all));
  return ok;
}

/// `b, c (down), d (restarted)`: the copies that exist, and the lost ones, in order.
std::string copies_text(const names& there, const names& lost, const names& present) {
  names out = there;
  for (const auto& n : lost)
    out.push_back(n
                  + (std::ranges::find(present, n) == present.end() ? " (down)" : " (restarted)"));
  std::ranges::sort(out);
  return names_text(out);
}

/// `without a primary: 3, 5`; empty when there are none.
std::string those(const std::string& what, const std::vector<partition_row>& all,
                  bool (*chosen)(const partition_row&)) {
  names numbers;
  for (const partition_row& p : all)
    if (chosen(p))
      numbers.push_back(std::to_string(p.partition));
  return numbers.empty() ? "" : "; " + what + ": " + names_text(numbers);
}

void print_partitions(const std::vector<partition_row>& all,
                      const std::vector<member_row>& members) {
  const auto present = present_of(members), gone = unreachable_of(members);
  table_text table{{{"partition", side::right},
                    {"primary"},
                    {"replicas"},
                    {"coming"},
                    {"epoch", side::right},
                    {"written", side::right},
                    {"committed", side::right},
                    {"records", side::right}}};
  for (const partition_row& p : all)
    table.add({std::to_string(p.partition), p.primary.empty() ? "none" : p.primary,
               copies_text(p.replicas, p.lost, present), names_text(p.coming), count_text(p.epoch),
               count_text(p.last), count_text(p.commit), count_text(p.records)});
  table.print(std::cout);
  const auto headless
    = those("without a primary", all, [](const partition_row& p) { return p.primary.empty(); });
  const auto filling
    = those("being copied", all, [](const partition_row& p) { return !p.coming.empty(); });
  std::cout << amount_text(all.size(), "partition", "partitions")
            << (headless.empty() ? ", all with a primary" : headless) << filling << '\n';
  if (!gone.empty())
    std::cout << "unreachable: " << names_text(gone) << '\n';
}

int show_partitions(session& s) {
  const value all = s.node().placement();
  if (s.now.json)
    print_json(all);
  else
    print_partitions(partitions_from(all), members_from(s.node().members()));
  return ok;
}

void print_cluster(const value& stats, const std::vector<partition_row>& partitions) {
  const auto line = [](const char* title, const std::string& text) {
    std::cout << std::left << std::setw(14) << title << printable(text) << '\n';
  };
  const auto list = [&](const char* name) {
    names out;
    if (const value x = member(stats, name); x.is_list())
      for (const value& n : x.items())
        out.push_back(text_of(n));
    return out;
  };
  const auto wanted = whole_of(stats, "replication_factor");
  std::uint64_t headless = 0, filling = 0, thin = 0, records = 0;
  for (const partition_row& p : partitions) {
    headless += p.primary.empty();
    filling += !p.coming.empty();
    thin += p.replicas.size() + !p.primary.empty() < wanted;
    records += p.records;
  }
  line("node", text_of(member(stats, "node")));
  line("replication", text_of(member(stats, "replication_mode")) + ", "
                        + amount_text(wanted, "copy", "copies") + " of each record");
  line("live", names_text(list("live_nodes")));
  line("unreachable", names_text(list("unreachable"), "none"));
  if (const value why = member(stats, "waits_for"); why.is_string() && !why.as_string().empty())
    line("waits", "for its first list of nodes: " + text_of(why));
  line("discarded", amount_text(whole_of(stats, "discarded"), "write", "writes"));
  line("partitions", std::to_string(whole_of(stats, "partitions")) + ": " + std::to_string(headless)
                       + " without a primary, " + std::to_string(filling) + " being copied"
                       + (thin ? ", " + std::to_string(thin) + " with fewer copies" : ""));
  line("on this node",
       amount_text(whole_of(stats, "primaries_here"), "primary", "primaries") + ", "
         + amount_text(whole_of(stats, "replicas_here"), "replica", "replicas")
         + (partitions.empty() ? "" : ", " + amount_text(records, "record", "records")));
}

int show_cluster(session& s) {
  const value stats = s.node().stats("cluster");
  std::vector<partition_row> partitions;
  if (text_of(member(stats, "mode")) != "local")
    partitions = partitions_from(s.node().placement());
  if (s.now.json)
    print_json(stats);
  else
    print_cluster(stats, partitions);
  return ok;
}

// -- what steers it ------------------------------------------------------------------------------

/// Declares how long a command waits for its effect.
std::shared_ptr<std::int64_t> waiting_option(CLI::App& app) {
  auto ms = std::make_shared<std::int64_t>(30'000);
  app.add_option("--for", *ms, "How long to wait for it in milliseconds; default 30000")
    ->check(whole_number(1, 86'400'000))
    ->type_name("MS");
  return ms;
}

int sync(session& s, client::milliseconds longest) {
  const value found = s.node().sync(longest);
  const auto copies = whole_of(found, "copies"), wanted = whole_of(found, "asked_for");
  std::vector<std::pair<value, value>> all{{"synced", true}};
  if (copies < wanted) {
    all.emplace_back("copies", member(found, "copies"));
    all.emplace_back("asked_for", member(found, "asked_for"));
  }
  if (s.now.json)
    print_json(value::map(std::move(all)));
  else if (copies < wanted)
    std::cout << "every partition has a primary and " << amount_text(copies, "copy", "copies")
              << " of the " << wanted << " asked for: the cluster has no more nodes\n";
  else
    std::cout << "every partition has a primary and all its copies\n";
  return ok;
}

/// The node's own name: every node lists itself first.
std::string own_name(session& s) {
  const auto members = members_from(s.node().members());
  return members.empty() ? std::string{} : members.front().node;
}

int leave(session& s, client::milliseconds longest) {
  const auto name = own_name(s);
  s.node().leave(longest);
  if (s.now.json)
    print_json(value::map({{"left", name}}));
  else
    std::cout << "node " << printable(name)
              << " left the cluster; the others have all its data. It can be stopped now, or "
                 "started anew to join again\n";
  return ok;
}

struct force_words {
  std::uint64_t partition = 0;
  bool sure = false;
};

/// What forcing a primary would do.
std::string warning(const partition_row& p, const std::string& self, const names& present) {
  names others = p.replicas;
  if (!p.primary.empty())
    others.push_back(p.primary);
  std::erase(others, self);
  return "partition " + std::to_string(p.partition) + ": making node " + self
         + " its primary gives up every write that its other members ("
         + copies_text(others, p.lost, present) + ") acknowledged and node " + self
         + " did not receive, and what they still accept; do it only if a majority of them is "
           "lost for good. Nothing was done; --yes does it";
}

int force(session& s, const force_words& w) {
  const auto all = partitions_from(s.node().placement());
  const auto members = members_from(s.node().members());
  const auto name = members.empty() ? std::string{} : members.front().node;
  const auto at = std::ranges::find(all, w.partition, &partition_row::partition);
  if (at == all.end())
    throw usage_error("there is no partition " + std::to_string(w.partition)
                      + "; they are numbered from 0 to " + std::to_string(all.size() - 1));
  const bool writable = !at->primary.empty() && at->replicas.size() + 1 > at->lost.size();
  if (!w.sure && !writable) {
    complain(program, warning(*at, name, present_of(members)));
    return failed;
  }
  // The node itself reports it when there is nothing to force.
  s.node().force_primary(w.partition);
  if (s.now.json)
    print_json(
      value::map({{"partition", static_cast<std::int64_t>(w.partition)}, {"primary", name}}));
  else
    std::cout << "node " << printable(name) << " is the primary of partition " << w.partition
              << " now, with the data it has\n";
  return ok;
}

action build_force(CLI::App& app, call& c) {
  auto w = std::make_shared<force_words>();
  app.add_option("PARTITION", w->partition, "Its number, as `partitions` shows it")
    ->required()
    ->check(whole_number(0, 4095))
    ->type_name("");
  app.add_flag("--yes", w->sure, "Do it; without, the command says what may be lost");
  app.footer("A last resort for a partition whose majority is lost for good. The node that is "
             "asked has to have a copy;\nthe one with the most `written` in `partitions` loses "
             "least. Ask one node only.");
  return [w, &s = c.in] { return force(s, *w); };
}

/// A command without words of its own.
command plain(std::string name, std::string summary, std::string footer, int (*run)(session&)) {
  return {std::move(name),
          std::move(summary),
          [footer = std::move(footer), run](CLI::App& app, call& c) {
            app.footer(footer);
            return action{[run, &s = c.in] { return run(s); }};
          },
          {},
          {}};
}

/// A command that waits for its effect.
command patient(std::string name, std::string summary, std::string footer,
                int (*run)(session&, client::milliseconds)) {
  return {std::move(name),
          std::move(summary),
          [footer = std::move(footer), run](CLI::App& app, call& c) {
            app.footer(footer);
            auto ms = waiting_option(app);
            return action{[ms, run, &s = c.in] { return run(s, client::milliseconds{*ms}); }};
          },
          {},
          {}};
}

} // namespace

command members_command() {
  return plain(
    "members", "Lists the nodes of the cluster and what each of them has",
    "States: here (the node that is asked), waiting (it has never had a list of nodes), up, "
    "suspect (it is silent, and soon is down), down (it "
    "cannot be\nreached), leaving, left, undeclared (it is connected, but this node was not told "
    "that it is a member).\nIt is the view of one node; another may see others.",
    show_members);
}
command partitions_command() {
  return plain("partitions", "Lists the partitions: their primary, replicas and progress",
               "written, committed: entries in the log of the copy on the node that is asked, and "
               "how many of them a\nmajority has. records: tuples in that copy. coming: nodes that "
               "are being sent a copy.",
               show_partitions);
}
command cluster_stats_command() {
  return plain("cluster-stats", "Prints an overview of the cluster",
               "discarded: writes that only the node that is asked had, given up since it started "
               "for those of a\nlater primary.",
               show_cluster);
}
command sync_command() {
  return patient(
    "sync", "Waits until every partition has a primary and all its copies",
    "Copies: as many as replication_factor asks for, or one on every node of a cluster that "
    "has\nfewer. Fails if they are not there within that time, and says what is "
    "missing.",
    sync);
}
command leave_command() {
  return patient("leave", "Makes the node give its data to the others and leave the cluster",
                 "The node goes on running, without data, until it is stopped. SIGTERM does both.",
                 leave);
}
command force_primary_command() {
  return {"force-primary",
          "Makes the node the primary of a partition that lost its majority",
          build_force,
          {},
          {}};
}

} // namespace supercache::app
