#include "settings.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

// The table of options: for each its name, type, range and help, and how it is read and written.

namespace supercache::detail {

std::string_view trim(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
}

std::string joined(const std::vector<std::string>& xs) {
  std::string out;
  for (const auto& x : xs)
    out += (out.empty() ? "" : ",") + x;
  return out;
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

namespace {

template <class T>
std::optional<T> number(std::string_view s) {
  T x{};
  const auto [stop, wrong] = std::from_chars(s.data(), s.data() + s.size(), x);
  if (wrong != std::errc{} || stop != s.data() + s.size())
    return {};
  return x;
}

/// "250", "250ms", "2s", "1min"; plain numbers are milliseconds.
std::optional<std::chrono::milliseconds> duration(std::string_view s) {
  const auto unit = s.find_first_not_of("0123456789");
  const auto n = number<std::int64_t>(s.substr(0, unit));
  if (!n || *n > 1'000'000'000'000)
    return {};
  const auto name = unit == std::string_view::npos ? "ms" : s.substr(unit);
  const std::pair<std::string_view, std::int64_t> units[]
    = {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}};
  for (const auto& [text, factor] : units)
    if (name == text)
      return std::chrono::milliseconds{*n * factor};
  return {};
}

std::vector<std::string> list(std::string_view s) {
  if (s.starts_with('[') && s.ends_with(']'))
    s = s.substr(1, s.size() - 2);
  std::vector<std::string> out;
  while (!s.empty()) {
    const auto comma = s.find(',');
    auto item = trim(s.substr(0, comma));
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"')
      item = item.substr(1, item.size() - 2);
    if (!item.empty())
      out.emplace_back(item);
    s = comma == std::string_view::npos ? std::string_view{} : s.substr(comma + 1);
  }
  return out;
}

// -- makers of fields: `at` finds the member in the options -------------------------------------

template <class At>
field integer(std::string name, std::int64_t low, std::int64_t high, std::string help, At at) {
  return {{std::move(name), "integer", std::to_string(low) + " to " + std::to_string(high),
           std::move(help)},
          [=](options& o, std::string_view s) {
            const auto x = number<std::int64_t>(s);
            if (x && *x >= low && *x <= high)
              at(o) = static_cast<std::remove_reference_t<decltype(at(o))>>(*x);
            return x && *x >= low && *x <= high;
          },
          [=](const options& o) { return std::to_string(at(const_cast<options&>(o))); }};
}

template <class At>
field fraction(std::string name, std::string help, At at) {
  return {{std::move(name), "number", "0.0 to 1.0", std::move(help)},
          [=](options& o, std::string_view s) {
            const auto x = number<double>(s);
            if (x && *x >= 0 && *x <= 1)
              at(o) = *x;
            return x && *x >= 0 && *x <= 1;
          },
          [=](const options& o) { // the shortest text that reads back as the same number
            char digits[32];
            const auto end
              = std::to_chars(digits, digits + sizeof digits, at(const_cast<options&>(o))).ptr;
            return std::string{digits, end};
          }};
}

template <class At>
field flag(std::string name, std::string help, At at) {
  return {{std::move(name), "on/off", "true, false", std::move(help)},
          [=](options& o, std::string_view s) {
            at(o) = s == "true" || s == "on" || s == "yes";
            return at(o) || s == "false" || s == "off" || s == "no";
          },
          [=](const options& o) -> std::string {
            return at(const_cast<options&>(o)) ? "true" : "false";
          }};
}

template <class At>
field text(std::string name, std::string allowed, std::string help, At at) {
  return {{std::move(name), "text", std::move(allowed), std::move(help)},
          [=](options& o, std::string_view s) {
            at(o) = s;
            return true;
          },
          [=](const options& o) { return at(const_cast<options&>(o)); }};
}

template <class At>
field nodes(std::string name, std::string help, At at) {
  return {{std::move(name), "list", "name@host:port, …", std::move(help)},
          [=](options& o, std::string_view s) {
            at(o) = list(s);
            return std::ranges::all_of(at(o),
                                       [](const auto& n) { return node_address_from(n).ok(); });
          },
          [=](const options& o) { return joined(at(const_cast<options&>(o))); }};
}

template <class At>
field span_of_time(std::string name, std::int64_t low, std::int64_t high, std::string help, At at) {
  return {
    {std::move(name), "duration", std::to_string(low) + " ms to " + std::to_string(high) + " ms",
     std::move(help)},
    [=](options& o, std::string_view s) {
      const auto x = duration(s);
      const bool good = x && x->count() >= low && x->count() <= high;
      if (good)
        at(o) = *x;
      return good;
    },
    [=](const options& o) { return std::to_string(at(const_cast<options&>(o)).count()) + "ms"; }};
}

template <class From, class At>
field choice(std::string name, std::string allowed, std::string help, From from, At at) {
  return {{std::move(name), "text", std::move(allowed), std::move(help)},
          [=](options& o, std::string_view s) {
            const auto x = from(s);
            if (x)
              at(o) = *x;
            return x.has_value();
          },
          [=](const options& o) { return std::string{to_string(at(const_cast<options&>(o)))}; }};
}

std::optional<cluster_mode> cluster_mode_from(std::string_view s) {
  if (s == "local")
    return cluster_mode::local;
  return s == "distributed" ? std::optional{cluster_mode::distributed} : std::nullopt;
}

constexpr std::int64_t hour_ms = 3'600'000;

std::vector<field> data_fields() {
  return {
    integer(
      "key_pos", 0, 65'535, "element that is the key, from 0",
      [](options & o) -> auto& { return o.key_pos; }),
    integer(
      "partition_pos", 0, 65'535, "element that picks the partition, from 0",
      [](options & o) -> auto& { return o.partition_pos; }),
    {{"num_partition", "integer", "1 to 4096",
      "partitions; default: one per scheduler worker, or 64 in a cluster"},
     [](options& o, std::string_view s) {
       const auto x = number<std::size_t>(s);
       if (x && *x >= 1 && *x <= 4096)
         o.num_partition = *x;
       return x && *x >= 1 && *x <= 4096;
     },
     [](const options& o) {
       return o.num_partition ? std::to_string(*o.num_partition) : std::string{};
     }},
    choice(
      "table_type", "set, ordered_set, bag, duplicate_bag", "how records are kept", table_type_from,
      [](options & o) -> auto& { return o.table_type; }),
    {{"table_prefix", "text", "1 to 64 letters, digits, _ or -",
      "partitions are called <prefix>_<index>"},
     [](options& o, std::string_view s) {
       o.table_prefix = s;
       return is_plain_name(s);
     },
     [](const options& o) { return o.table_prefix; }},
    integer(
      "lazy_put_limit", 1, 10'000'000, "records a lazy_put buffer holds before callers wait",
      [](options & o) -> auto& { return o.lazy_put_limit; }),
    flag(
      "auto_start", "start the cache when it is first asked for; supercache-node does so anyhow",
      [](options & o) -> auto& { return o.auto_start; }),
    flag(
      "debug_log", "log every decision", [](options & o) -> auto& { return o.debug_log; }),
  };
}

std::vector<field> replication_fields() {
  return {
    choice(
      "cluster", "local, distributed", "one process, or a member of a cluster", cluster_mode_from,
      [](options & o) -> auto& { return o.cluster; }),
    choice(
      "replication_mode", "async, sync, strong",
      "when a write is acknowledged; strong is refused so far", replication_mode_from,
      [](options & o) -> auto& { return o.replication.mode; }),
    integer(
      "replication_factor", 1, 16, "copies of each partition, the primary's included",
      [](options & o) -> auto& { return o.replication.replication_factor; }),
    integer(
      "transfer_rate", 1, 100'000, "snapshots that a node sends to another; MiB per second at most",
      [](options & o) -> auto& { return o.replication.transfer_rate; }),
    nodes(
      "cluster_peers", "nodes to join; a provider's list counts instead",
      [](options & o) -> auto& { return o.replication.peers; }),
    {{"node.name", "text", "1 to 64 letters, digits, _ or -",
      "name of this node, unique in the cluster; default: node<port>"},
     [](options& o, std::string_view s) {
       o.replication.node.name = s;
       return s.empty() || is_plain_name(s);
     },
     [](const options& o) { return o.replication.node.name; }},
    text(
      "node.host", "a host or address", "where a node of a cluster listens",
      [](options & o) -> auto& { return o.replication.node.host; }),
    integer(
      "node.port", 0, 65'535, "port that a node of a cluster listens on; 0 = any that is free",
      [](options & o) -> auto& { return o.replication.node.port; }),
    {{"node.advertise", "text", "a host, or host:port",
      "where other nodes find this one, if not at node.host and node.port"},
     [](options& o, std::string_view s) {
       o.replication.node.advertise = s;
       node_address any;
       return s.empty() || advertise(any, s).ok();
     },
     [](const options& o) { return o.replication.node.advertise; }},
    span_of_time(
      "wal.majority_timeout", 1, 600'000, "how long a write waits for a majority",
      [](options & o) -> auto& { return o.replication.wal.majority_timeout; }),
    span_of_time(
      "wal.cleanup_interval", 1, hour_ms, "between removals of old log segments; no effect so far",
      [](options & o) -> auto& { return o.replication.wal.cleanup_interval; }),
    integer(
      "wal.max_pending", 1, 100'000'000, "unacknowledged entries before writers are refused",
      [](options & o) -> auto& { return o.replication.wal.max_pending; }),
    text(
      "wal.dir", "a folder", "where the write-ahead log is; refused so far, as there is none",
      [](options & o) -> auto& { return o.replication.wal.dir; }),
    choice(
      "wal.fsync", "always, interval, never",
      "when the log reaches the disk; refused so far but for never, as there is none",
      fsync_policy_from, [](options & o) -> auto& { return o.replication.wal.fsync; }),
  };
}

std::vector<field> watching_fields() {
  return {
    choice(
      "node_monitor.source", "nodes, provider, all",
      "where nodes are learned from; all: whoever connects, and whom members know",
      monitor_source_from, [](options & o) -> auto& { return o.replication.node_monitor.source; }),
    nodes(
      "node_monitor.nodes", "nodes to watch",
      [](options & o) -> auto& { return o.replication.node_monitor.nodes; }),
    text(
      "node_monitor.provider", "a file", "file with one node per line",
      [](options & o) -> auto& { return o.replication.node_monitor.provider; }),
    span_of_time(
      "node_monitor.refresh_ms", 10, hour_ms, "between two questions to the provider",
      [](options & o) -> auto& { return o.replication.node_monitor.refresh; }),
    span_of_time(
      "node_monitor.heartbeat_ms", 25, 60'000, "between two heartbeats to every other node",
      [](options & o) -> auto& { return o.replication.node_monitor.heartbeat; }),
    span_of_time(
      "node_monitor.down_ms", 100, 600'000,
      "a node that is silent for so long is down; the same on all nodes, and at least four times "
      "heartbeat_ms",
      [](options & o) -> auto& { return o.replication.node_monitor.down; }),
    span_of_time(
      "health.interval_ms", 10, hour_ms, "between two health checks; no effect so far",
      [](options & o) -> auto& { return o.replication.health.interval; }),
    span_of_time(
      "health.latency_threshold_ms", 1, hour_ms,
      "slower round trips are degraded; no effect so far",
      [](options & o) -> auto& { return o.replication.health.latency_threshold; }),
    span_of_time(
      "health.replication_lag_threshold_ms", 1, hour_ms,
      "slower replicas are degraded; no effect so far",
      [](options & o) -> auto& { return o.replication.health.replication_lag_threshold; }),
    fraction(
      "health.error_rate_threshold",
      "share of failed operations that is degraded; no effect so far",
      [](options & o) -> auto& { return o.replication.health.error_rate_threshold; }),
    fraction(
      "health.partition_imbalance_threshold", "imbalance that is degraded; no effect so far",
      [](options & o) -> auto& { return o.replication.health.partition_imbalance_threshold; }),
  };
}

} // namespace

const std::vector<field>& fields() {
  static const std::vector<field> all = [] {
    auto a = data_fields();
    for (auto more : {replication_fields, watching_fields})
      for (auto& f : more())
        a.push_back(std::move(f));
    return a;
  }();
  return all;
}

} // namespace supercache::detail
