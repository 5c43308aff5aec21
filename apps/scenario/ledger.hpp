#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// What clients were told, and whether the data found afterwards fits it. Pure. Thread: like a
/// container.
namespace supercache::app {

/// What a client knows about one of its writes.
enum class outcome {
  acknowledged, ///< it happened
  unknown,      ///< it may have happened, or may still happen
  failed,       ///< it did not happen and will not
};
const char* to_string(outcome o) noexcept;
struct told {
  outcome is = outcome::acknowledged;
  std::string why; ///< the client's error, if not acknowledged
};

/// The contents of a key: a number, or nothing.
using content = std::optional<std::int64_t>;
std::string text_of(const content& c);

/// How much must be found.
enum class strictness {
  exact,
  may_lose, ///< acknowledged writes may be undone, as in async mode when a primary dies
};

/// Keys that have one writer each.
class register_book {
public:
  /// @pre the key has no unknown write yet: the effect of a further write would be undecidable
  void note(const std::string& key, const content& written, const told& o);
  /// Why a key cannot hold this; empty if it can.
  std::string objection(const std::string& key, const content& found,
                        strictness s = strictness::exact) const;
  /// What the key must hold, if that is certain.
  std::optional<content> expected(const std::string& key) const;
  std::vector<std::string> keys() const;
  /// Adds another book about other keys.
  void merge(register_book other) { entries_.merge(other.entries_); }

private:
  struct entry {
    content last; ///< the last acknowledged one
    std::optional<content> maybe;
    std::set<content> earlier;                   ///< acknowledged before
    std::map<std::int64_t, std::string> refused; ///< and the reason
  };
  std::map<std::string, entry> entries_;
};

/// Counters that several clients increment by one.
class counter_book {
public:
  /// `answer`: the number that an acknowledged increment returned.
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

/// A queue or stack of distinct items.
class line_book {
public:
  void pushed(const std::string& item, told o) { in_[item] = std::move(o); }
  void popped(const std::string& item) { ++out_[item]; }
  /// A pop without an answer: it may have taken an item along.
  void lost_pop() { ++lost_pops_; }
  /// What is wrong once the line is empty.
  std::vector<std::string> objections(strictness s = strictness::exact) const;
  std::size_t taken() const noexcept { return out_.size(); }

private:
  std::map<std::string, told> in_;
  std::map<std::string, int> out_;
  std::size_t lost_pops_ = 0;
};

} // namespace supercache::app
