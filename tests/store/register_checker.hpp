#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Whether the observations of concurrent threads on one register could have happened one operation
/// after the other: the algorithm of Wing and Gong, "Testing and verifying concurrent objects"
/// (1993), with the states already tried remembered (Lowe, 2017).
namespace register_checker {

/// 0 = the register is empty.
using content = int;

struct operation {
  enum class what : std::uint8_t { write, read, exchange, insert, remove };

  what is = what::read;
  content argument = 0;       ///< written, inserted, or what an exchange expects
  content desired = 0;        ///< what an exchange stores
  content answer = 0;         ///< the value read; whether an exchange, insert or remove succeeded
  std::uint64_t called = 0;   ///< before the operation began …
  std::uint64_t returned = 0; ///< … and after it ended, by a clock all threads share

  /// Whether this answer is possible when the register holds `c`, which then changes.
  bool step(content& c) const {
    switch (is) {
      case what::read: return answer == c;
      case what::write: c = argument; return true;
      case what::exchange: return perform(c == argument, desired, c);
      case what::insert: return perform(c == 0, argument, c);
      case what::remove: return perform(c != 0, 0, c);
    }
    return false;
  }

private:
  bool perform(bool succeeds, content next, content& c) const {
    if (succeeds)
      c = next;
    return answer == (succeeds ? 1 : 0);
  }
};

/// Up to 64 operations on one register that is initially empty.
class history {
public:
  explicit history(std::vector<operation> ops) : ops_(std::move(ops)) {}

  bool is_linearizable() {
    tried_.clear();
    return search(0, 0);
  }
  /// Pairs of operations that overlap: neither ended before the other began.
  std::size_t overlaps() const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < ops_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        n += ops_[i].called < ops_[j].returned && ops_[j].called < ops_[i].returned;
    return n;
  }
  std::string text() const {
    static constexpr const char* names[] = {"write", "read", "exchange", "insert", "remove"};
    auto sorted = ops_;
    std::ranges::sort(sorted, {}, &operation::called);
    std::string out;
    for (const operation& o : sorted)
      out += std::to_string(o.called) + "-" + std::to_string(o.returned) + " "
             + names[static_cast<std::size_t>(o.is)] + " " + std::to_string(o.argument) + " "
             + std::to_string(o.desired) + " -> " + std::to_string(o.answer) + "\n";
    return out;
  }

private:
  bool search(std::uint64_t done, content c) {
    if (done == (ops_.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << ops_.size()) - 1))
      return true;
    if (!tried_.insert({done, c}).second)
      return false;
    // Next can be any operation that was called before every other remaining one returned.
    std::uint64_t first_return = UINT64_MAX;
    for (std::size_t i = 0; i < ops_.size(); ++i)
      if (!(done >> i & 1))
        first_return = std::min(first_return, ops_[i].returned);
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      content next = c;
      if (!(done >> i & 1) && ops_[i].called < first_return && ops_[i].step(next)
          && search(done | std::uint64_t{1} << i, next))
        return true;
    }
    return false;
  }

  std::vector<operation> ops_;
  std::set<std::pair<std::uint64_t, content>> tried_;
};

} // namespace register_checker
