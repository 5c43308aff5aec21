#include "scenario/ledger.hpp"

#include <doctest/doctest.h>

using namespace supercache::app;

namespace {

const told yes{}, maybe{outcome::unknown, "no answer"}, no{outcome::failed, "no primary"};

} // namespace

TEST_CASE("a key holds its last acknowledged write and no other") {
  register_book book;
  book.note("k", 1, yes);
  book.note("k", 2, yes);
  CHECK(book.objection("k", 2).empty());
  CHECK(book.objection("k", 1) == "k holds 1 instead of 2: an older write");
  CHECK(book.objection("k", {}) == "k holds nothing instead of 2: an acknowledged write is lost");
  book.note("k", {}, yes);
  CHECK(book.objection("k", {}).empty());
  CHECK(book.objection("k", 2) == "k holds 2 instead of nothing: an older write");
}

TEST_CASE("an unknown write may be there or not, a failed one may not") {
  register_book book;
  book.note("k", 1, yes);
  book.note("k", 2, no);
  CHECK(book.objection("k", 2)
        == "k holds 2 instead of 1: a write that had failed, as \"no primary\"");
  book.note("k", 3, maybe);
  CHECK(book.objection("k", 1).empty());
  CHECK(book.objection("k", 3).empty());
  CHECK(book.objection("k", {})
        == "k holds nothing instead of 1 or 3: an acknowledged write is lost");
  book.note("gone", 5, yes);
  book.note("gone", {}, maybe);
  CHECK(book.objection("gone", {}).empty());
  CHECK(book.objection("gone", 5).empty());
}

TEST_CASE("where acknowledged writes may be lost, nothing else may be found") {
  constexpr auto lose = strictness::may_lose;
  register_book book;
  book.note("k", 1, yes);
  book.note("k", 2, no);
  book.note("k", 3, yes);
  CHECK(book.objection("k", 1, lose).empty());
  CHECK(book.objection("k", {}, lose).empty());
  CHECK_FALSE(book.objection("k", 2, lose).empty());
  counter_book counters;
  counters.note("c", outcome::acknowledged, 1);
  CHECK(counters.objection("c", 0, lose).empty());
  CHECK_FALSE(counters.objection("c", 2, lose).empty());
  line_book line;
  line.pushed("1", yes);
  line.popped("2");
  CHECK(line.objections(lose).size() == 1);
}

TEST_CASE("a key that was never written holds nothing") {
  const register_book book;
  CHECK(book.objection("k", {}).empty());
  CHECK(book.objection("k", 1) == "k holds 1, which nobody wrote");
}

TEST_CASE("books of several writers become one") {
  register_book a, b;
  a.note("a", 1, yes);
  b.note("b", 2, yes);
  a.merge(std::move(b));
  CHECK(a.keys() == std::vector<std::string>{"a", "b"});
  CHECK(a.objection("b", 2).empty());
}

TEST_CASE("a counter has each acknowledged increment once, and the unknown ones at most once") {
  counter_book book;
  for (int i = 1; i <= 3; ++i)
    book.note("c", outcome::acknowledged, i);
  book.note("c", outcome::unknown, 0);
  book.note("c", outcome::failed, 0);
  CHECK(book.objection("c", 2) == "c is 2 instead of 3 to 4: 1 increments are lost");
  CHECK(book.objection("c", 3).empty());
  CHECK(book.objection("c", 4).empty());
  CHECK(book.objection("c", 5) == "c is 5 instead of 3 to 4: 1 increments happened twice");
  CHECK(book.repeated().empty());
  book.note("c", outcome::acknowledged, 3);
  CHECK(book.repeated() == std::vector<std::string>{"c answered 3 to 2 increments"});
}

TEST_CASE("each item comes out once, unless an unanswered pop may have taken it along") {
  line_book book;
  for (const char* item : {"1", "2", "3"})
    book.pushed(item, yes);
  book.pushed("4", maybe);
  book.pushed("5", no);
  book.popped("1");
  book.popped("2");
  CHECK(book.objections().size() == 1);
  CHECK(book.objections().front().starts_with("1 acknowledged items never came out"));
  book.lost_pop();
  CHECK(book.objections().empty());
  book.popped("3");
  book.popped("4");
  CHECK(book.objections().empty());
  book.popped("3");
  book.popped("5");
  book.popped("6");
  CHECK(book.objections()
        == std::vector<std::string>{
          "item 3 came out 2 times",
          "item 5 came out, though putting it in had failed, as \"no primary\"",
          "item 6 came out, and nobody put it in"});
}
