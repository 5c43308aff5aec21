#include "workload.hpp"

#include <absl/container/flat_hash_map.h>
#include <tbb/concurrent_hash_map.h>

// What the cache is compared with, holding the same records under the same hash.

namespace bench {

using supercache::record;
using supercache::value;

namespace {

struct hash_of {
  std::size_t operator()(const value& x) const noexcept { return supercache::hash(x); }
};

/// The limit: one thread, no lock, a reference to the record in place.
class flat_map final : public subject {
public:
  explicit flat_map(const workload& w) : w_(w) {
    for (std::size_t i = 0; i < w.records; ++i)
      map_[w.keys[i]] = w.row(i);
  }
  std::string name() const override { return "flat_map"; }
  bool can(const std::string& c, std::size_t threads) const override {
    return threads == 1 && (c == "put" || c == "get" || c == "get_miss" || c == "mixed");
  }
  slice run(const std::string& c, std::uint64_t ops, std::size_t) override {
    const double start = now_ns();
    if (c == "put")
      for (std::uint64_t i = 0; i < ops; ++i)
        put(next());
    else if (c == "get")
      for (std::uint64_t i = 0; i < ops; ++i)
        get(w_.keys[next()]);
    else if (c == "get_miss")
      for (std::uint64_t i = 0; i < ops; ++i)
        get(w_.missing[next()]);
    else
      for (std::uint64_t i = 0; i < ops; ++i) {
        const std::size_t v = w_.zipf[next()];
        if (i % 20 == 0)
          put(v);
        else
          get(w_.keys[v]);
      }
    return {ops, now_ns() - start};
  }

private:
  std::size_t next() noexcept {
    const std::size_t v = at_++;
    if (at_ == w_.visits())
      at_ = 0;
    return v;
  }
  void put(std::size_t visit) { map_[w_.keys[visit]] = w_.row(visit); }
  void get(const value& key) {
    const auto found = map_.find(key);
    if (found != map_.end())
      sum_ += found->second[1].as_int();
  }
  const workload& w_;
  absl::flat_hash_map<value, record, hash_of> map_;
  std::size_t at_ = 0;
  std::int64_t sum_ = 0;
};

/// A concurrent map from another library: shared by threads, each entry locked while it is read.
class tbb_map final : public subject {
public:
  explicit tbb_map(const workload& w) : w_(w) {
    for (std::size_t i = 0; i < w.records; ++i)
      put(i);
  }
  std::string name() const override { return "tbb"; }
  bool can(const std::string& c, std::size_t) const override {
    return c == "put" || c == "get" || c == "get_miss" || c == "mixed";
  }
  slice run(const std::string& c, std::uint64_t ops, std::size_t threads) override {
    const std::uint64_t each = ops / threads;
    const auto body = [&](std::size_t t) {
      std::size_t v = w_.visits() / threads * t;
      for (std::uint64_t i = 0; i < each; ++i) {
        if (c == "put")
          put(v);
        else if (c == "get")
          get(w_.keys[v]);
        else if (c == "get_miss")
          get(w_.missing[v]);
        else if (i % 20 == 0)
          put(w_.zipf[v]);
        else
          get(w_.keys[w_.zipf[v]]);
        if (++v == w_.visits())
          v = 0;
      }
    };
    const double ns = time_threads(threads, body);
    return {each * threads, ns};
  }

private:
  struct compare {
    static std::size_t hash(const value& x) noexcept { return supercache::hash(x); }
    static bool equal(const value& a, const value& b) noexcept { return a == b; }
  };
  using map = tbb::concurrent_hash_map<value, record, compare>;
  void put(std::size_t visit) {
    map::accessor a;
    map_.insert(a, w_.keys[visit]);
    a->second = w_.row(visit);
  }
  void get(const value& key) {
    map::const_accessor a;
    if (map_.find(a, key))
      keep(a->second[1].as_int());
  }
  const workload& w_;
  map map_;
};

} // namespace

std::unique_ptr<subject> make_flat_map(const workload& w) { return std::make_unique<flat_map>(w); }
std::unique_ptr<subject> make_tbb(const workload& w) { return std::make_unique<tbb_map>(w); }

} // namespace bench
