#include "../sim/order.hpp"

#include <doctest/doctest.h>

// What the simulator takes for the order of a queue and of a stack.

using sim::item_life;
using sim::item_lives;
using supercache::space_kind;

namespace {

constexpr auto never = item_life::never;

item_life pushed(std::uint64_t begin, std::uint64_t end) {
  item_life x;
  x.push_begin = begin;
  x.push_end = end;
  return x;
}
item_life popped(item_life x, std::uint64_t begin, std::uint64_t end, std::size_t place = 0) {
  x.pop_begin = begin;
  x.pop_end = end;
  x.place = place;
  return x;
}
item_life left(const item_life& x, std::size_t place = 0) { return popped(x, 100, 100, place); }
bool queue_can(const item_life& a, const item_life& b) {
  return !sim::order_fault(space_kind::queue, {{1, a}, {2, b}});
}
bool stack_can(const item_life& a, const item_life& b) {
  return !sim::order_fault(space_kind::stack, {{1, a}, {2, b}});
}

} // namespace

TEST_CASE("items of a queue come out in the order in which they went in") {
  const auto first = pushed(1, 2), second = pushed(3, 4);
  CHECK(queue_can(popped(first, 5, 6), popped(second, 7, 8)));
  CHECK_FALSE(queue_can(popped(first, 7, 8), popped(second, 5, 6)));
  CHECK_FALSE(queue_can(left(first), popped(second, 5, 6)));
  CHECK(queue_can(popped(first, 5, 6), left(second)));
  CHECK(queue_can(left(first, 0), left(second, 1)));
  CHECK_FALSE(queue_can(left(first, 1), left(second, 0)));
  CHECK(queue_can(popped(first, 5, 6, 0), popped(second, 5, 6, 1)));
  CHECK_FALSE(queue_can(popped(first, 5, 6, 1), popped(second, 5, 6, 0)));
  CHECK(sim::order_fault(space_kind::queue, {{1, left(first)}, {2, popped(second, 5, 6)}})
        == "item 2 came out before item 1, which was there before it was pushed");
}

TEST_CASE("calls that overlap, and calls without an answer, may have any order in a queue") {
  CHECK(queue_can(popped(pushed(1, 3), 7, 8), popped(pushed(2, 4), 5, 6))); // pushed at once
  CHECK(queue_can(popped(pushed(1, 2), 6, 8), popped(pushed(3, 4), 5, 7))); // popped at once
  CHECK(queue_can(popped(pushed(1, never), 7, 8), popped(pushed(3, 4), 5, 6)));
  CHECK(queue_can(pushed(1, 2), popped(pushed(3, 4), 5, 6))); // an unanswered pop has it
  CHECK_FALSE(queue_can(popped(pushed(1, 2), 7, 8), popped(pushed(3, never), 5, 6)));
}

TEST_CASE("an item that lies on another in a stack comes out before it") {
  const auto lower = pushed(1, 2), upper = pushed(3, 4);
  CHECK(stack_can(popped(lower, 7, 8), popped(upper, 5, 6)));
  CHECK_FALSE(stack_can(popped(lower, 5, 6), popped(upper, 7, 8)));
  CHECK_FALSE(stack_can(popped(lower, 5, 6), left(upper)));
  CHECK(stack_can(left(lower), popped(upper, 5, 6)));
  CHECK(stack_can(left(lower, 1), left(upper, 0)));
  CHECK_FALSE(stack_can(left(lower, 0), left(upper, 1)));
  CHECK(stack_can(popped(lower, 5, 6, 1), popped(upper, 5, 6, 0)));
  CHECK_FALSE(stack_can(popped(lower, 5, 6, 0), popped(upper, 5, 6, 1)));
  CHECK(sim::order_fault(space_kind::stack, {{1, popped(lower, 5, 6)}, {2, left(upper)}})
        == "item 1 came out before item 2, which was pushed on it before it was asked for");
}

TEST_CASE("calls that overlap, and calls without an answer, may have any order in a stack") {
  CHECK(stack_can(popped(pushed(1, 2), 3, 4), left(pushed(5, 6)))); // popped before the other came
  CHECK(stack_can(popped(pushed(1, 2), 4, 6), left(pushed(3, 5))));
  CHECK(stack_can(popped(pushed(1, 2), 5, 6), left(pushed(3, never))));
  CHECK(stack_can(popped(pushed(1, 2), 5, 6), pushed(3, 4))); // an unanswered pop has it
}
