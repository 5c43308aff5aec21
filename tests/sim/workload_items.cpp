// Queues and stacks: what was pushed comes out once, in its order.

#include "workload.hpp"

#include <algorithm>

namespace sim {

std::string workload::some_queue() {
  const auto n = c_.w.random.below(c_.p.queues);
  return n == 0 ? "q" : n == 1 ? "p" : "q" + std::to_string(n);
}

void workload::push(std::size_t client, space_kind kind) {
  const std::string name = some_queue();
  const std::size_t n = c_.p.batch_rows && c_.w.random.chance(10) ? 1 + c_.w.random.below(60) : 1;
  items& i = items_[{kind, name}];
  op::push what;
  const auto begin = ++moment_;
  for (std::size_t k = 0; k < n; ++k) {
    const std::int64_t x = static_cast<std::int64_t>(client + 1) * 1'000'000'000 + next_++;
    what.items.emplace_back(x);
    i.maybe_pushed.insert(x);
    i.lives[x].push_begin = begin;
    i.lives[x].push_place = k;
  }
  write(client, {kind, name}, name, what, [this, kind, name, what](const outcome& o) {
    items& mine = items_[{kind, name}];
    const auto end = ++moment_;
    for (const value& x : what.items)
      if (o.is == outcome::kind::done) {
        mine.pushed.insert(x.as_int());
        mine.lives[x.as_int()].push_end = end;
      } else if (o.is == outcome::kind::refused) {
        mine.maybe_pushed.erase(x.as_int());
      }
  });
}

void workload::pop(std::size_t client, space_kind kind) {
  const std::string name = some_queue();
  dice& d = c_.w.random;
  const std::size_t n = d.chance(5) ? 1 + d.below(100) : 1 + d.below(2);
  items& now = items_[{kind, name}];
  now.going_out += n;
  const auto tell
    = [this, of = space{kind, name}, n, begin = ++moment_,
       pushed = now.pushed.size()](const outcome& o) { popped(of, n, begin, pushed, o); };
  if (!write(client, {kind, name}, name, op::pop{n}, tell))
    now.going_out -= n;
}

/// `pushed`: how many items were known to be there, or to have been, when the pop began.
void workload::popped(const space& of, std::size_t most, std::uint64_t begin, std::size_t pushed,
                      const outcome& o) {
  items& mine = items_[{of.kind, of.name}];
  mine.going_out -= most;
  const auto taken = mine.out.size() + mine.maybe_out + mine.going_out;
  if (o.is == outcome::kind::unknown)
    mine.maybe_out += most;
  if (o.is != outcome::kind::done)
    return;
  if (o.answer.items().empty() && pushed > taken && c_.p.mode == replication_mode::sync)
    c_.w.fail("reads", std::string{to_string(of.kind)} + ' ' + of.name + " was found empty; "
                         + std::to_string(pushed) + " items had been pushed, "
                         + std::to_string(taken) + " may have been taken");
  const auto end = ++moment_;
  for (std::size_t place = 0; const value& x : o.answer.items()) {
    mine.out.push_back(x.as_int());
    item_life& life = mine.lives[x.as_int()];
    life.pop_begin = begin;
    life.pop_end = end;
    life.place = place++;
  }
}

// -- checks -------------------------------------------------------------------------------------

void workload::check_items(space_kind kind, bool acknowledged_stay) {
  for (const auto& [where, mine] : items_) {
    if (where.first != kind)
      continue;
    const std::string what = std::string{to_string(kind)} + ' ' + where.second;
    const auto i = partition_of(where.second);
    const queue_map& q = kind == space_kind::queue ? c_.leader(i)->store(i).queues()
                                                   : c_.leader(i)->store(i).stacks();
    std::vector<std::int64_t> left;
    for (const value& x : q.next_slice(where.second, {}, SIZE_MAX).items)
      left.push_back(x.as_int());
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

} // namespace sim
