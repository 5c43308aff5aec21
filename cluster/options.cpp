#include <supercache/cluster/options.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace supercache::inline SUPERCACHE_ABI {

namespace {

template <class E, std::size_t N>
std::optional<E> from_name(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end())
    return {};
  return static_cast<E>(at - names.begin());
}

constexpr std::array<std::string_view, 3> modes = {"async", "sync", "strong"};
constexpr std::array<std::string_view, 3> reads = {"local", "primary", "quorum"};
constexpr std::array<std::string_view, 3> sources = {"nodes", "provider", "all"};
constexpr std::array<std::string_view, 3> fsyncs = {"always", "interval", "never"};

template <class T>
status in_range(std::string_view key, T x, T low, T high, std::string_view unit = "") {
  if (x >= low && x <= high)
    return ok();
  const auto text = [](T n) {
    if constexpr (std::is_floating_point_v<T>) {
      auto s = std::to_string(n);
      s.erase(s.find_last_not_of('0') + 1);
      return s.ends_with('.') ? s + '0' : s;
    } else {
      return std::to_string(n);
    }
  };
  return {errc::invalid_config, std::string{key} + " is " + text(x) + "; allowed is " + text(low)
                                  + " to " + text(high) + std::string{unit}};
}

/// For options that may name no node.
status all_addresses(std::string_view key, const std::vector<std::string>& nodes) {
  if (nodes.empty())
    return ok();
  if (auto s = check_list(nodes); !s)
    return {errc::invalid_config, std::string{key} + ": " + s.why().message};
  return ok();
}

/// All nodes that are named; some may be in both lists.
std::vector<std::string> all_named(const cluster_options& o) {
  auto all = o.peers;
  all.insert(all.end(), o.node_monitor.nodes.begin(), o.node_monitor.nodes.end());
  return all;
}

} // namespace

std::string_view to_string(replication_mode m) noexcept {
  return modes[static_cast<std::size_t>(m)];
}
std::string_view to_string(read_mode m) noexcept { return reads[static_cast<std::size_t>(m)]; }
std::string_view to_string(monitor_source s) noexcept {
  return sources[static_cast<std::size_t>(s)];
}
std::string_view to_string(fsync_policy p) noexcept { return fsyncs[static_cast<std::size_t>(p)]; }

std::optional<replication_mode> replication_mode_from(std::string_view name) noexcept {
  return from_name<replication_mode>(modes, name);
}
std::optional<read_mode> read_mode_from(std::string_view name) noexcept {
  return from_name<read_mode>(reads, name);
}
std::optional<monitor_source> monitor_source_from(std::string_view name) noexcept {
  return from_name<monitor_source>(sources, name);
}
std::optional<fsync_policy> fsync_policy_from(std::string_view name) noexcept {
  return from_name<fsync_policy>(fsyncs, name);
}

namespace {

bool is_alphanumeric(char c) noexcept { // whatever the locale
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view others) noexcept {
  return std::ranges::all_of(
    text, [=](char c) { return is_alphanumeric(c) || others.find(c) != std::string_view::npos; });
}

} // namespace

bool is_plain_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && consists_of(text, "_-");
}

bool is_host(std::string_view text) noexcept {
  constexpr std::size_t longest = 253; // of DNS
  return !text.empty() && text.size() <= longest && consists_of(text, "_-.:%");
}

std::string to_string(const node_address& a) {
  return a.name + '@' + a.host + ':' + std::to_string(a.port);
}

namespace {

failure not_an_address(std::string_view text, const char* more = "") {
  constexpr std::size_t shown = 200;
  const std::string cut{text.substr(0, shown)};
  return {errc::invalid_config, "node '" + cut + (text.size() > shown ? "…" : "")
                                  + "' is not of the form name@host:port" + more};
}

} // namespace

result<node_address> node_address_from(std::string_view text) {
  const auto at = text.find('@');
  const auto colon = text.rfind(':');
  node_address out;
  if (at != std::string_view::npos && at > 0 && colon != std::string_view::npos && colon > at + 1) {
    out.name = text.substr(0, at);
    auto host = text.substr(at + 1, colon - at - 1);
    if (host.starts_with('[') && host.ends_with(']'))
      host = host.substr(1, host.size() - 2);
    out.host = host;
    const auto digits = text.substr(colon + 1);
    const auto end = digits.data() + digits.size();
    if (const auto [stop, wrong] = std::from_chars(digits.data(), end, out.port);
        wrong == std::errc{} && stop == end && out.port != 0) {
      if (!is_plain_name(out.name))
        return not_an_address(text, "; a name has 1 to 64 letters, digits, _ or -");
      if (!is_host(out.host))
        return not_an_address(text, "; a host is a name, or an address");
      return out;
    }
  }
  return not_an_address(text);
}

