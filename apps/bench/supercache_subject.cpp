#include "supercache_subject.hpp"

#include <supercache/store/reclaim.hpp>

#include <algorithm>

namespace bench {

using supercache::bind;
using supercache::pattern;
using supercache::record;
using supercache::records;
using supercache::value;

namespace {

constexpr std::size_t batch_size = 1000;

/// A client that keeps a window of put requests in flight.
caf::behavior pipelined_client(caf::event_based_actor* self, supercache::cache c, const workload* w,
                               std::uint64_t ops, std::size_t at, caf::actor done) {
  constexpr std::uint64_t window = 1000;
  struct state {
    std::uint64_t sent = 0, answered = 0;
    std::size_t at = 0;
  };
  auto s = std::make_shared<state>();
  s->at = at;
  auto send = std::make_shared<std::function<void()>>();
  *send = [=] {
    if (s->sent == ops)
      return;
    ++s->sent;
    record r = w->row(s->at);
    s->at = s->at + 1 == w->visits() ? 0 : s->at + 1;
    supercache::compat::ask(self, c.actor(), std::chrono::seconds(60), supercache::put_atom::value,
                            std::move(r))
      .then([=] {
        if (++s->answered == ops) {
          supercache::compat::tell(self, done, std::uint64_t{ops});
          *send = nullptr;
          self->quit();
        } else {
          (*send)();
        }
      });
  };
  for (std::uint64_t i = 0; i < std::min(window, ops); ++i)
    (*send)();
  return {[](int) {}};
}

} // namespace

supercache_subject::supercache_subject(caf::actor_system& system, const workload& w,
                                       std::size_t partitions)
  : w_(w), system_(system), cache_(start(system, partitions)) {
  std::vector<record> rows;
  for (std::size_t i = 0; i < w.records; ++i) {
    rows.push_back(w.row(i));
    if (rows.size() == batch_size || i + 1 == w.records)
      cache_.put_batch(std::exchange(rows, {}));
  }
}

supercache::cache supercache_subject::start(caf::actor_system& system, std::size_t partitions) {
  supercache::options o;
  if (partitions)
    o.num_partition = partitions;
  return supercache::cache::start(system, o);
}

void supercache_subject::prepare(const std::string& c, std::uint64_t ops) {
  const auto items = [ops] { return std::vector<value>(ops, value{1}); };
  if (c.starts_with("queue"))
    cache_.queue("bench").get_all();
  if (c.starts_with("stack"))
    cache_.stack("bench").get_all();
  if (c == "queue_out")
    cache_.queue("bench").add_batch(items());
  if (c == "stack_pop")
    cache_.stack("bench").push_batch(items());
  if (c == "kv_get")
    for (std::size_t i = 0; i < w_.records; ++i)
      cache_.kv("bench").add(w_.keys[i], static_cast<std::int64_t>(i));
}

std::uint64_t supercache_subject::one_by_one(const std::string& c, std::uint64_t ops,
                                             std::size_t thread, std::size_t threads,
                                             const auto& around) {
  std::size_t v = w_.visits() / threads * thread;
  const auto next = [&] {
    const std::size_t now = v;
    if (++v == w_.visits())
      v = 0;
    return now;
  };
  auto kv = cache_.kv("bench");
  auto counters = cache_.kv("counters");
  auto queue = cache_.queue("bench");
  auto stack = cache_.stack("bench");
  const auto loop = [&](auto&& op) {
    for (std::uint64_t i = 0; i < ops; ++i)
      around([&] { op(i); });
    return ops;
  };
  std::int64_t sum = 0;
  const auto read = [&](const value& key) __attribute__((always_inline)) {
    const records found = cache_.get(key);
    if (!found.empty())
      sum += found.front()[1].as_int();
  };
  if (c == "put")
    return loop([&](auto) { cache_.put(w_.row(next())); });
  if (c == "get")
    return loop([&](auto) { read(w_.keys[next()]); });
  if (c == "get_miss")
    return loop([&](auto) { read(w_.missing[next()]); });
  if (c == "kv_add")
    return loop([&](auto i) { kv.add(w_.keys[next()], i); });
  if (c == "kv_get")
    return loop([&](auto) { keep(kv.get(w_.keys[next()])); });
  if (c == "increment")
    return loop([&](auto) { counters.increment(w_.keys[next()]); });
  if (c == "queue_add")
    return loop([&](auto i) { queue.add(i); });
  if (c == "queue_out")
    return loop([&](auto) { keep(queue.out()); });
  if (c == "stack_push")
    return loop([&](auto i) { stack.push(i); });
  if (c == "stack_pop")
    return loop([&](auto) { keep(stack.pop()); });
  if (c == "lazy_put")
    return loop([&](auto) { cache_.lazy_put(w_.row(next())); });
  return loop([&](auto i) { // mixed
    const std::size_t visit = w_.zipf[next()];
    if (i % 20 == 0)
      cache_.put(w_.row(visit));
    else
      read(w_.keys[visit]);
  });
}

std::uint64_t supercache_subject::in_batches(const std::string& c, std::uint64_t ops,
                                             std::size_t thread, std::size_t threads) {
  std::size_t v = w_.visits() / threads * thread;
  std::uint64_t done = 0;
  for (; done + batch_size <= std::max<std::uint64_t>(ops, batch_size); done += batch_size) {
    if (v + batch_size > w_.visits())
      v = 0;
    const std::span keys{w_.keys.data() + v, batch_size};
    if (c == "get_many") {
      for (const records& r : cache_.get_many(keys))
        keep(r.front()[1].as_int());
    } else if (c == "put_batch") {
      std::vector<record> rows;
      rows.reserve(batch_size);
      for (std::size_t i = 0; i < batch_size; ++i)
        rows.push_back(w_.row(v + i));
      cache_.put_batch(std::move(rows));
    } else { // kv_add_batch
      std::vector<std::pair<value, value>> pairs;
      pairs.reserve(batch_size);
      for (std::size_t i = 0; i < batch_size; ++i)
        pairs.emplace_back(keys[i], i);
      cache_.kv("bench").add_batch(pairs);
    }
    v += batch_size;
  }
  return done;
}

std::uint64_t supercache_subject::whole_table(const std::string& c, std::uint64_t ops) {
  // One operation is one record visited.
  std::uint64_t done = 0;
  do {
    if (c == "match")
      keep(cache_.get_by_match(supercache::any_partition,
                               {{supercache::any, bind(1), "Alice"}, supercache::var(1) < 0}));
    else
      keep(cache_.scan(
        supercache::any_partition,
        [](const record& r, std::int64_t sum) { return sum + r[1].as_int(); }, std::int64_t{0}));
    done += w_.records;
  } while (done < ops);
  return done;
}

std::uint64_t supercache_subject::by_messages(std::uint64_t ops, std::size_t threads) {
  caf::scoped_actor self{system_};
  for (std::size_t t = 0; t < threads; ++t)
    system_.spawn(pipelined_client, cache_, &w_, ops / threads, w_.visits() / threads * t,
                  caf::actor_cast<caf::actor>(self));
  for (std::size_t t = 0; t < threads; ++t)
    self->receive([](std::uint64_t) {});
  return ops / threads * threads;
}

std::uint64_t supercache_subject::by_blocking_actors(std::uint64_t ops) {
  constexpr std::size_t actors = 8, pairs_of_a_turn = 50;
  const std::uint64_t turns = ops / actors / pairs_of_a_turn / 2 + 1;
  caf::scoped_actor waits{system_};
  const auto work = [c = cache_, &w = w_, turns, over = caf::actor{waits}](
                      caf::event_based_actor* self, std::size_t first) -> caf::behavior {
    self->send(self, caf::ok_atom_v);
    return {[self, c, &w, over, left = turns, v = first](caf::ok_atom) mutable {
      for (std::size_t i = 0; i < pairs_of_a_turn; ++i, v = (v + 1) % w.visits()) {
        c.put(w.row(v));
        keep(c.get(w.keys[v]));
      }
      if (--left > 0)
        return self->send(self, caf::ok_atom_v);
      self->send(over, caf::ok_atom_v);
      self->quit();
    }};
  };
  for (std::size_t a = 0; a < actors; ++a)
    system_.spawn(work, w_.visits() / actors * a);
  for (std::size_t a = 0; a < actors; ++a)
    waits->receive([](caf::ok_atom) {});
  return turns * actors * pairs_of_a_turn * 2;
}

slice supercache_subject::run(const std::string& c, std::uint64_t ops, std::size_t threads) {
  prepare(c, ops);
  const auto straight = [](auto&& op) { op(); };
  slice s;
  if (c == "actor_put") {
    const double start = now_ns();
    s.ops = by_messages(ops, threads);
    s.ns = now_ns() - start;
    return s;
  }
  if (c == "actors_blocking") {
    const double start = now_ns();
    s.ops = by_blocking_actors(ops);
    s.ns = now_ns() - start;
    return s;
  }
  std::atomic<std::uint64_t> done{0};
  s.ns = time_threads(threads, [&](std::size_t t) {
    const std::uint64_t each = ops / threads;
    if (c == "put_batch" || c == "get_many" || c == "kv_add_batch")
      done += in_batches(c, each, t, threads);
    else if (c == "match" || c == "scan")
      done += whole_table(c, each);
    else
      done += one_by_one(c, each, t, threads, straight);
    if (c == "lazy_put")
      cache_.flush();
  });
  s.ops = done;
  return s;
}

std::vector<std::uint64_t> supercache_subject::latencies(const std::string& c, std::size_t n) {
  if (c.ends_with("batch") || c == "get_many" || c == "match" || c == "scan" || c == "actor_put"
      || c == "actors_blocking")
    return {};
  prepare(c, n);
  std::vector<std::uint64_t> overhead, out;
  const auto timed_into = [](std::vector<std::uint64_t>& to) {
    return [&to](auto&& op) {
      const double start = now_ns();
      op();
      to.push_back(static_cast<std::uint64_t>(now_ns() - start));
    };
  };
  const auto clock = timed_into(overhead);
  for (int i = 0; i < 10'000; ++i)
    clock([] {});
  std::ranges::nth_element(overhead, overhead.begin() + 5'000);
  out.reserve(n);
  one_by_one(c, n, 0, 1, timed_into(out));
  for (auto& ns : out)
    ns -= std::min(ns, overhead[5'000]);
  std::ranges::sort(out);
  return out;
}

} // namespace bench
