#pragma once

#include <supercache/cluster/ids.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace supercache {

/// Where a copy stands: the end of its log, and the group that decides according to that log.
struct standing {
  position last;
  replica_group group;
  static constexpr auto fields(auto&& f) { return f(&standing::last, &standing::group); }
};

/// A read by quorum, as the reader sees it: which copies to ask, which answers are enough, and
/// which answer counts.
///
/// Answers are enough once the copies that gave them can decide in the group that the newest of
/// them knows. If that group, or a later one, had decided anything since, one of these copies would
/// know it and be newer. What the reader takes for the group says only which copies to ask: it may
/// be some changes old. Only whole copies may answer (`replica::readable`). It does not matter when
/// they answer, or in which attempt they were asked, if that is after the read began.
template <class Answer>
class quorum_read {
public:
  /// The members to ask, in order: those known here, and those of the newest group that earlier
  /// attempts heard of.
  member_list whom(member_list known) const {
    for (const member& m : newest_.group.involved())
      if (!find_member(known, m.id))
        known.push_back(m);
    std::ranges::sort(known);
    return known;
  }

  /// Takes one copy's answer; a copy that is asked again may give another. Answers whether there
  /// are enough now.
  bool take(member_id from, standing s, Answer what) {
    if (answered_.empty() || s.last > newest_.last) {
      newest_ = std::move(s);
      what_ = std::move(what);
    }
    if (std::ranges::find(answered_, from) == answered_.end())
      answered_.push_back(from);
    return newest_.group.decides(
      [&](const member& m) { return std::ranges::find(answered_, m.id) != answered_.end(); });
  }

  /// How many copies have answered.
  std::size_t answered() const noexcept { return answered_.size(); }
  Answer& newest() noexcept { return what_; }
  const standing& stands() const noexcept { return newest_; }

private:
  std::vector<member_id> answered_;
  standing newest_;
  Answer what_{};
};

} // namespace supercache