status check_list(const std::vector<std::string>& nodes) {
  std::vector<node_address> seen;
  for (const auto& text : nodes) {
    auto a = node_address_from(text);
    if (!a)
      return a.why();
    const auto before = std::ranges::find(seen, a->name, &node_address::name);
    if (before == seen.end())
      seen.push_back(*std::move(a));
    else if (*before != *a)
      return {errc::invalid_config, "node '" + a->name + "' has two addresses: "
                                      + to_string(*before) + " and " + to_string(*a)};
  }
  if (nodes.empty())
    return {errc::invalid_config, "the list names no node"};
  return ok();
}

status advertise(node_address& a, std::string_view text) {
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(':') == colon;
  auto to = node_address_from("x@" + std::string{text}
                              + (has_port ? "" : ':' + std::to_string(a.port ? a.port : 1)));
  if (text.empty() || !to)
    return {errc::invalid_config,
            "node.advertise is '" + std::string{text} + "'; allowed is a host, or host:port"};
  a.host = std::move(to->host);
  if (has_port)
    a.port = to->port;
  return ok();
}

node_address announced(const cluster_options& o) {
  node_address a{o.node.name, o.node.host, o.node.port};
  if (a.name.empty())
    a.name = "node" + std::to_string(a.port);
  if (!o.node.advertise.empty())
    static_cast<void>(advertise(a, o.node.advertise)); // was checked
  return a;
}

status validate(const cluster_options& o) {
  constexpr std::int64_t hour = 3'600'000;
  const status checks[] = {
    in_range<std::size_t>("replication_factor", o.replication_factor, 1, 16),
    in_range<std::size_t>("transfer_rate", o.transfer_rate, 1, 100'000),
    in_range<std::int64_t>("wal.majority_timeout", o.wal.majority_timeout.count(), 1, 600'000,
                           " ms"),
    in_range<std::int64_t>("wal.cleanup_interval", o.wal.cleanup_interval.count(), 1, hour, " ms"),
    in_range<std::size_t>("wal.max_pending", o.wal.max_pending, 1, 100'000'000),
    in_range<std::int64_t>("node_monitor.refresh_ms", o.node_monitor.refresh.count(), 10, hour),
    in_range<std::int64_t>("node_monitor.heartbeat_ms", o.node_monitor.heartbeat.count(), 25,
                           60'000),
    in_range<std::int64_t>("node_monitor.down_ms", o.node_monitor.down.count(), 100, 600'000),
    in_range<std::int64_t>("health.interval_ms", o.health.interval.count(), 10, hour),
    in_range<std::int64_t>("health.latency_threshold_ms", o.health.latency_threshold.count(), 1,
                           hour),
    in_range<std::int64_t>("health.replication_lag_threshold_ms",
                           o.health.replication_lag_threshold.count(), 1, hour),
    in_range("health.error_rate_threshold", o.health.error_rate_threshold, 0.0, 1.0),
    in_range("health.partition_imbalance_threshold", o.health.partition_imbalance_threshold, 0.0,
             1.0),
    all_addresses("cluster_peers", o.peers),
    all_addresses("node_monitor.nodes", o.node_monitor.nodes),
    all_addresses("cluster_peers and node_monitor.nodes", all_named(o)),
  };
  for (const status& s : checks)
    if (!s)
      return s;
  if (!is_host(o.node.host))
    return {errc::invalid_config,
            "node.host is '" + o.node.host + "'; allowed is a host or address"};
  if (node_address at{}; !o.node.advertise.empty())
    if (auto s = advertise(at, o.node.advertise); !s)
      return s;
  if (o.node_monitor.down < 4 * o.node_monitor.heartbeat)
    return {errc::invalid_config, "node_monitor.down_ms is "
                                    + std::to_string(o.node_monitor.down.count())
                                    + "; allowed is at least four times node_monitor.heartbeat_ms, "
                                      "which is "
                                    + std::to_string(o.node_monitor.heartbeat.count())};
  if (o.node_monitor.source == monitor_source::provider && o.node_monitor.provider.empty()
      && !o.node_monitor.ask)
    return {errc::invalid_config,
            "node_monitor.source is 'provider', but node_monitor.provider names no file"};
  return ok();
}

} // namespace supercache::inline SUPERCACHE_ABI
