#include "order.hpp"

namespace sim {

namespace {

/// Whether `a` was taken after `b` for sure.
bool popped_after(const item_life& a, const item_life& b) {
  if (!a.popped() || !b.popped())
    return false;
  return a.pop_begin == b.pop_begin ? a.place > b.place // by one pop
                                    : a.pop_begin > b.pop_end;
}

/// Whether `a`, which was there before `b`, lay under it when it was asked for.
bool lay_under(const item_life& a, const item_life& b) { return a.pop_begin > b.push_end; }

} // namespace

std::optional<std::string> order_fault(supercache::space_kind kind, const item_lives& items) {
  const bool fifo = kind == supercache::space_kind::queue;
  for (const auto& [x, a] : items)
    for (const auto& [y, b] : items)
      if (a.push_end < b.push_begin
          && (fifo ? popped_after(a, b) : lay_under(a, b) && popped_after(b, a)))
        return "item " + std::to_string(fifo ? y : x) + " came out before item "
               + std::to_string(fifo ? x : y)
               + (fifo ? ", which was there before it was pushed"
                       : ", which was pushed on it before it was asked for");
  return {};
}

} // namespace sim
