#include "cluster.hpp"

#include <supercache/store/transfer.hpp>

#include <algorithm>

namespace sim {

namespace {

/// What makes rare orders of events less rare.
void draw_pace(plan& p, dice& d) {
  if (d.chance(40))
    p.stagger_ms = static_cast<std::int64_t>(d.below(20));
  if (d.chance(40))
    p.calm_ms = 300 + d.below(500);
  if (d.chance(50))
    p.stray_percent = static_cast<unsigned>(d.below(30));
  if (d.chance(40))
    p.entry_bytes = 1 + d.below(100);
  if (d.chance(40))
    p.piece_bytes = 1 + d.below(50);
  if (d.chance(40))
    p.down_ms = 400;
  p.hunt = p.cuts && d.chance(50);
  if (d.chance(30))
    p.replace_ms = static_cast<std::int64_t>(1'000 + d.below(5'000));
}

} // namespace

plan draw(replication_mode mode, dice& d) {
  plan p;
  p.mode = mode;
  p.type = static_cast<table_type>(d.below(4));
  p.nodes = 1 + d.below(5);
  if (d.chance(70))
    p.nodes = 3;
  p.factor = d.chance(75) ? 3 : 1 + d.below(4);
  p.partitions = 1 + d.below(3);
  p.log_bytes = std::size_t{1} << (10 + d.below(6));
  p.delay_us = static_cast<std::int64_t>(100 + d.below(3'000));
  if (d.chance(50))
    p.drop_percent = static_cast<unsigned>(d.below(10));
  if (d.chance(40))
    p.duplicate_percent = static_cast<unsigned>(d.below(10));
  if (d.chance(40))
    p.reorder_percent = static_cast<unsigned>(d.below(30));
  p.crashes = d.chance(60);
  p.cuts = d.chance(60);
  p.pauses = d.chance(40);
  p.joins = d.chance(40);
  if (p.joins)
    p.more_nodes = d.below(3);
  if (d.chance(30))
    p.skew_ms = 3'600'000;
  p.chaos_ms = static_cast<std::int64_t>(10'000 + d.below(20'000));
  draw_pace(p, d);
  return p;
}

std::string plan::text() const {
  std::string s = std::string{to_string(mode)} + ", " + std::string{to_string(type)} + ", "
                  + std::to_string(nodes) + "+" + std::to_string(more_nodes) + " nodes, factor "
                  + std::to_string(factor) + ", " + std::to_string(partitions)
                  + " partitions, log of " + std::to_string(log_bytes) + " bytes, delay "
                  + std::to_string(delay_us) + " us, drop " + std::to_string(drop_percent)
                  + "%, duplicate " + std::to_string(duplicate_percent) + "%, reorder "
                  + std::to_string(reorder_percent) + "%";
  for (const auto& [on, name] : {std::pair{crashes, ", crashes"}, std::pair{cuts, ", cuts"},
                                 std::pair{pauses, ", pauses"}, std::pair{joins, ", joins"}})
    if (on)
      s += name;
  s += ", strays " + std::to_string(stray_percent) + "%, at once " + std::to_string(entry_bytes)
       + " bytes of entries, " + std::to_string(piece_bytes) + " of pieces, down after "
       + std::to_string(down_ms) + " ms" + (hunt ? ", hunt" : "");
  s += ", staggered by " + std::to_string(stagger_ms) + " ms, calm for " + std::to_string(calm_ms)
       + " ms";
  if (replace_ms)
    s += ", replaced after " + std::to_string(replace_ms) + " ms";
  if (skew_ms)
    s += ", clocks an hour apart";
  return s;
}

cluster::cluster(world& world_, const plan& plan_)
  : w(world_), p(plan_), watches(plan_.partitions, partition_watch{plan_.mode}) {
  for (std::size_t i = 0; i < p.nodes + p.more_nodes; ++i)
    names_.push_back(std::string(1, static_cast<char>('a' + i)));
  declared_.assign(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(p.nodes));
  for (const auto& name : declared_)
    w.after(static_cast<std::int64_t>(w.random.below(w.random.chance(50) ? 1'000 : 4'000'000)),
            [this, name] {
              if (!alive(name))
                start(name);
            });
}

// -- the network --------------------------------------------------------------------------------

namespace {
std::pair<std::string, std::string> pair_of(const std::string& a, const std::string& b) {
  return a < b ? std::pair{a, b} : std::pair{b, a};
}
} // namespace

void cluster::send(const std::string& from, const std::string& to, member_id life,
                   std::function<void(node&)> frame, bool once) {
  const auto hits = [&](unsigned percent) { return w.random.below(10'000) < percent * lossy; };
  if (is_cut(from, to) || hits(p.drop_percent))
    return;
  const int copies = !once && hits(p.duplicate_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    auto delay = p.delay_us / 2
                 + static_cast<std::int64_t>(w.random.below(static_cast<std::size_t>(p.delay_us)));
    if (i > 0 && hits(p.stray_percent)) // from another time
      delay = static_cast<std::int64_t>(w.random.below(5'000'000));
    else if (hits(p.reorder_percent))
      delay = hits(p.stray_percent) ? static_cast<std::int64_t>(w.random.below(5'000'000))
                                    : delay * static_cast<std::int64_t>(2 + w.random.below(60));
    w.after(delay, [this, from, to, life, frame] {
      node* n = alive(to);
      if (n && n->self().id == life && !is_cut(from, to))
        n->deliver(frame);
    });
  }
}

void cluster::cut(const std::string& a, const std::string& b) {
  w.note([&] { return "CUT " + a + " - " + b; });
  cuts_.insert(pair_of(a, b));
}
void cluster::break_between(const std::string& a, const std::string& b) {
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}})
    if (node* n = alive(from); n && alive(to) && from != to && w.random.chance(60))
      notice_soon(from, alive(to)->self(), false);
}
void cluster::notice_soon(const std::string& who, const member& other, bool dead) {
  w.after(static_cast<std::int64_t>(w.random.below(50'000)), [this, who, other, dead] {
    if (node* n = alive(who))
      n->notice(other, dead);
  });
}
void cluster::heal(const std::string& a, const std::string& b) {
  w.note([&] { return "HEAL " + a + " - " + b; });
  cuts_.erase(pair_of(a, b));
}
void cluster::heal_all() {
  w.note([] { return "HEAL everything"; });
  cuts_.clear();
}
bool cluster::is_cut(const std::string& a, const std::string& b) const {
  return cuts_.contains(pair_of(a, b));
}

// -- the nodes ----------------------------------------------------------------------------------

node* cluster::alive(const std::string& name) {
  const auto at = nodes_.find(name);
  return at == nodes_.end() ? nullptr : at->second.get();
}

void cluster::start(const std::string& name) {
  // Lives differ in their low digits, which is what people see.
  const member self{name, (static_cast<member_id>(name[0]) << 32) + next_life_++};
  w.note([&] { return "START " + to_string(self); });
  const auto skew
    = p.skew_ms ? static_cast<std::int64_t>(w.random.below(static_cast<std::size_t>(2 * p.skew_ms)))
                : 0;
  nodes_[name] = std::make_unique<node>(*this, self, declared_, skew);
}

void cluster::crash(const std::string& name) {
  const auto at = nodes_.find(name);
  if (at == nodes_.end())
    return;
  w.note([&] { return "CRASH " + to_string(at->second->self()); });
  for (const auto& other : names_)
    if (other != name && !is_cut(other, name) && w.random.chance(60)) {
      notice_soon(other, at->second->self(), false);
      notice_soon(other, at->second->self(), true);
    }
  at->second->end();
  dead_.push_back(std::move(at->second));
  nodes_.erase(at);
}

void cluster::pause(const std::string& name) {
  if (node* n = alive(name)) {
    w.note([&] { return "PAUSE " + name; });
    n->set_paused(true);
  }
}
void cluster::resume(const std::string& name) {
  if (node* n = alive(name); n && n->paused()) {
    w.note([&] { return "RESUME " + name; });
    n->set_paused(false);
  }
}

void cluster::declare(std::vector<std::string> names) {
  w.note([&] {
    std::string s = "DECLARE";
    for (const auto& n : names)
      s += ' ' + n;
    return s;
  });
  declared_ = std::move(names);
  for (auto& [name, n] : nodes_)
    n->declare(declared_);
}

// -- from above ---------------------------------------------------------------------------------

node* cluster::leader(std::size_t partition) {
  node* best = nullptr;
  for (auto& [name, n] : nodes_)
    if (n->copy(partition).leads()
        && (!best || n->copy(partition).promised() > best->copy(partition).promised()))
      best = n.get();
  return best;
}

node* cluster::furthest(std::size_t partition) {
  node* best = nullptr;
  for (auto& [name, n] : nodes_)
    if (const replica& r = n->copy(partition);
        !r.blank() && !r.filling()
        && (!best || r.log().last() > best->copy(partition).log().last()))
      best = n.get();
  return best;
}

/// Enough whole copies stay to decide, however far behind they are: what is committed is in a
/// majority, so whoever is elected by what is left has it.
bool cluster::can_lose(const std::string& name) {
  for (std::size_t i = 0; i < p.partitions; ++i) {
    node* l = furthest(i);
    if (!l)
      return false;
    const auto stays = [&](const member& m) {
      node* n = alive(m.node);
      return m.node != name && n && n->self() == m && !n->copy(i).blank() && !n->copy(i).filling();
    };
    replica_group both = l->copy(i).group();
    both.joint = !both.before.empty();
    if (find_node(both.involved(), name) && !both.decides(stays))
      return false;
  }
  return true;
}

void cluster::compare_data(std::size_t partition, node& n) {
  replica& r = n.copy(partition);
  if (r.blank() || r.filling())
    return;
  byte_buffer requests;
  wire_writer into{requests};
  write(into, r.requests());
  const std::string_view text{reinterpret_cast<const char*>(requests.data()), requests.size()};
  const std::pair mine{digest(n.store(partition), stamp{r.stamp_ms()}) ^ hash(value{text}),
                       to_string(n.self())};
  const auto [at, fresh] = data_.try_emplace({partition, r.log().last()}, mine);
  if (!fresh && at->second.first != mine.first)
    w.fail("copies", "at " + to_string(r.log().last()) + " of partition "
                       + std::to_string(partition) + ", " + mine.second + " has other data than "
                       + at->second.second);
}

void cluster::check_commit(std::size_t partition, node& n) {
  const replica& r = n.copy(partition);
  const position at = r.log().at(r.commit());
  const auto holds = [&](const member& m) {
    const auto mine = [&](const std::unique_ptr<node>& x) { return x && x->self() == m; };
    const auto alive = nodes_.find(m.node);
    node* x = alive != nodes_.end() && mine(alive->second) ? alive->second.get() : nullptr;
    if (const auto dead = std::ranges::find_if(dead_, mine); dead != dead_.end())
      x = dead->get();
    if (!x)
      return false;
    const replica& copy = x->copy(partition);
    return !copy.filling() && copy.log().knows(at.index) && copy.log().at(at.index) == at;
  };
  const auto holders = std::ranges::count_if(r.members(), holds);
  if (static_cast<std::size_t>(holders) < majority_of(r.members().size()))
    w.fail("durability", to_string(n.self()) + " commits " + to_string(at) + " of partition "
                           + std::to_string(partition) + ", which only " + std::to_string(holders)
                           + " of " + to_string(r.members()) + " hold");
}

bool cluster::settled(std::string* why) {
  const auto no = [&](std::size_t i, const std::string& what) {
    if (why)
      *why = "partition " + std::to_string(i) + ": " + what;
    return false;
  };
  for (std::size_t i = 0; i < p.partitions; ++i) {
    node* l = leader(i);
    if (!l)
      return no(i, "nobody leads");
    replica& r = l->copy(i);
    const member_list wanted = l->view().wanted(i);
    member_list sorted = wanted;
    std::ranges::sort(sorted);
    if (r.members() != sorted || r.changing_members())
      return no(i, "the group is " + to_string(r.group()) + ", not " + to_string(sorted));
    if (sorted.size() != std::min(p.factor, l->view().counted().size()))
      return no(i, "the group is only " + to_string(sorted));
    if (wanted.front() != l->self())
      return no(i, to_string(l->self()) + " leads, not " + to_string(wanted.front()));
    if (!r.accepts_writes() || r.commit() != r.log().last().index)
      return no(i, "the primary waits");
    const stamp when{r.stamp_ms()};
    for (const member& m : r.members()) {
      node* n = alive(m.node);
      if (!n || n->self() != m || !n->copy(i).readable())
        return no(i, to_string(m) + " is not there, or not complete");
      if (n->copy(i).log().last() != r.log().last())
        return no(i, to_string(m) + " ends at " + to_string(n->copy(i).log().last()) + ", not "
                       + to_string(r.log().last()));
      if (digest(n->store(i), when) != digest(l->store(i), when))
        return no(i, to_string(m) + " has other data than the primary");
      if (n->copy(i).requests() != r.requests())
        return no(i, to_string(m) + " has another session table");
    }
    for (auto& [name, n] : nodes_)
      if (!find_member(r.members(), n->self().id) && !n->copy(i).blank())
        return no(i, name + " keeps data though it is no member");
  }
  return true;
}

} // namespace sim
