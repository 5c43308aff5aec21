#include <supercache/store/partition_store.hpp>
#include <supercache/store/reclaim.hpp>
#include <supercache/store/shelf_striped.hpp>
#include <supercache/store/snapshot.hpp>

#include <boost/intrusive/set.hpp>

#include <algorithm>
#include <functional>
#include <iterator>

namespace supercache {

namespace {

/// How many names are visited under one lock.
constexpr std::size_t batch = 256;

/// Structs are unique by key whatever the table type: a struct is a thing with an identity.
table_type type_of(space_kind kind, const store_options& o) noexcept {
  return kind == space_kind::structs && o.type != table_type::ordered_set ? table_type::set
                                                                          : o.type;
}
using kind_and_name = std::pair<space_kind, std::string_view>;
kind_and_name place_of(const space& s) noexcept { return {s.kind, s.name}; }

} // namespace

struct partition_store::named_table
  : detail::in_lists,
    boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
  table data;
  template <class... Ts>
  explicit named_table(Ts&&... xs) : data(std::forward<Ts>(xs)...) {}
};

struct partition_store::by_name {
  struct place_in {
    using type = kind_and_name;
    type operator()(const named_table& t) const noexcept { return place_of(t.data.where()); }
  };
  boost::intrusive::set<named_table, boost::intrusive::key_of_value<place_in>,
                        boost::intrusive::constant_time_size<false>>
    tables;
  ~by_name() {
    tables.clear_and_dispose([](named_table* t) { delete t; });
  }
};

/// Receives the changes of the tables, and passes them on to the watcher and to snapshots.
class partition_store::hub final : public change_sink {
public:
  explicit hub(snapshots& s) : kept(s) {}
  void changed(transition t) override {
    if (change_sink* to = watcher.load(std::memory_order_acquire))
      to->changed(std::move(t));
  }
  void changing(const space& where, const value& key, std::uint64_t hash,
                const std::function<std::vector<record>()>& had) override {
    if (keeping.load(std::memory_order_acquire))
      kept.keep(where, key, hash, had);
  }
  std::atomic<change_sink*> watcher{nullptr};
  std::atomic<bool> keeping{false}; ///< snapshots get reports
  snapshots& kept;
};

partition_store::partition_store(const store_options& o)
  : options_(o),
    snapshots_(std::make_unique<snapshots>(*this)),
    tuples_(o.type, o.key_pos, o.stripes, shelf::width::wide, {}, &deadlines_, &left_),
    no_pairs_(type_of(space_kind::kv, o), 0, 1, shelf::width::narrow, {space_kind::kv, {}},
              nullptr),
    no_structs_(type_of(space_kind::structs, o), 0, 1, shelf::width::narrow,
                {space_kind::structs, {}}, nullptr),
    ordered_(std::make_unique<by_name>()) {
  hub_ = std::make_unique<hub>(*snapshots_);
}

partition_store::~partition_store() = default;

partition_store::named_table* partition_store::look_up(space_kind kind, std::string_view name,
                                                       std::uint64_t hash) const {
  const reclaim::pin guard;
  return index_.find<named_table>(hash, [&](const named_table* t) {
    return place_of(t->data.where()) == kind_and_name{kind, name};
  });
}

table* partition_store::find(space_kind kind, std::string_view name,
                             std::uint64_t hash) const noexcept {
  named_table* t = look_up(kind, name, hash);
  return t ? &t->data : nullptr;
}

table& partition_store::open(space_kind kind, std::string_view name) {
  const auto hash = hash_of(kind, name);
  if (named_table* t = look_up(kind, name, hash))
    return t->data;
  const std::size_t stripes = std::max<std::size_t>(1, options_.stripes / 4);
  auto fresh = std::make_unique<named_table>(type_of(kind, options_), std::size_t{0}, stripes,
                                             shelf::width::narrow, space{kind, std::string{name}},
                                             &deadlines_, &left_);
  const std::lock_guard hold{adding_};
  if (named_table* t = look_up(kind, name, hash))
    return t->data;
  fresh->data.tell(told_);
  index_.insert(hash, fresh.get());
  ordered_->tables.insert(*fresh);
  return fresh.release()->data;
}

std::vector<partition_store::named_table*> partition_store::tables_after(
  space_kind kind, std::optional<std::string_view> above, std::size_t most) const {
  std::vector<named_table*> out;
  const std::lock_guard hold{adding_};
  const auto& all = ordered_->tables;
  auto at = above ? all.upper_bound(kind_and_name{kind, *above})
                  : all.lower_bound(kind_and_name{kind, {}});
  for (; at != all.end() && at->data.where().kind == kind && out.size() < most; ++at)
    out.push_back(const_cast<named_table*>(&*at));
  return out;
}

/// Calls `f` for the tables above `last`, in the order of names, until it answers false. Tables
/// live as long as the store, so no lock is held for `f`.
template <class F>
void partition_store::each_above(space_kind kind, std::optional<std::string_view> last,
                                 F&& f) const {
  for (;;) {
    const auto some = tables_after(kind, last, batch);
    for (named_table* t : some)
      if (!f(t->data))
        return;
    if (some.size() < batch)
      return;
    last = some.back()->data.where().name;
  }
}

template <class F>
void partition_store::each_named(space_kind kind, F&& f) const {
  each_above(kind, {}, [&](table& t) {
    f(t);
    return true;
  });
}

template <class F>
void partition_store::each_table(F&& f) const {
  f(const_cast<table&>(tuples_));
  each_named(space_kind::kv, f);
  each_named(space_kind::structs, f);
}

