#pragma once

#include <supercache/cluster/ids.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace supercache {

/// Where a copy stands: the end of its log, and the group that decides as that log has it.
struct standing {
  position last;
  replica_group group;
};

/// A read by quorum, as the reader sees it: whom to ask, which answers are enough, and which
/// counts.
///
/// Answers are enough once those who gave them can decide in the group that the newest of them
/// knows. Had that group decided anything since, a later group included, one of them would know and
/// be newer. What the reader takes for the group says only whom to ask: it may be some changes old.
/// Only whole copies may answer (`replica::readable`). When they do is all the same, and in which
/// attempt they were asked, as long as it is after the read began.
template <class Answer>
class quorum_read {
public:
  /// Those to ask: the members as far as is known here, and those of the newest group that was
  /// heard of in earlier attempts; in order.
  member_list whom(member_list known) const {
    for (const member& m : newest_.group.involved())
      if (!find_member(known, m.id))
        known.push_back(m);
    std::ranges::sort(known);
    return known;
  }

  /// One copy's answer; a copy that is asked again may give another. Whether there are enough now.
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

  /// How many have answered.
  std::size_t answered() const noexcept { return answered_.size(); }
  Answer& newest() noexcept { return what_; }
  const standing& stands() const noexcept { return newest_; }

private:
  std::vector<member_id> answered_;
  standing newest_;
  Answer what_{};
};

} // namespace supercache
