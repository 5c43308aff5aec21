#include "support/counted_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> taken{0};

} // namespace

std::size_t counted_new::bytes() noexcept { return taken; }

void* operator new(std::size_t n) {
  taken += n;
  if (void* p = std::malloc(n))
    return p;
  throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
