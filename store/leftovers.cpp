#include <supercache/store/leftovers.hpp>

#include <cassert>

namespace supercache {

void leftovers::add(std::unique_ptr<leftover> x) {
  if (x->free_some(few) < few)
    return;
  const std::size_t before = bytes();
  {
    const std::lock_guard hold{lock_};
    bytes_ += all_.emplace_back(std::move(x))->bytes();
  }
  while (before > plenty && bytes() > before && free_some(few)) {} // others may go on in between
}

bool leftovers::free_some(std::size_t budget) {
  const std::lock_guard hold{lock_};
  while (!all_.empty()) {
    leftover& x = *all_.front();
    const std::size_t before = x.bytes(), freed = x.free_some(budget);
    assert(x.bytes() <= before && before <= bytes_);
    bytes_ -= before - x.bytes();
    if (freed >= budget)
      return true;
    assert(x.bytes() == 0);
    budget -= freed;
    all_.pop_front();
  }
  assert(bytes_ == 0);
  return false;
}

std::size_t leftovers::bytes() const {
  const std::lock_guard hold{lock_};
  return bytes_;
}

} // namespace supercache
