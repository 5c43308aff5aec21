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
  switch (d.below(12)) {
    case 0:
    case 1: write_register(client); break;
    case 2:
    case 3: increment(client); break;
    case 4: push(client, space_kind::queue); break;
    case 5: push(client, space_kind::stack); break;
    case 6: pop(client, space_kind::queue); break;
    case 7: pop(client, space_kind::stack); break;
    case 8: insert(client); break;
    case 9: read_register(client); break;
    case 10: read_counter(client); break;
    default: noise(client); break;
  }
}

void workload::step_later(std::size_t client) {
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

void workload::read(std::size_t client, const space& where, const value& key,
                    std::function<void(const value&)> then) {
  node* n = some_node(client);
  if (!n)
    return;
  ++busy_;
  const auto tell = [this, client, then](const std::optional<value>& x) {
    --busy_;
    ++(x ? read_done : read_failed);
    if (x)
      then(*x);
    step_later(client);
  };
  n->read({partition_of(key), where, key, c_.w.random.chance(30), tell}, timeout_ms);
}

void workload::read_register(std::size_t client) {
  const std::string key
    = "r" + std::to_string(c_.w.random.below(client + 3)) + (c_.w.random.chance(50) ? "x" : "y");
  const auto known = registers_.find(key);
  const std::int64_t least = known == registers_.end() ? 0 : known->second;
  read(client, registers, key, [this, key, least](const value& x) {
    if (const auto found = x.is_int() ? x.as_int() : 0; found < least)
      reads_.push_back({key, least, found});
  });
}

void workload::read_counter(std::size_t client) {
  const std::string key = "c" + std::to_string(c_.w.random.below(3));
  read(client, counters, key, [this, key, least = counters_[key].least](const value& x) {
    const auto found = x.is_int() ? x.as_int() : 0;
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

void workload::push(std::size_t client, space_kind kind) {
  const std::string name = c_.w.random.chance(50) ? "q" : "p";
  const std::int64_t x = static_cast<std::int64_t>(client + 1) * 1'000'000'000 + next_++;
  items& i = items_[{kind, name}];
  i.maybe_pushed.insert(x);
  i.lives[x].push_begin = ++moment_;
  write(client, {kind, name}, name, op::push{{x}}, [this, kind, name, x](const outcome& o) {
    items& mine = items_[{kind, name}];
    if (o.is == outcome::kind::done) {
      mine.pushed.insert(x);
      mine.lives[x].push_end = ++moment_;
    } else if (o.is == outcome::kind::refused) {
      mine.maybe_pushed.erase(x);
    }
  });
}

void workload::pop(std::size_t client, space_kind kind) {
  const std::string name = c_.w.random.chance(50) ? "q" : "p";
  const std::size_t n = 1 + c_.w.random.below(2);
  items& now = items_[{kind, name}];
  const auto tell
    = [this, kind, name, n, begin = ++moment_, pushed = now.pushed.size()](const outcome& o) {
        items& mine = items_[{kind, name}];
        mine.going_out -= n;
        const auto taken = mine.out.size() + mine.maybe_out + mine.going_out;
        if (o.is == outcome::kind::done && o.answer.items().empty() && pushed > taken
            && c_.p.mode == replication_mode::sync)
          c_.w.fail("reads", std::string{to_string(kind)} + ' ' + name + " was found empty; "
                               + std::to_string(pushed) + " items had been pushed, "
                               + std::to_string(taken) + " may have been taken");
        if (o.is == outcome::kind::done)
          for (std::size_t place = 0; const value& x : o.answer.items()) {
            mine.out.push_back(x.as_int());
            item_life& life = mine.lives[x.as_int()];
            life.pop_begin = begin;
            life.pop_end = ++moment_;
            life.place = place++;
          }
        else if (o.is == outcome::kind::unknown)
          mine.maybe_out += n;
      };
  now.going_out += n;
  if (!write(client, {kind, name}, name, op::pop{n}, tell))
    now.going_out -= n;
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
  write(client, where, key, random_operations::random_body(d), [](const outcome&) {});
}

// -- checks -------------------------------------------------------------------------------------

value workload::found(const space& where, const value& key) {
  const auto i = partition_of(key);
  table* t = c_.leader(i)->store(i).find(where.kind, where.name);
  const stamp now{c_.leader(i)->copy(i).stamp_ms()};
  const records r = t ? t->get(key, hash(key), now) : records{};
  return r.empty() ? value{} : r.front()[1];
}

/// What is older than what was acknowledged has to be a write without an answer that came late.
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

void workload::check_items(space_kind kind, bool acknowledged_stay) {
  for (const auto& [where, mine] : items_) {
    if (where.first != kind)
      continue;
    const std::string what = std::string{to_string(kind)} + ' ' + where.second;
    const auto i = partition_of(where.second);
    const queue_map& q = kind == space_kind::queue ? c_.leader(i)->store(i).queues()
                                                   : c_.leader(i)->store(i).stacks();
    std::vector<std::int64_t> left;
    q.each([&](std::string_view name, const auto& all) {
      if (name == where.second)
        for (const value& x : all)
          left.push_back(x.as_int());
    });
    std::set<std::int64_t> seen;
    const std::vector<std::int64_t>* const lists[] = {&mine.out, &left};
    for (const auto* list : lists)
      for (const std::int64_t x : *list) {
        if (!seen.insert(x).second && acknowledged_stay)
          c_.w.fail("items", what + ": item " + std::to_string(x) + " is there twice");
        if (!mine.maybe_pushed.contains(x))
          c_.w.fail("items", what + ": item " + std::to_string(x) + " was never pushed");
      }
    std::size_t missing = 0;
    for (const std::int64_t x : mine.pushed)
      missing += !seen.contains(x);
    if (acknowledged_stay && missing > mine.maybe_out)
      c_.w.fail("items", what + ": " + std::to_string(missing)
                           + " items are missing; pops without an answer " + "took at most "
                           + std::to_string(mine.maybe_out));
    if (acknowledged_stay)
      check_order(kind, what, mine, left);
  }
}

void workload::check_order(space_kind kind, const std::string& what, const items& mine,
                           const std::vector<std::int64_t>& left) {
  item_lives lives = mine.lives;
  const auto end = ++moment_;
  for (std::size_t i = 0; i < left.size(); ++i) {
    item_life& life = lives[left[i]];
    life.pop_begin = life.pop_end = end;
    life.place = kind == space_kind::queue ? i : left.size() - i;
  }
  if (const auto fault = order_fault(kind, lives))
    c_.w.fail("order", what + ": " + *fault);
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
  }
  check_counters(acknowledged_stay);
  check_items(space_kind::queue, acknowledged_stay);
  check_items(space_kind::stack, acknowledged_stay);
}

} // namespace sim
