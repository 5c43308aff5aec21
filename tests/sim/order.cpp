#include "order.hpp"

namespace sim {

namespace {

/// Whether `a` was taken after `b` for sure.
bool popped_after(const item_life& a, const item_life& b) {
  if (a.pop_begin == b.pop_begin) // by one pop
    return a.popped() && b.popped() && a.place > b.place;
  return a.popped() && b.popped() && a.pop_begin > b.pop_end;
}

/// `a` was there before `b`, which may not come out first.
bool breaks_fifo(const item_life& a, const item_life& b) {
  return b.popped() && (a.left || popped_after(a, b));
}

/// `a` was there before `b`, and may not come out while `b` lies on it.
bool breaks_lifo(const item_life& a, const item_life& b) {
  return a.popped() && a.pop_begin > b.push_end && (b.left || popped_after(b, a));
}

} // namespace

std::optional<std::string> order_fault(supercache::space_kind kind, const item_lives& items) {
  const bool fifo = kind == supercache::space_kind::queue;
  for (const auto& [x, a] : items)
    for (const auto& [y, b] : items)
      if (a.push_end < b.push_begin && (fifo ? breaks_fifo(a, b) : breaks_lifo(a, b)))
        return "item " + std::to_string(fifo ? y : x) + " came out before item "
               + std::to_string(fifo ? x : y)
               + (fifo ? ", which was there before it was pushed"
                       : ", which was pushed on it before it was asked for");
  return {};
}

} // namespace sim
