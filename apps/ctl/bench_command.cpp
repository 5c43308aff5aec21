#include "command.hpp"
#include "common/output.hpp"
#include "common/table.hpp"
#include "interruption.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <iostream>
#include <random>
#include <unistd.h>

// bench: how fast a node serves this client, over the network between them.

namespace supercache::app {

namespace {

using clock = std::chrono::steady_clock;

struct bench_words {
  double seconds = 1;
  std::uint64_t keys = 10'000;
  std::size_t bytes = 64;
};

struct figures {
  std::string name;
  double per_second = 0;
  double p50_ns = 0, p99_ns = 0; ///< of one request; 0 where several are in flight
};

double at_share(std::vector<double>& xs, double share) {
  const auto at
    = xs.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(xs.size() - 1));
  std::ranges::nth_element(xs, at);
  return *at;
}

/// Calls `f` again and again, one call at a time.
figures one_by_one(const std::string& name, double seconds, const std::function<void()>& f) {
  std::vector<double> took;
  const auto start = clock::now();
  auto before = start;
  do {
    f();
    const auto now = clock::now();
    took.push_back(std::chrono::duration<double, std::nano>(now - before).count());
    before = now;
  } while (!session::interrupted && before - start < std::chrono::duration<double>(seconds));
  const std::chrono::duration<double> all = before - start;
  return {name, static_cast<double>(took.size()) / all.count(), at_share(took, 0.5),
          at_share(took, 0.99)};
}

/// The same with several in flight; each stores `rows` pairs.
figures ahead(const std::string& name, double seconds, std::size_t rows,
              const std::function<client::answer()>& f) {
  constexpr std::size_t under_way = 8;
  std::deque<client::answer> waiting;
  std::size_t done = 0;
  const auto start = clock::now();
  const auto take = [&] {
    waiting.front()();
    waiting.pop_front();
    done += rows;
  };
  do {
    if (waiting.size() == under_way)
      take();
    waiting.push_back(f());
  } while (!session::interrupted && clock::now() - start < std::chrono::duration<double>(seconds));
  while (!waiting.empty())
    take();
  const std::chrono::duration<double> all = clock::now() - start;
  return {name, static_cast<double>(done) / all.count(), 0, 0};
}

/// How long stored data lives if the program is killed and cannot remove it.
client::milliseconds longest_life(const bench_words& w) {
  constexpr double measurements = 4, spare_s = 60;
  return client::milliseconds{
    static_cast<std::int64_t>((measurements * w.seconds + spare_s) * 1000)};
}

std::vector<figures> measure(client& node, const bench_words& w, const std::string& ns) {
  constexpr std::size_t rows = 1'000;
  std::mt19937_64 random; // the same keys every time
  const auto key = [&] { return value{static_cast<std::int64_t>(random() % w.keys)}; };
  const value x{std::string(w.bytes, 'x')};
  const auto ttl = longest_life(w);
  std::vector<figures> out;
  out.push_back(one_by_one("add", w.seconds, [&] { node.kv_put(ns, key(), x, ttl); }));
  out.push_back(ahead("add, 1000 at once", w.seconds, rows, [&] {
    std::vector<value> keys(rows);
    std::ranges::generate(keys, key);
    return node.kv_put_ahead(ns, std::move(keys), std::vector<value>(rows, x), ttl);
  }));
  out.push_back(one_by_one("get", w.seconds, [&] { node.kv_get(ns, key()); }));
  interruption::check();
  node.kv_clear(ns);
  out.push_back(
    one_by_one("increment", w.seconds, [&] { node.kv_increment(ns, key(), 0, 1, ttl); }));
  return out;
}

void print(const session& s, const std::vector<figures>& all) {
  if (s.now.json) {
    value_list rows;
    for (const figures& f : all)
      rows.push_back(value::map({{"name", f.name},
                                 {"ops_per_sec", f.per_second},
                                 {"p50_ns", f.p50_ns > 0 ? value{f.p50_ns} : value{}},
                                 {"p99_ns", f.p99_ns > 0 ? value{f.p99_ns} : value{}}}));
    print_json(value::list(rows));
    return;
  }
  using side = table_text::side;
  table_text table{
    {{"operation"}, {"per second", side::right}, {"p50", side::right}, {"p99", side::right}}};
  for (const figures& f : all)
    table.add({f.name, count_text(static_cast<std::uint64_t>(f.per_second)),
               f.p50_ns > 0 ? time_text(f.p50_ns) : "-", f.p99_ns > 0 ? time_text(f.p99_ns) : "-"});
  table.print(std::cout);
}

/// Throws `error` if that fails; a lost connection is made again.
void remove_namespace(session& s, const std::string& ns, const bench_words& w) {
  constexpr int most_tries = 3;
  for (int i = 1;; ++i)
    try {
      s.node().kv_clear(ns);
      return;
    } catch (const error& e) {
      if (i == most_tries)
        throw error(e.code(), "the namespace " + ns + " cannot be removed: " + e.what()
                                + "; what is in it expires within "
                                + std::to_string(longest_life(w).count() / 1000) + " s");
    }
}

int bench(session& s, const bench_words& w) {
  const std::string ns = "supercachectl-bench-" + std::to_string(::getpid());
  const interruption tidy;
  std::vector<figures> all;
  std::exception_ptr failed;
  try {
    all = measure(s.node(), w, ns);
  } catch (const error&) {
    failed = std::current_exception();
  }
  remove_namespace(s, ns, w);
  if (failed)
    std::rethrow_exception(failed);
  interruption::check(); // a shorter measurement says little
  print(s, all);
  return ok;
}

action build_bench(CLI::App& app, call& c) {
  auto w = std::make_shared<bench_words>();
  app.add_option("--seconds", w->seconds, "How long each operation is measured")
    ->check(measuring_time())
    ->type_name("S")
    ->capture_default_str();
  app.add_option("--keys", w->keys, "Among how many keys one is picked")
    ->check(whole_number(1, 100'000'000))
    ->type_name("N")
    ->capture_default_str();
  app.add_option("--bytes", w->bytes, "Size of each value")
    ->check(whole_number(0, 1'000'000))
    ->type_name("N")
    ->capture_default_str();
  app.footer(
    "Works in a namespace of its own, which it removes, also when it is interrupted; if it is "
    "killed, "
    "what is in it\nexpires. One client, one request at a time "
    "unless it says more:\nwhat is measured is the way to the node and back. For the cache "
    "itself see supercache-bench.");
  return [w, &s = c.in] { return bench(s, *w); };
}

} // namespace

command bench_command() {
  return {"bench", "Measures how fast the node answers this client", build_bench, {}, {}};
}

} // namespace supercache::app
