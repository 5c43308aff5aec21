#include "provider.hpp"

#include "../settings.hpp"

#include <cerrno>
#include <cstring>
#include <functional>
#include <mutex>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace supercache::detail {

namespace {

result<std::vector<std::string>> read_list(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0)
    return {errc::io_error, path + " cannot be read: " + std::strerror(errno)};
  const auto text = read_text(path);
  if (!text)
    return {text.why().code, path + ' ' + text.why().message};
  std::vector<std::string> out;
  std::istringstream lines{*text};
  for (std::string line; std::getline(lines, line);)
    if (const auto one = trim(line); !one.empty() && one.front() != '#')
      out.emplace_back(one);
  return out;
}

result<std::vector<std::string>> call(const cluster_options& o) {
  try {
    return o.node_monitor.ask();
  } catch (const std::exception& e) {
    return {errc::internal, std::string{"the provider failed: "} + e.what()};
  } catch (...) {
    return {errc::internal, "the provider failed"};
  }
}

} // namespace

result<std::vector<std::string>> ask_provider(const cluster_options& o) {
  const auto& m = o.node_monitor;
  auto all = m.ask ? call(o) : read_list(m.provider);
  if (!all)
    return all;
  const auto from = m.ask ? std::string{"the provider"} : m.provider;
  if (all->empty())
    return {errc::invalid_config, from + " names no node"};
  if (auto s = check_list(*all); !s)
    return failure{s.why().code, from + ": " + s.why().message};
  return all;
}

struct provider_holder::held {
  using callback = std::function<result<std::vector<std::string>>()>;
  std::mutex lock;
  callback ask;

  callback present() {
    const std::lock_guard hold{lock};
    return ask;
  }
};

provider_holder::provider_holder(cluster_options& o) {
  if (!o.node_monitor.ask)
    return;
  held_ = std::make_shared<held>();
  held_->ask.swap(o.node_monitor.ask);
  o.node_monitor.ask = [h = held_]() -> result<std::vector<std::string>> {
    if (const auto ask = h->present())
      return ask();
    return {errc::not_started, "the cache was stopped"};
  };
}

void provider_holder::let_go() {
  if (!held_)
    return;
  held::callback last; // ends outside of the lock
  const std::lock_guard hold{held_->lock};
  last.swap(held_->ask);
}

provider_actor::behavior_type provider_behavior(provider_actor::pointer, cluster_options o) {
  return {[o = std::move(o)](caf::tick_atom) -> caf::result<std::vector<std::string>> {
    auto all = ask_provider(o);
    if (!all)
      return to_caf(all.why());
    return *std::move(all);
  }};
}

} // namespace supercache::detail
