// Preloaded into a node: its boot-time clock runs ahead by as many milliseconds as a file says, as
// after the machine was suspended for so long, while the monotonic clock stood still.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

long suspended_ms() {
  long ms = 0;
  const char* path = std::getenv("SUSPENDED_MS_FILE");
  if (std::FILE* file = path ? std::fopen(path, "r") : nullptr) {
    if (std::fscanf(file, "%ld", &ms) != 1)
      ms = 0;
    std::fclose(file);
  }
  return ms;
}

} // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* t) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, t));
  if (result == 0 && clock == CLOCK_BOOTTIME) {
    const long ms = suspended_ms();
    t->tv_sec += ms / 1'000;
    t->tv_nsec += ms % 1'000 * 1'000'000;
    if (t->tv_nsec >= 1'000'000'000) {
      ++t->tv_sec;
      t->tv_nsec -= 1'000'000'000;
    }
  }
  return result;
}
