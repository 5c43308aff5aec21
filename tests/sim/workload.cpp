#include "workload.hpp"

#include "support/random_operations.hpp"

#include <algorithm>

namespace sim {

namespace {

const space registers{space_kind::structs, "registers"};
const space counters{space_kind::structs, "counters"};
const space firsts{space_kind::structs, "firsts"};
constexpr std::int64_t timeout_ms = 3'000;

} // namespace

std::size_t workload::partition_of(const value& key) const { return hash(key) % c_.p.partitions; }

void workload::start_client(std::size_t number) { step(number); }

void workload::step(std::size_t client) {
  if (stopped_)
    return;
  dice& d = c_.w.random;
  const std::size_t kinds = 13 + (c_.p.batch_rows ? 3 : 0) + (c_.p.expiry ? 4 : 0);
  const std::size_t kind = d.below(kinds);
  switch (kind) {
    case 0:
    case 1: write_register(client); return;
    case 2:
    case 3: increment(client); return;
    case 4: push(client, space_kind::queue); return;
    case 5: push(client, space_kind::stack); return;
    case 6: pop(client, space_kind::queue); return;
    case 7: pop(client, space_kind::stack); return;
    case 8: insert(client); return;
    case 9: read_register(client); return;
    case 10: read_counter(client); return;
    case 11: noise(client); return;
    case 12:
      if (d.chance(20))
        increment_at_once(client);
      else
        read_own_write(client);
      return;
    default: break;
  }
  if (c_.p.batch_rows && kind < 16)
    change_batches(client);
  else if (d.chance(25))
    write_fleeting(client);
  else
    read_fleeting(client);
}

void workload::step_later(std::size_t client) {
  if (client == nobody)
    return;
  c_.w.after(static_cast<std::int64_t>(c_.w.random.below(20'000)),
             [this, client] { step(client); });
}

/// Where a client does its next step; nullptr: nowhere now, so it takes another one later.
node* workload::some_node(std::size_t client) {
  node* n = c_.alive(c_.names()[c_.w.random.below(c_.names().size())]);
  if (n && !n->paused())
    return n;
  step_later(client);
  return nullptr;
}

bool workload::write(std::size_t client, const space& where, const value& key, operation_body body,
                     std::function<void(const outcome&)> then) {
  node* n = some_node(client);
  if (!n)
    return false;
  ++busy_;
  // A node that crashes takes its clients along: they never learn what happened.
  auto told = std::make_shared<bool>(false);
  const auto tell = [this, client, told, then](const outcome& o) {
    if (std::exchange(*told, true))
      return;
    --busy_;
    ++(o.is == outcome::kind::done ? done : o.is == outcome::kind::refused ? refused : unknown);
    then(o);
    step_later(client);
  };
  c_.w.after((timeout_ms + 500) * 1000, [tell] { tell({outcome::kind::unknown, {}}); });
  n->write(partition_of(key), {where, std::move(body)}, timeout_ms, tell);
  return true;
}

/// `home`: the key that says in which partition `where` is.
void workload::read(std::size_t client, const space& where, const value& key, const value& home,
                    read_mode how, on_read then) {
  node* n = some_node(client);
  if (!n)
    return;
  ++busy_;
  const auto tell = [this, client, then](const std::optional<node::seen>& x) {
    --busy_;
    ++(x ? read_done : read_failed);
    if (x)
      then(*x);
    step_later(client);
  };
  n->read({partition_of(home), where, key, how, tell}, timeout_ms);
}

void workload::read_register(std::size_t client) {
  const std::string key
    = "r" + std::to_string(c_.w.random.below(client + 3)) + (c_.w.random.chance(50) ? "x" : "y");
  const auto known = registers_.find(key);
  const std::int64_t least = known == registers_.end() ? 0 : known->second;
  read(client, registers, key, key, some_mode(), [this, key, least](const node::seen& x) {
    if (const auto found = x.what.is_int() ? x.what.as_int() : 0; found < least)
      reads_.push_back({key, least, found});
  });
}

void workload::read_counter(std::size_t client) {
  const std::string key = "c" + std::to_string(c_.w.random.below(3));
  const auto least = counters_[key].least;
  read(client, counters, key, key, some_mode(), [this, key, least](const node::seen& x) {
    const auto found = x.what.is_int() ? x.what.as_int() : 0;
    if (found < least && c_.p.mode == replication_mode::sync)
      c_.w.fail("reads", "counter " + key + " was read as " + std::to_string(found) + " when "
                           + std::to_string(least) + " increments were acknowledged");
  });
}

void workload::write_register(std::size_t client) {
  const std::string key = "r" + std::to_string(client) + (c_.w.random.chance(50) ? "x" : "y");
  const std::int64_t x = next_++;
  tried_[key] = x;
  write(client, registers, key, op::put{{key, x}}, [this, key, x](const outcome& o) {
    if (o.is == outcome::kind::done)
      registers_[key] = x;
    else if (o.is == outcome::kind::unknown)
      late_[key].insert(x);
  });
}

void workload::increment(std::size_t client) {
  const std::string key = "c" + std::to_string(c_.w.random.below(3));
  counters_[key].most += 1;
  write(client, counters, key, op::update_counter{key, 1, 1, record{key, 0}},
        [this, key](const outcome& o) {
          if (o.is == outcome::kind::done)
            counters_[key].least += 1;
          else if (o.is == outcome::kind::refused)
            counters_[key].most -= 1;
        });
}

/// Many calls under way at once.
void workload::increment_at_once(std::size_t client) {
  for (std::size_t n = 2 + c_.w.random.below(63); n > 0; --n)
    increment(nobody);
  step_later(client);
}

/// Through one node: what was acknowledged there is seen in its own copy.
void workload::read_own_write(std::size_t client) {
  // A write without an answer may come at any time: from then on another key is used.
  const std::string key = "o" + std::to_string(client) + '.' + std::to_string(own_[client]);
  const std::int64_t x = next_++;
  node* n = some_node(client);
  if (!n)
    return;
  busy_ += 1;
  const auto end = [this, client, ended = std::make_shared<bool>(false)] {
    if (std::exchange(*ended, true))
      return;
    busy_ -= 1;
    step_later(client);
  };
  c_.w.after((2 * timeout_ms + 500) * 1000, end);
  const auto check = [this, key, x, end](const std::optional<node::seen>& found) {
    const auto was = found && found->what.is_int() ? found->what.as_int() : 0;
    if (found && was < x && c_.p.mode == replication_mode::sync)
      c_.w.fail("own", "register " + key + " was read as " + std::to_string(was)
                         + " at the node through which " + std::to_string(x) + " was acknowledged");
    end();
  };
  const auto i = partition_of(key);
  n->write(i, {registers, op::put{{key, x}}}, timeout_ms,
           [this, client, n, i, key, check, end, name = n->self().node](const outcome& o) {
             own_[client] += o.is == outcome::kind::unknown;
             if (o.is == outcome::kind::done && c_.alive(name) == n && !n->paused())
               n->read({i, registers, key, read_mode::local, check}, timeout_ms);
             else
               end();
           });
}

void workload::insert(std::size_t client) {
  const std::int64_t key = next_++ / 8;
  write(client, firsts, key, op::insert_new{{key, client}}, [this, key](const outcome& o) {
    if (o.is == outcome::kind::done && o.answer == value{true})
      ++firsts_[key];
  });
}

void workload::noise(std::size_t client) {
  dice& d = c_.w.random;
  space where = random_operations::random_space(d);
  if (where.kind == space_kind::structs)
    where.kind = space_kind::kv;
  // Not by its key, but to one partition: what matters is that copies do the same.
  const value key = static_cast<std::int64_t>(d.below(16));
  operation_body what;
  do
    what = random_operations::random_body(d);
  while (std::holds_alternative<op::wipe>(what)); // which is no noise, but the end of all data
  if (d.chance(c_.p.clear_percent))
    what = op::clear{};
  write(client, where, key, std::move(what), [](const outcome&) {});
}

// -- checks -------------------------------------------------------------------------------------

value workload::found(const space& where, const value& key) {
  const auto i = partition_of(key);
  table* t = c_.leader(i)->store(i).find(where.kind, where.name);
  const stamp now{c_.leader(i)->copy(i).stamp_ms()};
  const records r = t ? t->get(key, hash(key), now) : records{};
  return r.empty() ? value{} : r.front()[1];
}

/// A value that is older than what was acknowledged has to be a write without an answer that came
/// late.
void workload::check_reads() {
  for (const was_read& r : reads_)
    if (!late_[r.key].contains(r.found))
      c_.w.fail("reads", "register " + r.key + " was read as " + std::to_string(r.found) + " when "
                           + std::to_string(r.least) + " was acknowledged");
}

void workload::check_registers() {
  for (const auto& [key, least] : registers_) {
    const value x = found(registers, key);
    const bool late = x.is_int() && late_[key].contains(x.as_int());
    if (!x.is_int() || (x.as_int() < least && !late) || x.as_int() > tried_[key])
      c_.w.fail("registers", "register " + key + " is " + to_string(x) + "; acknowledged was "
                               + std::to_string(least));
  }
}

void workload::check_counters(bool acknowledged_stay) {
  for (const auto& [key, range] : counters_) {
    const value x = found(counters, key);
    const std::int64_t n = x.is_int() ? x.as_int() : 0;
    if ((acknowledged_stay && n < range.least) || n > range.most)
      c_.w.fail("counters", "counter " + key + " is " + std::to_string(n) + "; "
                              + std::to_string(range.least)
                              + " increments were acknowledged, at most "
                              + std::to_string(range.most) + " can have happened");
  }
}

void workload::check_firsts() {
  for (const auto& [key, n] : firsts_)
    if (n > 1)
      c_.w.fail("firsts", std::to_string(n) + " clients were told to be the first to insert "
                            + std::to_string(key));
}

void workload::check(bool acknowledged_stay) {
  if (c_.p.mode == replication_mode::sync)
    check_reads();
  if (acknowledged_stay) {
    check_registers();
    check_firsts();
    check_batches();
  }
  check_fleeting(acknowledged_stay);
  check_counters(acknowledged_stay);
  check_items(space_kind::queue, acknowledged_stay);
  check_items(space_kind::stack, acknowledged_stay);
}

} // namespace sim
