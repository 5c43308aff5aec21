#include "cluster.hpp"

#include "common/loopback.hpp"
#include "common/whole_file.hpp"
#include "texts.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <unistd.h>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

const char* word_of(cluster_settings::discovery d) {
  return d == cluster_settings::discovery::all    ? "all"
         : d == cluster_settings::discovery::file ? "provider"
                                                  : "nodes";
}

} // namespace

cluster::cluster(cluster_settings s) : settings_(std::move(s)) {
  for (const auto& name : settings_.nodes)
    add(name);
}

cluster::~cluster() = default;

cluster::node& cluster::at(const std::string& who) {
  const auto found = nodes_.find(who);
  if (found == nodes_.end())
    throw error(errc::not_found, "there is no node '" + who + "'");
  return found->second;
}
const cluster::node& cluster::at(const std::string& who) const {
  return const_cast<cluster*>(this)->at(who);
}

// -- processes ------------------------------------------------------------------------------------

fs::path cluster::log_of(const std::string& who) const { return settings_.folder / (who + ".log"); }
fs::path cluster::list_of(const std::string& who) const {
  return settings_.folder / (who + ".peers");
}

/// The nodes as `who` finds them: the others at the ends of its wires.
std::string cluster::peers_of(const std::string& who, const char* separator) {
  std::string text;
  for (const auto& [name, n] : nodes_)
    if (n.member && name != who
        && (settings_.found_by != cluster_settings::discovery::all
            || name == settings_.nodes.front()))
      append_listed(text, name + "@127.0.0.1:" + std::to_string(network_.add(who, name, n.port)),
                    separator);
  return text;
}

/// Each list is replaced in one step, so that no node reads half of one. The list of a node that is
/// alone names the node itself: a node whose list is empty waits for another.
void cluster::write_lists() {
  const auto found_by = [this](const std::string& name, std::uint16_t port) {
    const auto others = peers_of(name, "\n");
    return others.empty() ? name + "@127.0.0.1:" + std::to_string(port) : others;
  };
  for (const auto& [name, n] : nodes_) {
    const fs::path to = list_of(name);
    if (n.found == list::gone) {
      fs::remove(to);
      continue;
    }
    whole_file out{to};
    out.write(n.found == list::whole     ? found_by(name, n.port) + '\n'
              : n.found == list::garbled ? "<html>502 Bad Gateway</html>\n"
                                         : "");
    out.commit();
  }
}

std::vector<std::string> cluster::words_for(const std::string& who, const node_options& more) {
  const auto number = [](std::size_t n) { return std::to_string(n); };
  node_options words{{"cluster", "distributed"},
                     {"node.name", who},
                     {"port", number(at(who).port)},
                     {"num_partition", number(settings_.partitions)},
                     {"replication_factor", number(settings_.factor)},
                     {"replication_mode", settings_.mode},
                     {"node_monitor.source", word_of(settings_.found_by)},
                     {"cluster_peers", peers_of(who, ",")}};
  if (settings_.found_by == cluster_settings::discovery::file) {
    words.emplace_back("node_monitor.provider", list_of(who).string());
    words.emplace_back("node_monitor.refresh_ms", "100ms");
  }
  for (const node_options* given : {&std::as_const(settings_.options), &more})
    for (const auto& option : *given) {
      std::erase_if(words, [&](const auto& w) { return w.first == option.first; });
      words.push_back(option);
    }
  std::vector<std::string> out{settings_.binary.string()};
  for (const auto& [name, text] : words)
    if (!text.empty())
      out.push_back(joined(names{"--" + name, text}, "="));
  return out;
}

void cluster::launch(const std::string& who, const node_options& more) {
  node& n = at(who);
  write_lists();
  n.control = std::make_unique<control>(address{"127.0.0.1", n.port});
  n.serves = n.paused = false;
  n.process = std::make_unique<child>(words_for(who, more), log_of(who));
}

void cluster::start(const names& who, const node_options& more, milliseconds longest) {
  const auto until = clock::now() + longest;
  names started;
  for (const auto& name : who)
    if (!running(name)) {
      launch(name, more);
      started.push_back(name);
    }
  for (const auto& name : started) {
    node& n = at(name);
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now());
    const auto line = n.process->read_line(std::max(left, 1ms));
    n.serves = line && line->find("\"ready\"") != std::string::npos;
    if (!n.serves)
      throw error(errc::timeout, n.process->wait(1s)
                                   ? "node " + name + " ended: " + last_words(name)
                                   : "node " + name + " did not say that it serves");
  }
}

std::string cluster::start_refused(const std::string& who, const node_options& more,
                                   milliseconds longest) {
  launch(who, more);
  const auto status = at(who).process->wait(longest);
  at(who).process = nullptr;
  if (!status)
    throw error(errc::invalid_argument, "node " + who + " went on instead of refusing to start");
  if (*status == 0)
    throw error(errc::invalid_argument, "node " + who + " ended with status 0");
  return last_words(who);
}

