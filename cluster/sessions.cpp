#include <supercache/cluster/sessions.hpp>

#include <cassert>

namespace supercache {

const sessions::outcome* sessions::find(const request_id& r) const {
  const auto c = clients_.find(r.client);
  if (c == clients_.end())
    return nullptr;
  const auto at = c->second.answers.find(r.number);
  return at == c->second.answers.end() ? nullptr : &at->second;
}

bool sessions::over(const request_id& r) const {
  const auto c = clients_.find(r.client);
  return c != clients_.end() && r.number <= c->second.done;
}

void sessions::done(const request_id& r, log_index index, value answer, std::int64_t stamp_ms) {
  assert(r.client != 0);
  client& c = clients_[r.client];
  c.last_ms = stamp_ms;
  c.done = std::max(c.done, r.done);
  c.answers[r.number] = {index, std::move(answer)};
  c.answers.erase(c.answers.begin(), c.answers.upper_bound(c.done));
}

void sessions::expire(std::int64_t stamp_ms) {
  constexpr std::int64_t interval_ms = idle_ms / 60;
  if (stamp_ms < expired_ms_ + interval_ms)
    return;
  expired_ms_ = stamp_ms;
  std::erase_if(clients_, [&](const auto& c) { return c.second.last_ms + idle_ms <= stamp_ms; });
}

std::size_t sessions::size() const noexcept {
  std::size_t n = 0;
  for (const auto& [id, c] : clients_)
    n += c.answers.size();
  return n;
}

void encode(wire_writer& w, const sessions& s) {
  w.number(static_cast<std::uint64_t>(s.expired_ms_));
  w.number(s.clients_.size());
  for (const auto& [id, c] : s.clients_) {
    w.number(id);
    w.number(c.done);
    w.number(static_cast<std::uint64_t>(c.last_ms));
    w.number(c.answers.size());
    for (const auto& [number, o] : c.answers) {
      w.number(number);
      w.number(o.index);
      w.item(o.answer);
    }
  }
}

void decode(wire_reader& r, sessions& s) {
  s.clear();
  s.expired_ms_ = static_cast<std::int64_t>(r.number());
  for (std::size_t n = r.count(); n > 0 && r.ok(); --n) {
    sessions::client& c = s.clients_[r.number()];
    c.done = r.number();
    c.last_ms = static_cast<std::int64_t>(r.number());
    for (std::size_t answers = r.count(); answers > 0 && r.ok(); --answers) {
      sessions::outcome& o = c.answers[r.number()];
      o.index = r.number();
      o.answer = r.read<value>();
    }
  }
}

} // namespace supercache
