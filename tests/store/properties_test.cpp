#include "support/arbitrary.hpp"
#include "support/random_operations.hpp"
#include "support/values.hpp"

#include <supercache/store/partition_store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace supercache;
using arbitrary::check_property;

namespace {

/// Everything visible in a store, as text.
std::string text_of(const partition_store& s, std::int64_t now) {
  std::vector<std::string> lines;
  const auto add_table = [&](const std::string& prefix, const table& t) {
    t.each(stamp{now}, [&](const record& r) {
      lines.push_back(prefix + to_string(r));
      return true;
    });
  };
  add_table("", s.tuples());
  for (const space_kind k : {space_kind::kv, space_kind::structs})
    for (const auto& name : s.names(k))
      add_table(std::string{to_string(k)} + " " + name + " ", *s.find(k, name));
  const auto add_queue = [&](std::string_view name, const auto& items) {
    for (const value& x : items)
      lines.push_back("queue " + std::string{name} + " " + to_string(x));
  };
  s.queues().each(add_queue);
  s.stacks().each(add_queue);
  std::ranges::sort(lines);
  std::string all;
  for (const auto& line : lines)
    all += line + "\n";
  return all;
}

} // namespace

TEST_CASE("random operations are of every kind there is") {
  workload::dice d{workload::seed(1)};
  std::set<std::string_view> drawn;
  for (int i = 0; i < 10'000; ++i)
    drawn.insert(name_of(random_operations::random_body(d)));
  CHECK(drawn.size() == std::variant_size_v<operation_body>);
}

TEST_CASE("any three values are ordered, equal and hashed consistently") {
  check_property(
    [](const value& a, const value& b, const value& c) {
      RC_ASSERT(((a <=> a) == 0));
      RC_ASSERT(((a < b) == (b > a)));
      RC_ASSERT(((a <= b) == !(b < a)));
      RC_ASSERT(((a == b) == ((a <=> b) == 0)));
      if (a <= b && b <= c)
        RC_ASSERT(a <= c);
      if (a == b)
        RC_ASSERT(hash(a) == hash(b));
      RC_ASSERT(a == values::rebuilt(a));
      RC_ASSERT(hash(a) == hash(values::rebuilt(a)));
    },
    2'000);
}

TEST_CASE("a list, a tuple and a record compare as their elements do") {
  check_property([](const value_list& xs, const value_list& ys) {
    const auto expected
      = std::lexicographical_compare_three_way(xs.begin(), xs.end(), ys.begin(), ys.end());
    RC_ASSERT(((value::list(xs) <=> value::list(ys)) == expected));
    RC_ASSERT(((value::tuple(xs) <=> value::tuple(ys)) == expected));
    RC_ASSERT(((record::of(xs) <=> record::of(ys)) == expected));
  });
}

TEST_CASE("a map finds the value that was last put under a key, and only that") {
  check_property([](const std::vector<std::pair<value, value>>& pairs, const value& other) {
    const value m = value::map(pairs);
    for (const auto& [key, unused] : pairs) {
      const auto last = std::ranges::find(pairs.rbegin(), pairs.rend(), key,
                                          [](const auto& p) { return p.first; });
      RC_ASSERT(m.find(key) != nullptr);
      RC_ASSERT(*m.find(key) == last->second);
    }
    const bool there = std::ranges::any_of(pairs, [&](const auto& p) { return p.first == other; });
    RC_ASSERT((m.find(other) != nullptr) == there);
  });
}

TEST_CASE("any pattern, sensible or not, is compiled or refused, and agrees with its bindings") {
  check_property([](const pattern& p, const record& r) {
    const auto compiled = compiled_pattern::compile(p);
    if (!compiled) {
      RC_ASSERT(compiled.why().code == errc::invalid_argument);
      RC_ASSERT(!compiled.why().message.empty());
      return;
    }
    bindings bound;
    const bool matches = (*compiled).matches(r);
    RC_ASSERT((*compiled).matches(r.items(), bound) == matches);
    if (matches)
      RC_ASSERT(r.size() == (*compiled).arity());
  });
}

TEST_CASE("any operation, sensible or not, is performed or refused without a trace") {
  check_property(
    [](const std::vector<operation>& before, const operation& o) {
      partition_store s{{}};
      const stamp now{1'000};
      for (const operation& x : before)
        (void)s.apply(x, now);
      const std::string old = text_of(s, 1'000);
      if (const auto r = s.apply(o, now); !r) {
        RC_ASSERT(!r.why().message.empty());
        RC_ASSERT(text_of(s, 1'000) == old);
      }
    },
    1'000);
}
