#pragma once

#include <supercache/cluster/replica.hpp>

#include <map>
#include <string>
#include <vector>

namespace supercache {

/// What must hold within one copy at any time. Answers what does not, in words; none: all is well.
std::vector<std::string> violations(const replica& r);

/// What must hold between one look at a copy and the next, and among all copies of a partition:
///
///  1. The promised epoch never falls, nor does, in sync mode, the commit index of one incarnation.
///  2. No copy leads in an epoch that another owns, and no two copies lead in one epoch.
///  3. Entries at one position are the same everywhere, and stand on the same entries (log
///     matching).
///  4. Sync: the primaries of later epochs have what any copy knows to be committed (leader
///     completeness).
///  5. Sync: a primary commits entries of former epochs only along with one of its own.
///
/// For the simulator: it keeps a digest of every entry it has seen.
class partition_watch {
public:
  explicit partition_watch(replication_mode mode) : mode_(mode) {}
  /// Looks at a copy after a step; answers what is wrong.
  std::vector<std::string> look(member_id who, const replica& r);

private:
  struct seen {
    epoch promised;
    log_index commit = 0;
    bool lead = false;
    position last; ///< entries up to here were compared
  };
  struct content {
    std::uint64_t digest = 0;
    position previous;
  };
  struct commitment {
    position at;
    epoch in; ///< the first epoch in which a copy knew of it
  };
  void look_at_entries(const replica& r, seen& before, std::vector<std::string>& wrong);

  replication_mode mode_;
  std::map<member_id, seen> last_;
  std::map<position, content> entries_;
  std::map<epoch, member_id> leaders_;
  std::map<log_index, commitment> committed_; ///< sync
};

} // namespace supercache
