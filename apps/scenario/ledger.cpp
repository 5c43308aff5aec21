#include "ledger.hpp"

namespace supercache::app {

const char* to_string(outcome o) noexcept {
  return o == outcome::acknowledged ? "acknowledged" : o == outcome::unknown ? "unknown" : "failed";
}

std::string text_of(const content& c) { return c ? std::to_string(*c) : "nothing"; }

// -- registers ------------------------------------------------------------------------------------

void register_book::note(const std::string& key, const content& written, const told& o) {
  entry& e = entries_[key];
  if (o.is == outcome::acknowledged)
    e.earlier.insert(std::exchange(e.last, written));
  else if (o.is == outcome::unknown)
    e.maybe = written;
  else if (written)
    e.refused[*written] = o.why;
}

std::string register_book::objection(const std::string& key, const content& found,
                                     strictness s) const {
  const auto at = entries_.find(key);
  if (at == entries_.end())
    return found ? key + " holds " + text_of(found) + ", which nobody wrote" : "";
  const entry& e = at->second;
  if (found == e.last || (e.maybe && found == *e.maybe)
      || (s == strictness::may_lose && (!found || e.earlier.contains(found))))
    return {};
  std::string text = key + " holds " + text_of(found) + " instead of " + text_of(e.last);
  if (e.maybe)
    text += " or " + text_of(*e.maybe);
  if (const auto bad = found ? e.refused.find(*found) : e.refused.end(); bad != e.refused.end())
    return text + ": a write that had failed, as \"" + bad->second + '"';
  return text + (found ? ": an older write" : ": an acknowledged write is lost");
}

std::optional<content> register_book::expected(const std::string& key) const {
  const auto at = entries_.find(key);
  if (at == entries_.end())
    return content{};
  return at->second.maybe ? std::nullopt : std::optional{at->second.last};
}

std::vector<std::string> register_book::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, e] : entries_)
    out.push_back(key);
  return out;
}

// -- counters -------------------------------------------------------------------------------------

void counter_book::note(const std::string& counter, outcome o, std::int64_t answer) {
  entry& e = entries_[counter];
  if (o == outcome::acknowledged) {
    ++e.acknowledged;
    ++e.answers[answer];
  } else if (o == outcome::unknown) {
    ++e.unknown;
  }
}

std::string counter_book::objection(const std::string& counter, std::int64_t found,
                                    strictness s) const {
  const auto at = entries_.find(counter);
  const entry e = at == entries_.end() ? entry{} : at->second;
  const auto least = e.acknowledged, most = e.acknowledged + e.unknown;
  if ((found >= least || s == strictness::may_lose) && found <= most)
    return {};
  return counter + " is " + std::to_string(found) + " instead of " + std::to_string(least)
         + (most > least ? " to " + std::to_string(most) : "") + ": "
         + (found < least ? std::to_string(least - found) + " increments are lost"
                          : std::to_string(found - most) + " increments happened twice");
}

std::vector<std::string> counter_book::repeated() const {
  std::vector<std::string> out;
  for (const auto& [counter, e] : entries_)
    for (const auto& [answer, times] : e.answers)
      if (times > 1)
        out.push_back(counter + " answered " + std::to_string(answer) + " to "
                      + std::to_string(times) + " increments");
  return out;
}

std::vector<std::string> counter_book::counters() const {
  std::vector<std::string> out;
  for (const auto& [counter, e] : entries_)
    out.push_back(counter);
  return out;
}

// -- lines ----------------------------------------------------------------------------------------

std::vector<std::string> line_book::objections(strictness s) const {
  std::vector<std::string> out;
  for (const auto& [item, times] : out_) {
    const auto at = in_.find(item);
    if (at == in_.end())
      out.push_back("item " + item + " came out, and nobody put it in");
    else if (at->second.is == outcome::failed)
      out.push_back("item " + item + " came out, though putting it in had failed, as \""
                    + at->second.why + '"');
    if (times > 1 && s == strictness::exact)
      out.push_back("item " + item + " came out " + std::to_string(times) + " times");
  }
  std::size_t missing = 0;
  std::string first;
  for (const auto& [item, o] : in_)
    if (o.is == outcome::acknowledged && !out_.contains(item) && ++missing == 1)
      first = item;
  if (missing > lost_pops_ && s == strictness::exact)
    out.push_back(std::to_string(missing) + " acknowledged items never came out, the first of them "
                  + first + "; " + std::to_string(lost_pops_)
                  + " may have gone to pops that were not answered");
  return out;
}

} // namespace supercache::app
