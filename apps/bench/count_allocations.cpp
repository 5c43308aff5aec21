// Preloaded by tools/profile: counts the allocations of a process. When the process ends, writes
// their number and bytes to the file $SUPERCACHE_ALLOCATIONS.PID.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

// NOLINTBEGIN(readability-identifier-naming): the names of glibc
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}
// NOLINTEND(readability-identifier-naming)

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

void* malloc(std::size_t size) {
  count(size);
  return __libc_malloc(size);
}

void* calloc(std::size_t nmemb, std::size_t size) {
  count(nmemb * size);
  return __libc_calloc(nmemb, size);
}

void* realloc(void* ptr, std::size_t size) {
  count(size);
  return __libc_realloc(ptr, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memptr, std::size_t alignment, std::size_t size) {
  count(size);
  *memptr = __libc_memalign(alignment, size);
  return *memptr ? 0 : ENOMEM;
}
}
