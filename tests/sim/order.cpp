#include "order.hpp"

#include <vector>

namespace sim {

namespace {

/// Whether `a` was there before `b` for sure.
bool there_before(const item_life& a, const item_life& b) {
  return a.push_begin == b.push_begin ? a.push_place < b.push_place // by one push
                                      : a.push_end < b.push_begin;
}

/// Whether `a` was taken after `b` for sure.
bool popped_after(const item_life& a, const item_life& b) {
  return a.pop_begin == b.pop_begin ? a.place > b.place // by one pop
                                    : a.pop_begin > b.pop_end;
}

/// Whether `a`, which was there before `b`, lay under it when it was asked for.
bool lay_under(const item_life& a, const item_life& b) { return a.pop_begin > b.push_end; }

} // namespace

std::optional<std::string> order_fault(supercache::space_kind kind, const item_lives& items) {
  const bool fifo = kind == supercache::space_kind::queue;
  std::vector<const item_lives::value_type*> popped;
  for (const auto& x : items)
    if (x.second.popped())
      popped.push_back(&x);
  for (const auto* x : popped)
    for (const auto* y : popped) {
      const item_life &a = x->second, &b = y->second;
      if (fifo ? popped_after(a, b) && there_before(a, b)
               : lay_under(a, b) && there_before(a, b) && popped_after(b, a))
        return "item " + std::to_string(fifo ? y->first : x->first) + " came out before item "
               + std::to_string(fifo ? x->first : y->first)
               + (fifo ? ", which was there before it was pushed"
                       : ", which was pushed on it before it was asked for");
    }
  return {};
}

} // namespace sim