std::string cluster::last_words(const std::string& who) const {
  std::ifstream log{log_of(who)};
  std::string last;
  for (std::string line; std::getline(log, line);)
    if (!line.empty())
      last = line;
  return last.empty() ? "it said nothing" : last;
}

void cluster::kill(const std::string& who) {
  node& n = at(who);
  if (!running(who))
    throw error(errc::invalid_argument, "node " + who + " does not run");
  n.process->kill();
  n.process = nullptr;
}

void cluster::pause(const std::string& who) {
  if (!running(who))
    throw error(errc::invalid_argument, "node " + who + " does not run");
  at(who).process->send(SIGSTOP);
  at(who).paused = true;
}

void cluster::resume(const std::string& who) {
  if (!running(who))
    throw error(errc::invalid_argument, "node " + who + " does not run");
  at(who).process->send(SIGCONT);
  at(who).paused = false;
}

void cluster::stop(const std::string& who, milliseconds longest) {
  if (!running(who))
    throw error(errc::invalid_argument, "node " + who + " does not run");
  node& n = at(who);
  n.process->send(SIGTERM);
  const auto status = n.process->wait(longest);
  if (!status)
    throw error(errc::timeout,
                "node " + who + " did not end within " + std::to_string(longest.count()) + " ms");
  n.process = nullptr;
  if (*status != 0)
    throw error(errc::internal, "node " + who + " ended with status " + std::to_string(*status)
                                  + ": " + last_words(who));
}

void cluster::add(const std::string& who) {
  node& n = nodes_[who];
  n.member = true;
  if (n.port)
    return write_lists();
  do
    n.port = fixed_free_port();
  while (std::ranges::count_if(nodes_, [&](const auto& x) { return x.second.port == n.port; }) > 1);
  write_lists();
}

void cluster::forget(const std::string& who) {
  at(who).member = false;
  write_lists();
}

void cluster::set_discovery(const std::string& who, list l) {
  at(who).found = l;
  write_lists();
}

// -- questions ------------------------------------------------------------------------------------

names cluster::all() const {
  names out;
  for (const auto& [name, n] : nodes_)
    out.push_back(name);
  return out;
}

names cluster::awake() const {
  names out;
  for (const auto& [name, n] : nodes_)
    if (running(name) && !n.paused && n.serves)
      out.push_back(name);
  return out;
}

bool cluster::running(const std::string& who) const {
  const node& n = at(who);
  return n.process && n.process->running();
}

target cluster::where(const std::string& who) const { return {who, {"127.0.0.1", at(who).port}}; }

std::size_t cluster::memory_of(const std::string& who) const {
  if (!running(who))
    throw error(errc::invalid_argument, "node " + who + " does not run");
  std::ifstream in{"/proc/" + std::to_string(at(who).process->pid()) + "/statm"};
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void cluster::wire(const names& from, const names& to, flow f, bool one_way) {
  for (const auto& x : from)
    for (const auto& y : to)
      if (x != y) {
        network_.set(x, y, f);
        if (!one_way)
          network_.set(y, x, f);
      }
}

value cluster::ask(const std::string& who, const std::string& what, const value& argument,
                   milliseconds wait) {
  return at(who).control->ask(what, argument, wait);
}

namespace {

/// A member of a map in an answer.
const value& part(const value& of, const char* name) {
  const value* x = of.find(name);
  if (!x)
    throw error(errc::malformed, std::string{"a node's answer has no '"} + name + "'");
  return *x;
}

names texts(const value& list) {
  names out;
  for (const value& x : list.items())
    out.emplace_back(x.as_string());
  return out;
}

} // namespace

std::vector<partition_view> cluster::partitions(const std::string& who) {
  std::vector<partition_view> out;
  const value rows = ask(who, "partitions", {}, 2s);
  for (const value& row : rows.items()) {
    partition_view p;
    if (const value& primary = part(row, "primary"); primary.is_string())
      p.primary = std::string{primary.as_string()};
    p.epoch = part(row, "epoch").as_int();
    p.last = part(row, "last").as_int();
    p.commit = part(row, "commit").as_int();
    p.records = part(row, "records").as_int();
    p.replicas = texts(part(row, "replicas"));
    p.lost = texts(part(row, "lost"));
    p.coming = texts(part(row, "coming"));
    out.push_back(std::move(p));
  }
  return out;
}

names cluster::members(const std::string& who) {
  names out;
  const value rows = ask(who, "members", {}, 2s);
  for (const value& row : rows.items()) {
    const auto state = part(row, "state").as_string();
    if (state == "here" || state == "up" || state == "suspect" || state == "leaving")
      out.emplace_back(part(row, "node").as_string());
  }
  return out;
}

std::optional<std::string> cluster::primary_of(std::size_t partition) {
  std::optional<std::string> out;
  std::int64_t epoch = -1;
  for (const auto& name : awake())
    try {
      const auto views = partitions(name);
      const auto& p = views.at(partition);
      if (p.primary && p.epoch > epoch) {
        epoch = p.epoch;
        out = p.primary;
      }
    } catch (const error&) { // it may be busy ending
    }
  return out;
}

} // namespace supercache::app
