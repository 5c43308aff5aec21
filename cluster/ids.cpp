#include <supercache/cluster/ids.hpp>

#include <algorithm>
#include <cstdio>

namespace supercache {

namespace {
std::string digits(member_id id) {
  char text[8];
  std::snprintf(text, sizeof text, "%04x", static_cast<unsigned>(id & 0xffff));
  return text;
}
} // namespace

std::string to_string(const member& m) { return m.node + '#' + digits(m.id); }

std::string to_string(const member_list& ms) {
  std::string out = "{";
  for (const member& m : ms)
    out += (out.size() == 1 ? "" : ", ") + to_string(m);
  return out + '}';
}

std::string to_string(const replica_group& g) {
  if (g.before.empty())
    return to_string(g.members);
  return to_string(g.members) + (g.joint ? " with " : " after ") + to_string(g.before);
}

member_list replica_group::involved() const {
  member_list out = members;
  std::ranges::copy_if(before, std::back_inserter(out),
                       [&](const member& m) { return !find_member(members, m.id); });
  std::ranges::sort(out);
  return out;
}

bool replica_group::before_meets_members() const {
  // The least that such a set has in common with the members: it takes all other nodes first.
  const auto outside = static_cast<std::size_t>(
    std::ranges::count_if(before, [&](const member& m) { return !find_member(members, m.id); }));
  const auto within = [&](std::size_t size) { return size - std::min(size, outside); };
  std::size_t least = within(majority_of(before.size()));
  if (before.size() % 2 == 0 && find_member(before, casting_vote)) {
    const bool caster = find_member(members, casting_vote) != nullptr;
    least = std::min(least, caster ? 1 + within(before.size() / 2 - 1) : within(before.size() / 2));
  }
  return 2 * least >= members.size();
}

const member* find_member(const member_list& ms, member_id id) noexcept {
  const auto at = std::ranges::find(ms, id, &member::id);
  return at == ms.end() ? nullptr : &*at;
}

const member* find_node(const member_list& ms, std::string_view node) noexcept {
  const auto at = std::ranges::find(ms, node, &member::node);
  return at == ms.end() ? nullptr : &*at;
}

std::string to_string(const epoch& e) { return std::to_string(e.number) + '/' + digits(e.owner); }

std::string to_string(const transfer_id& t) {
  return std::to_string(t.number) + " of " + to_string(t.epoch);
}

std::string to_string(const position& p) {
  return std::to_string(p.index) + '@' + to_string(p.epoch);
}

} // namespace supercache