std::vector<space> partition_store::spaces_after(const space& s, std::size_t most) const {
  std::vector<space> out;
  std::optional<std::string_view> above{s.name};
  for (const auto kind : {space_kind::tuples, space_kind::kv, space_kind::queue, space_kind::stack,
                          space_kind::structs}) {
    if (kind < s.kind || out.size() == most)
      continue;
    const std::size_t room = most - out.size();
    if (kind == space_kind::queue || kind == space_kind::stack)
      for (auto& name : (kind == space_kind::queue ? queues_ : stacks_).names_after(above, room))
        out.push_back({kind, std::move(name)});
    else if (kind != space_kind::tuples) // tuples come first of all
      for (const named_table* t : tables_after(kind, above, room))
        out.push_back(t->data.where());
    above.reset(); // all of the next kind
  }
  return out;
}

std::vector<std::string> partition_store::names(space_kind kind,
                                                std::optional<std::string_view> above,
                                                std::string_view prefix, std::size_t most) const {
  std::vector<std::string> out;
  /// Answers whether more may come.
  const auto add = [&](std::string_view name) {
    const bool fits = name.starts_with(prefix);
    if (fits && out.size() < most)
      out.emplace_back(name);
    return out.size() < most && (fits || name < prefix);
  };
  if (is_table(kind)) {
    each_above(kind, above, [&](const table& t) {
      const auto& name = t.where().name;
      return !t.stored() || !shows(kind, name) || add(name);
    });
    return out;
  }
  const auto& from = kind == space_kind::queue ? queues_ : stacks_;
  for (auto some = from.names_after(above, batch); !some.empty();
       some = from.names_after(some.back(), batch))
    if (!std::ranges::all_of(some, add))
      break;
  return out;
}

/// Call with `telling_`. The tables report to the hub as long as it has a receiver. When this
/// returns, all tables do.
void partition_store::spread_hub() {
  change_sink* const to = hub_->watcher.load() || hub_->keeping.load() ? hub_.get() : nullptr;
  {
    const std::lock_guard hold{adding_};
    told_ = to;
  }
  each_table([&](table& t) { t.tell(to); });
}

void partition_store::tell(change_sink* to) {
  const std::lock_guard one_by_one{telling_};
  hub_->watcher.store(to, std::memory_order_release);
  spread_hub();
}

partition_store::snapshot_start::snapshot_start(partition_store& of) : of_(of) {
  const std::lock_guard one_by_one{of_.telling_};
  ++of_.expected_;
  of_.expect_snapshot();
}
partition_store::snapshot_start::~snapshot_start() {
  {
    const std::lock_guard one_by_one{of_.telling_};
    --of_.expected_;
  }
  of_.release_snapshots();
}
status partition_store::snapshot_start::begin(std::uint64_t id, const stamp& now) {
  return of_.snapshots_->begin(id, now.ms());
}

/// Call with `telling_`.
void partition_store::expect_snapshot() {
  if (hub_->keeping.exchange(true))
    return;
  spread_hub();
  queues_.tell(snapshots_.get());
  stacks_.tell(snapshots_.get());
}

/// Ends the reports once no snapshot is still being read.
void partition_store::release_snapshots() {
  const std::lock_guard one_by_one{telling_};
  if (!hub_->keeping.load() || expected_ > 0 || snapshots_->any_open())
    return;
  hub_->keeping.store(false, std::memory_order_release);
  spread_hub();
  queues_.tell(nullptr);
  stacks_.tell(nullptr);
}

void partition_store::age_snapshots() {
  snapshots_->age();
  release_snapshots();
}
namespace {

/// Registers a table that was taken out of `deadlines`, also when an exception is thrown.
struct registration {
  table& t;
  ~registration() { t.register_deadline(); }
};

} // namespace

std::size_t partition_store::reclaim_expired(std::int64_t now_ms, std::size_t budget) {
  std::size_t taken = 0;
  while (taken < budget) {
    table* t = deadlines_.take(now_ms);
    if (!t)
      break;
    const registration after{*t};
    taken += std::max<std::size_t>(1, t->reclaim_expired(now_ms, budget - taken));
  }
  return taken;
}

void partition_store::clear(const stamp& now) {
  clear_if(now, [](const space&) { return true; });
}
void partition_store::wipe(const stamp& now) {
  clear_if(now, [this](const space& s) { return shows(s.kind, s.name); });
}

/// Empties the tables that are `wanted`, and all queues and stacks.
template <class Wanted>
void partition_store::clear_if(const stamp& now, Wanted&& wanted) {
  snapshots_->drop();
  release_snapshots();
  each_table([&](table& t) {
    if (t.stored() && wanted(t.where()))
      t.clear(now);
  });
  queues_.clear();
  stacks_.clear();
}

partition_store::amount partition_store::held(space_kind kind, const stamp& now) const {
  switch (kind) {
    case space_kind::tuples: return {tuples_.count(now), tuples_.bytes()};
    case space_kind::queue: return {queues_.items(), queues_.bytes()};
    case space_kind::stack: return {stacks_.items(), stacks_.bytes()};
    case space_kind::kv:
    case space_kind::structs: break;
  }
  amount sum;
  each_named(kind, [&](const table& t) {
    if (!shows(kind, t.where().name))
      return;
    sum.records += t.count(now);
    sum.bytes += t.bytes();
  });
  return sum;
}

std::size_t partition_store::bytes() const {
  std::size_t n = queues_.bytes() + stacks_.bytes() + left_.bytes();
  each_table([&](const table& t) { n += t.bytes(); });
  return n;
}

} // namespace supercache
