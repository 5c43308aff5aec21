#pragma once

#include <supercache/store/description.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace supercache {

/// One incarnation of one node: a number drawn again at every start, so that a node that lost its
/// memory is not taken for the one that had it. 0 = none.
using member_id = std::uint64_t;

/// A node in one of its incarnations.
struct member {
  std::string node;
  member_id id = 0;
  static constexpr auto fields(auto&& f) { return f(&member::node, &member::id); }
  auto operator<=>(const member&) const = default;
};
using member_list = std::vector<member>;
/// `a#1f3c`: the node and the last digits of its incarnation.
std::string to_string(const member& m);
std::string to_string(const member_list& ms);
const member* find_member(const member_list& ms, member_id id) noexcept;
const member* find_node(const member_list& ms, std::string_view node) noexcept;

/// The time of one primary of a partition. Ordered. Two primaries never share an epoch, since the
/// owner is part of it, not even when a split lets different nodes elect two (Paxos' ballots rather
/// than Raft's terms). `{}` is before all others.
struct epoch {
  std::uint64_t number = 0;
  member_id owner = 0;
  static constexpr auto fields(auto&& f) { return f(&epoch::number, &epoch::owner); }
  auto operator<=>(const epoch&) const = default;
};
std::string to_string(const epoch& e);

/// Index of an entry in a partition's log; the first is 1.
using log_index = std::uint64_t;

/// An entry's place: no two entries of a partition have the same. Logs that have the same position
/// are the same up to it. The order says which of two logs is further ahead.
struct position {
  supercache::epoch epoch;
  log_index index = 0;
  static constexpr auto fields(auto&& f) { return f(&position::epoch, &position::index); }
  auto operator<=>(const position&) const = default;
};
std::string to_string(const position& p);

/// One transfer of a partition's data to a copy: the epoch of the primary that began it, and its
/// number there. What belongs to an earlier transfer than a copy took part in is late.
struct transfer_id {
  supercache::epoch epoch;
  std::uint64_t number = 0;
  static constexpr auto fields(auto&& f) { return f(&transfer_id::epoch, &transfer_id::number); }
  auto operator<=>(const transfer_id&) const = default;
};
std::string to_string(const transfer_id& t);

/// The least number of members that is more than half.
constexpr std::size_t majority_of(std::size_t members) noexcept { return members / 2 + 1; }

/// The members that decide about a partition. A group changes in two steps (Ongaro's dissertation,
/// §4.3): first the old and the new one decide together, `joint`; when that is committed, the new
/// one decides alone; when that is committed, `before` is forgotten.
struct replica_group {
  member_list members; ///< in order
  member_list before;  ///< during a change: the old group
  /// During a change: the member whose vote decides when exactly half of `before` agrees; the one
  /// that began the change. So a group of two can replace the member that is lost.
  member_id casting_vote = 0;
  bool joint = false;
  static constexpr auto fields(auto&& f) {
    return f(&replica_group::members, &replica_group::before, &replica_group::casting_vote,
             &replica_group::joint);
  }
  bool operator==(const replica_group&) const = default;

  /// Whether the members for which `f(member)` holds are enough to decide. Any two such sets have a
  /// member in common, so there are never two decisions.
  template <class F>
  bool decides(F&& f) const {
    return more_than_half(members, f) && (!joint || prevails(before, f));
  }
  /// Whether they are enough to elect a primary. In the middle of a change half of the new group is
  /// enough, so that its other half can be lost; the elected member then goes back. Such a set,
  /// too, has a member in common with every set that decides; but it commits nothing.
  template <class F>
  bool elects(F&& f) const {
    return joint ? prevails(before, f) && half(members, f) : more_than_half(members, f);
  }
  /// Whether the members may decide alone, but it is not known that the entry that says so is
  /// committed.
  bool ends() const noexcept { return !joint && !before.empty(); }
  /// While a change ends: whether the members for which `f` holds are enough to elect a primary,
  /// since it is certain that nothing was decided without the group before: at least half of the
  /// members, those for which `g` holds, took part in no such decision.
  template <class F, class G>
  bool elects_back(F&& f, G&& g) const {
    return ends() && prevails(before, f) && half(members, g);
  }
  /// Whether every set that decides with the group before has a member in common with every set in
  /// which the members decide alone.
  bool before_meets_members() const;
  /// All members that may still be needed: `members` and `before`, in order.
  member_list involved() const;

private:
  template <class F>
  static std::size_t count(const member_list& ms, F& f) {
    return static_cast<std::size_t>(std::ranges::count_if(ms, std::ref(f)));
  }
  template <class F>
  static bool more_than_half(const member_list& ms, F& f) {
    return count(ms, f) >= majority_of(ms.size());
  }
  /// So many that the others are not more than half.
  template <class F>
  bool half(const member_list& ms, F& f) const {
    return 2 * count(ms, f) >= ms.size();
  }
  /// More than half, or half with the casting vote.
  template <class F>
  bool prevails(const member_list& ms, F& f) const {
    const auto casts = [&](const member& m) { return m.id == casting_vote && f(m); };
    return more_than_half(ms, f)
           || (2 * count(ms, f) == ms.size() && std::ranges::any_of(ms, casts));
  }
};
std::string to_string(const replica_group& g);

} // namespace supercache
