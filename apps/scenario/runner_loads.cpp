#include "common/table.hpp"
#include "runner.hpp"
#include "texts.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <thread>

// Loads, single calls, and what is expected of them.

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

std::string text_of(const load_summary& s) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1);
  out << s.acknowledged << " acknowledged, " << s.unknown << " unknown, " << s.failed << " failed";
  if (s.reads)
    out << ", " << amount_text(s.reads, "read", "reads") << " (p50 " << s.read_p50_ms << " ms)";
  if (s.unreachable)
    out << ", " << amount_text(s.unreachable, "time", "times") << " no node";
  out << "; longest gap " << s.longest_gap_ms << " ms, p50 " << s.p50_ms << " ms, p99 " << s.p99_ms
      << " ms";
  return out.str();
}

void check(const char* what, std::uint64_t found, const bounds& b,
           std::vector<std::string>& wrong) {
  const auto x = static_cast<std::int64_t>(found);
  if (b.least && x < *b.least)
    wrong.push_back(std::to_string(x) + ' ' + what + ", fewer than " + std::to_string(*b.least));
  if (b.most && x > *b.most)
    wrong.push_back(std::to_string(x) + ' ' + what + ", more than " + std::to_string(*b.most));
}

std::string most_frequent_error(const load_summary& s) {
  const auto at = std::ranges::max_element(
    s.errors, [](const auto& x, const auto& y) { return x.second < y.second; });
  return at == s.errors.end() ? "" : "; most often: " + at->first;
}

outcome outcome_of(errc code) {
  switch (code) {
    case errc::unavailable:
    case errc::overloaded:
    case errc::not_primary:
    case errc::not_started:
    case errc::timeout: return outcome::failed;
    default: return outcome::unknown;
  }
}

} // namespace

std::string runner::perform(const load_step& s) {
  const auto who = at_or_awake(s.at);
  auto& l = loads_[s.options.name];
  if (l)
    l->end(); // of an earlier round
  l = load::make(s.options, targets(who));
  l->begin();
  if (!s.lasts)
    return {};
  std::this_thread::sleep_for(*s.lasts);
  l->end();
  return text_of(l->summary());
}

std::string runner::perform(const end_step& s) {
  std::string out;
  for (const auto& [name, l] : loads_)
    if (s.load == "all" || s.load == name)
      l->halt();
  for (const auto& [name, l] : loads_)
    if (s.load == "all" || s.load == name) {
      l->end();
      append_listed(out, (s.load == "all" ? name + ": " : "") + text_of(l->summary()), "; ");
    }
  return out;
}

std::string runner::perform(const expect_step& s) {
  load& l = load_called(s.load);
  l.end();
  const auto sum = l.summary();
  std::vector<std::string> wrong;
  check("acknowledged", sum.acknowledged, s.acknowledged, wrong);
  check("failed", sum.failed, s.failed, wrong);
  check("unknown", sum.unknown, s.unknown, wrong);
  check("reads", sum.reads, s.reads, wrong);
  if (s.longest_gap_ms && sum.longest_gap_ms > *s.longest_gap_ms)
    wrong.push_back("for " + std::to_string(sum.longest_gap_ms)
                    + " ms nothing was acknowledged, more than "
                    + std::to_string(*s.longest_gap_ms));
  if (s.p50_ms && sum.p50_ms > static_cast<double>(*s.p50_ms))
    wrong.push_back("half of the operations took more than " + std::to_string(*s.p50_ms) + " ms");
  if (s.read_p50_ms && sum.read_p50_ms > static_cast<double>(*s.read_p50_ms))
    wrong.push_back("half of the reads took more than " + std::to_string(*s.read_p50_ms) + " ms");
  if (s.look)
    for (auto& one : l.check(targets(at_or_awake(s.at)), s.within,
                             s.may_lose ? strictness::may_lose : strictness::exact))
      wrong.push_back(std::move(one));
  if (wrong.empty())
    return text_of(sum);
  throw error(errc::internal,
              joined(wrong, "; ") + " (" + text_of(sum) + most_frequent_error(sum) + ')');
}

std::string runner::perform(const call_step& s) {
  const auto at = targets(resolve(s.at));
  if (s.is == call_step::kind::read)
    return read(s, at);
  caller c{at, 0, s.timeout};
  auto got = outcome::acknowledged;
  std::string said = "acknowledged";
  try {
    if (s.is == call_step::kind::remove)
      c.here().remove(s.key, {});
    else
      c.here().put(record{s.key, *s.number}, 0ms);
  } catch (const error& e) {
    got = outcome_of(e.code());
    said = e.what();
  }
  const std::string word = got == outcome::failed ? "refused" : to_string(got);
  if (s.result != "any" && s.result != word)
    throw error(errc::internal, "it was " + word + (got == outcome::acknowledged ? "" : ": " + said)
                                  + "; expected was " + s.result);
  return said;
}

std::string runner::read(const call_step& s, const std::vector<target>& at) {
  const auto look = [&](const target& n) -> std::string {
    caller c{{n}, 0, s.timeout};
    try {
      const auto rows = c.here().get(s.key, {});
      return text_of(rows.empty() ? content{} : content{rows.front().at(1).as_int()});
    } catch (const error& e) {
      return e.what();
    }
  };
  auto wanted = text_of(s.number);
  for (const target& n : at) {
    const auto until = clock::now() + s.within;
    for (auto found = look(n); found != wanted; found = look(n)) {
      if (clock::now() >= until)
        throw error(errc::internal,
                    joined(names{"at " + n.node + ": " + found, wanted}, " instead of "));
      std::this_thread::sleep_for(100ms);
    }
  }
  return wanted;
}

} // namespace supercache::app
