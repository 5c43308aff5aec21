#include <supercache/store/partition_store.hpp>
#include <supercache/store/reclaim.hpp>

#include <algorithm>
#include <functional>

namespace supercache {

struct partition_store::named_table {
  space_kind kind;
  std::string name;
  std::size_t hash;
  table data;
};

/// An open-addressed index of spaces; entries are only ever added, a full one is replaced by a
/// larger one.
struct partition_store::directory {
  std::vector<std::atomic<named_table*>> slots;
  explicit directory(std::size_t size) : slots(size) {}

  static std::size_t hash_of(space_kind kind, std::string_view name) noexcept {
    return std::hash<std::string_view>{}(name) + static_cast<std::size_t>(kind);
  }
  named_table* find(space_kind kind, std::string_view name) const noexcept {
    const auto hash = hash_of(kind, name);
    for (std::size_t i = hash % slots.size();; i = (i + 1) % slots.size()) {
      named_table* t = slots[i].load(std::memory_order_acquire);
      if (!t || (t->hash == hash && t->kind == kind && t->name == name))
        return t;
    }
  }
  void add(named_table* t) noexcept {
    std::size_t i = t->hash % slots.size();
    while (slots[i].load(std::memory_order_relaxed))
      i = (i + 1) % slots.size();
    slots[i].store(t, std::memory_order_release);
  }
};

partition_store::partition_store(const store_options& o)
  : options_(o), tuples_(o.type, o.key_pos, o.stripes), directory_(new directory(16)) {}

partition_store::~partition_store() { delete directory_.load(); }

table* partition_store::find(space_kind kind, std::string_view name) const noexcept {
  const reclaim::pin guard;
  named_table* t = directory_.load(std::memory_order_acquire)->find(kind, name);
  return t ? &t->data : nullptr;
}

table& partition_store::open(space_kind kind, std::string_view name) {
  if (table* t = find(kind, name))
    return *t;
  const std::lock_guard hold{adding_};
  directory* now = directory_.load(std::memory_order_relaxed);
  if (named_table* t = now->find(kind, name))
    return t->data;
  // Structs are unique by key whatever the table type: a struct is a thing with an identity.
  const auto type = kind == space_kind::structs && options_.type != table_type::ordered_set
                      ? table_type::set
                      : options_.type;
  const std::size_t stripes = std::max<std::size_t>(1, options_.stripes / 4);
  spaces_.push_back(std::unique_ptr<named_table>(
    new named_table{kind, std::string{name}, directory::hash_of(kind, name),
                    table{type, 0, stripes, {kind, std::string{name}}}}));
  named_table* fresh = spaces_.back().get();
  fresh->data.tell(told_);
  if (spaces_.size() * 2 > now->slots.size()) {
    auto larger = std::make_unique<directory>(now->slots.size() * 2);
    for (const auto& t : spaces_)
      larger->add(t.get());
    directory_.store(larger.release(), std::memory_order_release);
    reclaim::retire(now, [](void* p) noexcept { delete static_cast<directory*>(p); });
  } else {
    now->add(fresh);
  }
  return fresh->data;
}

std::vector<std::string> partition_store::names(space_kind kind) const {
  std::vector<std::string> out;
  if (kind == space_kind::queue || kind == space_kind::stack) {
    const auto& from = kind == space_kind::queue ? queues_ : stacks_;
    from.each([&](std::string_view name, const auto&) { out.emplace_back(name); });
    return out;
  }
  const std::lock_guard hold{adding_};
  for (const auto& t : spaces_)
    if (t->kind == kind)
      out.push_back(t->name);
  return out;
}

std::optional<space> partition_store::space_after(const space& s) const {
  std::string_view above = s.name;
  bool any_name = false; // of kinds behind the first
  for (auto k = static_cast<std::uint8_t>(s.kind);
       k <= static_cast<std::uint8_t>(space_kind::structs); ++k, any_name = true) {
    const auto kind = static_cast<space_kind>(k);
    if (kind == space_kind::tuples)
      continue; // the first of all
    std::optional<std::string> least;
    for (const std::string& name : names(kind))
      if ((any_name || name > above) && (!least || name < *least))
        least = name;
    if (least)
      return space{kind, *least};
  }
  return {};
}

template <class F>
void partition_store::each_table(F&& f) const {
  f(const_cast<table&>(tuples_));
  const std::lock_guard hold{adding_};
  for (const auto& t : spaces_)
    f(t->data);
}

void partition_store::tell(change_sink* to) {
  tuples_.tell(to);
  const std::lock_guard hold{adding_};
  told_ = to;
  for (const auto& t : spaces_)
    t->data.tell(to);
}

std::size_t partition_store::reclaim_expired(std::int64_t now_ms, std::size_t budget) {
  std::size_t freed = 0;
  each_table([&](table& t) {
    if (freed < budget && t.next_deadline() <= now_ms)
      freed += t.reclaim_expired(now_ms, budget - freed);
  });
  return freed;
}

std::int64_t partition_store::next_deadline() const {
  std::int64_t first = INT64_MAX;
  each_table([&](const table& t) { first = std::min(first, t.next_deadline()); });
  return first;
}

void partition_store::clear(const stamp& now) {
  each_table([&](table& t) { t.clear(now); });
  queues_.clear();
  stacks_.clear();
}

std::size_t partition_store::bytes() const {
  std::size_t n = queues_.bytes() + stacks_.bytes();
  each_table([&](table& t) { n += t.bytes(); });
  return n;
}

} // namespace supercache
