#include "guarantee.hpp"

#include <algorithm>
#include <functional>

namespace sim {

using namespace supercache;

namespace {

bool knows(const witness& w, const position& at) {
  return w.core->log().knows(at.index) && w.core->log().at(at.index) == at;
}

bool has_sent(const witness& w, log_index index, const member& to) {
  const auto p = w.core->peers().find(to.id);
  return w.core->leads() && p != w.core->peers().end()
         && (p->second.next > index || p->second.waiting);
}

bool whole(const replica& r) { return !r.blank() && !r.installing(); }

class partition_as_it_is {
public:
  explicit partition_as_it_is(const std::vector<witness>& all) : all_(all) {}

  /// Whether the copies that stay, and whose logs are not longer than `most`, are enough of the
  /// group that `r` knows.
  bool enough(const replica& r, const position& most) const {
    const replica_group& g = r.group();
    const auto stays = [&](const member& m) { return stays_with(m, most); };
    if (g.before.empty())
      return g.decides(stays);
    // Once as many members as can decide have the end of a change, or will have it, the change is
    // over, whether any copy knows that or not.
    const position end = r.log().at(r.group_index());
    const auto has_it = [&](const member& m) {
      return std::ranges::any_of(all_, [&](const witness& w) {
        return knows(w, end) && (w.self == m || (w.heard_later && has_sent(w, end.index, m)));
      });
    };
    if (g.ends() && g.decides(has_it))
      return g.decides(stays);
    replica_group both = g;
    both.joint = true;
    const member_list all = g.involved();
    return both.decides(stays)
           || (g.members.size() == 2 && both.elects(stays)
               && std::ranges::count_if(all, stays) + 1 >= std::ssize(all));
  }
  /// The same for the group that is in force until the change that `r` knows of is over.
  bool enough_before(const replica& r) const {
    replica_group g = r.group();
    g.members = g.before;
    return g.elects([&](const member& m) { return stays_with(m, any); });
  }

  static constexpr position any{{UINT64_MAX, 0}, 0};

private:
  bool stays_with(const member& m, const position& most) const {
    return std::ranges::any_of(all_, [&](const witness& w) {
      return w.self == m && w.stays && whole(*w.core) && w.core->log().last() <= most;
    });
  }

  const std::vector<witness>& all_;
};

const witness* furthest(const std::vector<witness>& copies,
                        const std::function<bool(const witness&)>& counts) {
  const witness* best = nullptr;
  for (const witness& w : copies)
    if (whole(*w.core) && counts(w) && (!best || w.core->log().last() > best->core->log().last()))
      best = &w;
  return best;
}

} // namespace

bool must_survive(const std::vector<witness>& copies) {
  const partition_as_it_is p{copies};
  // The first knows of every change that may be over; the next, which stays, has to lead.
  const witness* const first = furthest(copies, [](const witness&) { return true; });
  if (!first)
    return false;
  const replica& f = *first->core;
  const witness* const next = furthest(copies, [&](const witness& w) {
    return w.stays && find_member(f.group().involved(), w.self.id);
  });
  return next && (f.group().joint ? p.enough_before(f) : p.enough(f, p.any))
         && p.enough(*next->core, next->core->log().last());
}

} // namespace sim
