// Preloaded by tools/profile: counts the allocations of a process. When the process ends, writes
// their number and bytes to the file $SUPERCACHE_ALLOCATIONS.PID.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace {

// Zero before anything runs: the first allocations come before constructors.
constinit std::atomic<unsigned long> allocations{0};
constinit std::atomic<unsigned long> allocated{0};

void count(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  allocated.fetch_add(bytes, std::memory_order_relaxed);
}

[[gnu::destructor]] void report() {
  const char* where = std::getenv("SUPERCACHE_ALLOCATIONS");
  if (!where)
    return;
  char path[4096];
  std::snprintf(path, sizeof path, "%s.%d", where, getpid());
  if (std::FILE* out = std::fopen(path, "w")) {
    std::fprintf(out, "%lu %lu\n", allocations.load(), allocated.load());
    std::fclose(out);
  }
}

} // namespace

extern "C" {

void* malloc(std::size_t bytes) {
  count(bytes);
  return __libc_malloc(bytes);
}

void* calloc(std::size_t n, std::size_t bytes) {
  count(n * bytes);
  return __libc_calloc(n, bytes);
}

void* realloc(void* old, std::size_t bytes) {
  count(bytes);
  return __libc_realloc(old, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
  count(bytes);
  return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  count(bytes);
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t bytes) {
  count(bytes);
  *out = __libc_memalign(alignment, bytes);
  return *out ? 0 : ENOMEM;
}
}
