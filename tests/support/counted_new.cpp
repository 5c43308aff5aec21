#include "support/counted_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> taken{0};

void* take(std::size_t n) noexcept {
  taken += n;
  return std::malloc(n);
}
void* take_or_throw(std::size_t n) {
  if (void* p = take(n))
    return p;
  throw std::bad_alloc{};
}

} // namespace

std::size_t counted_new::bytes() noexcept { return taken; }

// Sanitizers have all of these, too, and must not see one of theirs paired with one of ours.
void* operator new(std::size_t n) { return take_or_throw(n); }
void* operator new[](std::size_t n) { return take_or_throw(n); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return take(n); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return take(n); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
