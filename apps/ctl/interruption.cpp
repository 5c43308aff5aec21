#include "interruption.hpp"

#include "session.hpp"

#include <csignal>
#include <unistd.h>

namespace supercache::app {

namespace {

constexpr int handled[] = {SIGINT, SIGTERM, SIGHUP};

extern "C" void on_end(int number) {
  if (session::interrupted.exchange(true))
    ::_exit(128 + number); // the status that shells use
}

void replace(void (*from)(int), void (*to)(int)) {
  for (const int number : handled) {
    struct sigaction now {};
    if (::sigaction(number, nullptr, &now) != 0 || now.sa_handler != from)
      continue;
    now.sa_handler = to;
    now.sa_flags = SA_RESTART;
    ::sigaction(number, &now, nullptr);
  }
}

} // namespace

interruption::interruption() { replace(SIG_DFL, on_end); }
interruption::~interruption() { replace(on_end, SIG_DFL); }

void interruption::check() {
  if (session::interrupted)
    throw error(errc::timeout, "interrupted");
}

} // namespace supercache::app
