#pragma once

#include <supercache/cluster/ids.hpp>
#include <supercache/store/abi.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace supercache::detail {

/// What a node logs about the primaries of partitions: that a partition has another primary, that
/// the cluster can take writes, and that it cannot. What happens within a quarter of a second is
/// said together, and what is over by then is not said.
///
/// Thread: one.
class placement_log {
public:
  /// A partition as the node sees it.
  struct seen {
    const member* primary = nullptr; ///< that can be reached; null: none
    bool writable = false;           ///< it has, in sync mode, a majority of its members, too
  };
  struct line {
    bool warning = false;
    std::string text;
  };

  /// Whether there is nothing to say if nothing has changed since the last look.
  bool rests() const noexcept { return !due_ms_ && usable_; }
  /// Answers what to say now.
  std::vector<line> look(std::span<const seen> partitions, std::int64_t now_ms);

private:
  static constexpr std::int64_t gather_ms = 250;

  void note_primaries(std::span<const seen> partitions);
  void say_primaries(std::vector<line>& out);
  void say_whether_usable(std::span<const seen> partitions, std::int64_t now,
                          std::vector<line>& out);

  std::vector<member> primaries_; ///< the last that each partition had
  /// Partitions that went from one to another since it was said last.
  std::map<std::pair<member, member>, std::vector<std::size_t>> moves_;
  std::optional<std::int64_t> due_ms_; ///< when to say it; none: there is nothing to say
  bool usable_ = false, said_usable_ = false, ever_usable_ = false;
  std::int64_t unusable_since_ms_ = 0;
};

} // namespace supercache::detail
