#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// What clients were told, and whether what is found afterwards fits. Pure. Thread: like a
/// container.
namespace supercache::app {

/// What a client knows of one of its writes.
enum class outcome {
  acknowledged, ///< it happened
  unknown,      ///< it may have happened, or may yet
  failed,       ///< it did not happen and will not
};
const char* to_string(outcome o) noexcept;
struct told {
  outcome is = outcome::acknowledged;
  std::string why; ///< what the client was told, if it was not acknowledged
};

/// What a key holds: a number, or nothing.
using content = std::optional<std::int64_t>;
std::string text_of(const content& c);

/// How much is to be found.
enum class strictness {
  exact,
  may_lose, ///< what was acknowledged may be undone, as in async mode when a primary dies
};

/// Keys, each of which has one writer.
class register_book {
public:
  /// @pre the key has no unknown write yet: what that one does would be anybody's guess
  void note(const std::string& key, const content& written, const told& o);
  /// Why a key cannot hold this; empty if it can.
  std::string objection(const std::string& key, const content& found,
                        strictness s = strictness::exact) const;
  /// What it must hold, if that is certain.
  std::optional<content> expected(const std::string& key) const;
  std::vector<std::string> keys() const;
  /// Takes over another book of other keys.
  void merge(register_book other) { entries_.merge(other.entries_); }

private:
  struct entry {
    content last; ///< of what was acknowledged
    std::optional<content> maybe;
    std::set<content> earlier;                   ///< acknowledged before
    std::map<std::int64_t, std::string> refused; ///< and why
  };
  std::map<std::string, entry> entries_;
};

/// Counters that many increment by one.
class counter_book {
public:
  /// `answer`: what an acknowledged increment said.
  void note(const std::string& counter, outcome o, std::int64_t answer);
  std::string objection(const std::string& counter, std::int64_t found,
                        strictness s = strictness::exact) const;
  /// Answers that came more than once: two increments that did not see each other.
  std::vector<std::string> repeated() const;
  std::vector<std::string> counters() const;

private:
  struct entry {
    std::int64_t acknowledged = 0, unknown = 0;
    std::map<std::int64_t, int> answers;
  };
  std::map<std::string, entry> entries_;
};

/// A queue or stack of items that are all different.
class line_book {
public:
  void pushed(const std::string& item, told o) { in_[item] = std::move(o); }
  void popped(const std::string& item) { ++out_[item]; }
  /// A pop that was not answered: it may have taken an item along.
  void lost_pop() { ++lost_pops_; }
  /// What is wrong once nothing is left in the line.
  std::vector<std::string> objections(strictness s = strictness::exact) const;
  std::size_t taken() const noexcept { return out_.size(); }

private:
  std::map<std::string, told> in_;
  std::map<std::string, int> out_;
  std::size_t lost_pops_ = 0;
};

} // namespace supercache::app
