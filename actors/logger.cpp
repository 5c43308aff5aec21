#include <supercache/log.hpp>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace supercache::inline SUPERCACHE_ABI {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

std::string_view to_string(log_level l) noexcept {
  switch (l) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
  }
  return "?";
}

namespace {

constexpr milliseconds window{1'000};
/// Kinds that are remembered: more than the library has, as texts of an application may be kinds.
constexpr std::size_t most_kinds = 256;
/// What a line costs beside its text.
constexpr std::size_t overhead = 64;

struct line {
  system_clock::time_point when;
  log_level level;
  std::string component, text;
  std::size_t bytes() const noexcept { return overhead + component.size() + text.size(); }
};

std::string cut(std::string_view text) {
  if (text.size() <= logger::longest_line)
    return std::string{text};
  auto end = logger::longest_line;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) // within a character
    --end;
  return std::string{text.substr(0, end)} + "…";
}

/// Lines of one kind within the present second.
struct tally {
  steady_clock::time_point since;
  unsigned told = 0;
  std::uint64_t hidden = 0;
  log_level level = log_level::info;
  std::string component, last; ///< of the last one that was told
};

} // namespace

/// Shared with the thread, which may be stuck in the sink when the logger is gone.
struct logger::state {
  std::mutex lock;
  std::condition_variable come, gone;
  log_sink sink;
  std::deque<line> waiting;
  std::size_t bytes = 0;             ///< of those
  std::uint64_t lost = 0;            ///< lines for which there was no room
  std::uint64_t taken = 0, told = 0; ///< lines, ever; those lost count as told
  std::map<std::string, tally, std::less<>> kinds;
  bool hides = false; ///< a kind has hidden lines
  bool closing = false, running = false;
  std::thread thread;

  void add(line l);
  void reveal(tally& k);
  void reveal_all(steady_clock::time_point before);
  void run();
  void tell(const line& l, std::unique_lock<std::mutex>& hold);
  void start(const std::shared_ptr<state>& me);
};

void logger::state::add(line l) {
  bytes += l.bytes();
  waiting.push_back(std::move(l));
  ++taken;
  while (bytes > most_waiting) {
    bytes -= waiting.front().bytes();
    waiting.pop_front();
    ++lost;
    ++told;
  }
  come.notify_one();
}

/// Says how many lines of a kind were not told.
void logger::state::reveal(tally& k) {
  if (const auto n = std::exchange(k.hidden, 0))
    add({system_clock::now(), k.level, k.component,
         "… and " + std::to_string(n) + " more like this: " + k.last});
}

void logger::state::reveal_all(steady_clock::time_point before) {
  hides = false;
  for (auto& [name, k] : kinds) {
    if (k.since <= before)
      reveal(k);
    hides = hides || k.hidden;
  }
}

void logger::state::tell(const line& l, std::unique_lock<std::mutex>& hold) {
  hold.unlock();
  try {
    sink({l.when, l.level, l.component, l.text});
  } catch (...) { // a sink that fails has nobody to tell
  }
  hold.lock();
}

void logger::state::run() {
  std::unique_lock hold{lock};
  for (;;) {
    if (waiting.empty() && !closing) {
      if (hides)
        come.wait_for(hold, window);
      else
        come.wait(hold);
    }
    if (hides)
      reveal_all(closing ? steady_clock::time_point::max() : steady_clock::now() - window);
    if (waiting.empty()) {
      if (closing)
        break;
      continue;
    }
    if (const auto n = std::exchange(lost, 0))
      tell({system_clock::now(), log_level::warning, "log",
            std::to_string(n) + " lines are missing here: they came faster than they were written"},
           hold);
    const line next = std::move(waiting.front());
    waiting.pop_front();
    bytes -= next.bytes();
    tell(next, hold);
    ++told;
    gone.notify_all();
  }
  running = false;
  log_sink over;
  std::swap(over, sink);
  hold.unlock();
  over = nullptr; // what it holds is let go before a waiting thread goes on
  hold.lock();
  gone.notify_all();
}

/// If no thread can be made, the lines wait until the next one comes.
void logger::state::start(const std::shared_ptr<state>& me) {
  // The application's signals are not for this thread.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread = std::thread{[me] { me->run(); }};
    running = true;
  } catch (const std::system_error&) {}
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

logger::logger(log_sink to) : state_(std::make_shared<state>()) { state_->sink = std::move(to); }

logger::~logger() { close(window); }

bool logger::admits(log_level level, std::string_view name) {
  if (level == log_level::debug)
    return true;
  const auto now = steady_clock::now();
  const std::lock_guard hold{state_->lock};
  auto& kinds = state_->kinds;
  auto at = kinds.find(name);
  if (at == kinds.end()) {
    if (kinds.size() >= most_kinds) {
      state_->reveal_all(steady_clock::time_point::max());
      kinds.clear();
    }
    at = kinds.emplace(std::string{name}, tally{}).first;
    at->second.since = now;
  }
  tally& k = at->second;
  if (now - k.since >= window) {
    state_->reveal(k);
    k.since = now;
    k.told = 0;
  }
  if (k.told++ < most_of_a_kind)
    return true;
  ++k.hidden;
  if (!std::exchange(state_->hides, true))
    state_->come.notify_one(); // so that it is said, though nothing else is
  return false;
}

void logger::write(log_level level, std::string_view component, std::string_view name,
                   std::string_view text) {
  state& s = *state_;
  std::string kept = cut(text);
  const std::lock_guard hold{s.lock};
  if (s.closing)
    return;
  if (const auto at = s.kinds.find(name); at != s.kinds.end()) {
    at->second.level = level;
    at->second.component = component;
    at->second.last = kept;
  }
  s.add({system_clock::now(), level, std::string{component}, std::move(kept)});
  if (!s.running)
    s.start(state_);
}

void logger::write(log_level level, std::string_view component, std::string_view text) {
  if (admits(level, text))
    write(level, component, text, text);
}

bool logger::flush(milliseconds longest) {
  std::unique_lock hold{state_->lock};
  const auto until = state_->taken;
  return state_->gone.wait_for(hold, longest,
                               [&] { return state_->told >= until || !state_->running; });
}

void logger::close(milliseconds longest) {
  state& s = *state_;
  std::unique_lock hold{s.lock};
  s.closing = true;
  s.come.notify_one();
  if (!s.thread.joinable()) {
    s.sink = nullptr;
    return;
  }
  const bool ended = s.gone.wait_for(hold, longest, [&] { return !s.running; });
  std::thread over = std::move(s.thread);
  s.waiting.clear(); // if it is stuck, it tells no more
  hold.unlock();
  if (ended && over.get_id() != std::this_thread::get_id())
    over.join();
  else
    over.detach();
}

std::shared_ptr<logger> log_to(log_sink to) { return std::make_shared<logger>(std::move(to)); }

} // namespace supercache::inline SUPERCACHE_ABI
