#include "stage.hpp"

#include <supercache/cluster/invariants.hpp>
#include <supercache/store/wire_fields.hpp>

#include <algorithm>
#include <stdexcept>

namespace stage {

namespace {
const space structs{space_kind::structs, "s"};
constexpr member_id next_incarnation = 0x10;
} // namespace

// -- nodes --------------------------------------------------------------------------------------

bool play::reaches(const std::string& a, const std::string& b) const {
  const auto is_cut = [&](const auto& c) { return c == std::pair{a, b} || c == std::pair{b, a}; };
  const auto lives = [&](const std::string& x) {
    const auto found = copies_.find(x);
    return found != copies_.end() && found->second.alive;
  };
  return a != b && lives(a) && lives(b) && std::ranges::none_of(cuts_, is_cut);
}

void play::start(const std::string& name, member_id id) {
  replica_options o;
  o.self = {name, id};
  o.mode = mode;
  o.log_bytes_max = log_bytes;
  copy c;
  c.self = o.self;
  c.store = std::make_unique<partition_store>(store_options{});
  c.core = std::make_unique<replica>(o, *c.store);
  copies_[name] = std::move(c);
  for (auto& [other, x] : copies_)
    if (reaches(name, other)) {
      core(name).peer_up(x.self.id, now);
      x.core->peer_up(id, now);
    }
}

void play::add(const std::vector<std::string>& names) {
  for (const auto& name : names)
    start(name, next_incarnation + static_cast<member_id>(name[0] - 'a' + 0xa));
}

void play::bootstrap(const std::vector<std::string>& names) {
  core(names.front()).bootstrap(selves(names), selves(names), {}, now);
  settle();
}

void play::crash(const std::string& name) {
  for (auto& [other, x] : copies_)
    if (reaches(name, other))
      x.core->peer_down(at(name).self.id, now);
  at(name).alive = false;
}

void play::restart(const std::string& name) {
  const member old = self(name);
  if (at(name).alive)
    crash(name);
  start(name, old.id + next_incarnation);
}

void play::cut(const std::string& a, const std::string& b) {
  if (!reaches(a, b))
    return;
  break_between(a, b);
  core(a).peer_down(self(b).id, now);
  core(b).peer_down(self(a).id, now);
}

void play::break_between(const std::string& a, const std::string& b) {
  if (!reaches(a, b))
    return;
  core(a).peer_lost(self(b).id, now);
  core(b).peer_lost(self(a).id, now);
  cuts_.emplace_back(a, b);
}

void play::heal(const std::string& a, const std::string& b) {
  if (reaches(a, b))
    return;
  std::erase_if(cuts_, [&](const auto& c) { return c == std::pair{a, b} || c == std::pair{b, a}; });
  if (!reaches(a, b))
    return;
  core(a).peer_up(self(b).id, now);
  core(b).peer_up(self(a).id, now);
}

member_list play::selves(const std::vector<std::string>& names) {
  member_list out;
  for (const auto& name : names)
    out.push_back(self(name));
  return out;
}

std::uint64_t play::discarded(const std::string& name) {
  copy& c = at(name);
  return c.discarded += c.core->take_news().discarded;
}

// -- data ---------------------------------------------------------------------------------------

result<proposal> play::write(const std::string& name, operation_body what, request_id who) {
  return core(name).propose(who, {structs, std::move(what)}, now);
}

result<proposal> play::put(const std::string& name, const value& key, const value& x) {
  return write(name, op::put{{key, x}});
}

value play::get(const std::string& name, const value& key) {
  const table* t = store(name).find(structs.kind, structs.name);
  const records rows = t ? t->get(key, hash(key), stamp{core(name).stamp_ms()}) : records{};
  return rows.empty() ? value{} : rows.front()[1];
}

// -- messages -----------------------------------------------------------------------------------

std::vector<envelope> play::take(const std::string& from, const std::string& to) {
  std::vector<envelope> out;
  if (!at(from).alive)
    return out;
  std::vector<message> ms;
  send_budget left = budget;
  core(from).collect(self(to).id, left, now, ms);
  for (message& m : ms)
    out.push_back({self(from), self(to), std::move(m)});
  return out;
}

void play::deliver(const std::vector<envelope>& es) {
  for (const envelope& e : es) {
    copy& to = at(e.to.node);
    if (!to.alive || to.self != e.to)
      continue;
    byte_buffer bytes;
    wire_writer w{bytes};
    supercache::encode(w, e.what);
    wire_reader r{bytes};
    message m = decode<message>(r);
    if (!r.finish() || m != e.what)
      throw std::runtime_error{"is another after its way: " + to_string(e.what)};
    to.core->receive(e.from.id, std::move(m), now);
  }
}

std::vector<envelope> play::pass(const std::string& from, const std::string& to) {
  auto es = take(from, to);
  if (reaches(from, to))
    deliver(es);
  return es;
}

void play::settle() {
  bool quiet = false;
  for (int rounds = 0; !quiet; ++rounds) {
    if (rounds == 10'000)
      throw std::runtime_error{"they never stop talking"};
    quiet = true;
    for (auto& [from, x] : copies_)
      for (auto& [to, y] : copies_)
        if (reaches(from, to))
          quiet = pass(from, to).empty() && quiet;
  }
}

void play::run(std::int64_t ms, bool talk) {
  constexpr std::int64_t step_ms = 25;
  for (const std::int64_t end = now + ms; now < end;) {
    now = std::min(end, now + step_ms);
    for (auto& [name, c] : copies_)
      if (c.alive)
        c.core->tick(now);
    if (talk)
      settle();
  }
}

// -- looking ------------------------------------------------------------------------------------

std::string play::show(const std::string& name) {
  if (!at(name).alive)
    return name + " is down";
  const replica& r = core(name);
  std::string s = to_string(self(name));
  if (r.leads())
    s += " leads in " + to_string(r.promised());
  else if (r.state() == replica::role::candidate)
    s += " asks to lead";
  else if (r.primary())
    s += " follows in " + to_string(r.promised());
  else
    s += " knows no primary, promised " + to_string(r.promised());
  if (r.blank())
    return s + ", is blank";
  s += "; log ends at " + to_string(r.log().last()) + ", commit " + std::to_string(r.commit())
       + ", group " + to_string(r.group());
  if (r.log().base().index)
    s += ", log from " + std::to_string(r.log().first_index());
  if (r.changing_members())
    s += " to be";
  if (r.installing())
    s += ", installing a snapshot";
  if (const auto n = discarded(name))
    s += ", gave up " + std::to_string(n);
  return s;
}

std::vector<std::string> play::wrong() {
  std::vector<std::string> out;
  for (const auto& [name, c] : copies_)
    if (c.alive)
      for (const auto& what : violations(*c.core))
        out.push_back(name + ": " + what);
  return out;
}

} // namespace stage
