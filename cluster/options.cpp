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
    return done();
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

status all_addresses(std::string_view key, const std::vector<std::string>& nodes) {
  for (const auto& n : nodes)
    if (auto a = node_address_from(n); !a)
      return {errc::invalid_config, std::string{key} + ": " + a.why().message};
  return done();
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

std::string to_string(const node_address& a) {
  return a.name + '@' + a.host + ':' + std::to_string(a.port);
}

result<node_address> node_address_from(std::string_view text) {
  const auto at = text.find('@');
  const auto colon = text.rfind(':');
  node_address out;
  if (at != std::string_view::npos && at > 0 && colon != std::string_view::npos && colon > at + 1) {
    out.name = text.substr(0, at);
    out.host = text.substr(at + 1, colon - at - 1);
    const auto digits = text.substr(colon + 1);
    const auto end = digits.data() + digits.size();
    if (const auto [stop, wrong] = std::from_chars(digits.data(), end, out.port);
        wrong == std::errc{} && stop == end && out.port != 0)
      return out;
  }
  return {errc::invalid_config,
          "node '" + std::string{text} + "' is not of the form name@host:port"};
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
  return done();
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
  };
  for (const status& s : checks)
    if (!s)
      return s;
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
  return done();
}

} // namespace supercache::inline SUPERCACHE_ABI
