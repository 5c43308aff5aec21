#include "any_node.hpp"

#include <algorithm>
#include <thread>

namespace supercache::app {

using namespace std::chrono_literals;

any_node::any_node(const address& first, milliseconds timeout, std::function<void()> check)
  : timeout_(timeout), check_(std::move(check)), nodes_{first} {
  client_ = std::make_unique<client>(first, timeout_, enough());
  learn_members();
}

/// Ends a wait for an answer when `check_` would throw.
client::stopper any_node::enough() const {
  return [check = check_] {
    try {
      check();
      return false;
    } catch (const error&) {
      return true;
    }
  };
}

/// Which nodes to try when this one dies.
void any_node::learn_members() {
  try {
    const value members = client_->members();
    for (const value& row : members.items()) {
      const value* text = row.find("address");
      const auto where = address_from(text ? std::string{text->as_string()} : std::string{});
      const auto is_known
        = [&](const address& a) { return where && a.host == where->host && a.port == where->port; };
      if (where && std::ranges::none_of(nodes_, is_known))
        nodes_.push_back(*where);
    }
  } catch (const error& e) {
    if (e.code() != errc::invalid_argument) // a single node has no members
      throw;
  }
}

client& any_node::now() {
  if (client_ && !client_->lost())
    return *client_;
  client_ = nullptr;
  // A hanging node costs no more than this: others may be well.
  constexpr milliseconds longest_try = 2s;
  std::optional<failure> why;
  for (std::size_t tries = 0; tries < nodes_.size(); ++tries) {
    check_();
    asked_ = (asked_ + 1) % nodes_.size();
    try {
      client_ = std::make_unique<client>(nodes_[asked_], std::min(timeout_, longest_try), enough());
      client_->set_timeout(timeout_);
      return *client_;
    } catch (const error& e) {
      why = failure{e.code(), e.what()};
    }
  }
  throw error(*why);
}

void any_node::leave() { client_ = nullptr; }

bool any_node::passes(errc code) noexcept {
  switch (code) {
    case errc::not_started:
    case errc::overloaded:
    case errc::timeout:
    case errc::outcome_unknown:
    case errc::io_error:
    case errc::not_primary:
    case errc::quorum_not_reached:
    case errc::unavailable: return true;
    case errc::none:
    case errc::already_started:
    case errc::invalid_argument:
    case errc::invalid_config:
    case errc::type_mismatch:
    case errc::not_found:
    case errc::not_initialised:
    case errc::key_mismatch:
    case errc::malformed:
    case errc::too_large:
    case errc::internal: return false;
  }
  return false;
}

void any_node::again_or_throw(const error& e, clock::time_point begun) {
  check_();
  if (!passes(e.code()))
    throw;
  if (clock::now() - begun > patience)
    throw error(e.code(), std::string{e.what()} + "; given up after "
                            + std::to_string(patience.count() / 1000) + " seconds");
  if (e.code() == errc::outcome_unknown || e.code() == errc::not_started)
    leave(); // the node may hang or be stopping
  sleep_until(clock::now() + 100ms);
}

void any_node::sleep_until(clock::time_point when) const {
  while (clock::now() < when) {
    check_();
    std::this_thread::sleep_for(std::min<clock::duration>(50ms, when - clock::now()));
  }
}

} // namespace supercache::app
