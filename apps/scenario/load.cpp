#include "load.hpp"

#include <algorithm>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto connect_wait = 2'000ms;
/// A node gives up a write after this time; until then it may still happen.
constexpr auto server_timeout = 5'500ms;
constexpr std::size_t most_findings = 20;

bool happened_not(errc code) {
  switch (code) {
    case errc::not_started:
    case errc::invalid_argument:
    case errc::type_mismatch:
    case errc::not_found:
    case errc::overloaded:
    case errc::timeout:
    case errc::too_large:
    case errc::not_primary:
    case errc::unavailable: return true;
    default: return false;
  }
}

std::int64_t ms_between(auto from, auto to) {
  return std::chrono::duration_cast<milliseconds>(to - from).count();
}

} // namespace

const char* to_string(load_options::kind k) noexcept {
  switch (k) {
    case load_options::kind::put: return "put";
    case load_options::kind::increment: return "increment";
    case load_options::kind::compare_exchange: return "compare_exchange";
    case load_options::kind::queue: return "queue";
    case load_options::kind::stack: return "stack";
  }
  return "";
}

// -- callers --------------------------------------------------------------------------------------

client& caller::here() {
  if (client_ && client_->lost())
    drop();
  if (!client_) {
    const target& to = nodes_[next_++ % nodes_.size()];
    client_
      = std::make_unique<client>(to.where, connect_wait, client::stopper{}, client::talks_to::node);
    client_->set_timeout(timeout_);
    ++generation_;
  }
  return *client_;
}

// -- working --------------------------------------------------------------------------------------

void load::begin() {
  last_success_ = clock::now();
  for (std::size_t i = 0; i < options_.workers; ++i)
    threads_.emplace_back([this, i] { work(i); });
}

void load::end() {
  stop_ = true;
  for (std::thread& t : threads_)
    t.join();
  if (std::exchange(threads_, {}).empty())
    return;
  ended_ = clock::now();
  summary_.longest_gap_ms = std::max(summary_.longest_gap_ms, ms_between(last_success_, ended_));
}

void load::work(std::size_t number) {
  caller c{nodes_, number, options_.timeout};
  worker w;
  w.number = number;
  w.random.seed(number + 1);
  const auto pause = std::chrono::microseconds{1'000'000 / options_.rate};
  auto next = clock::now();
  while (!stop_) {
    step(c, w);
    ++w.count;
    next = std::max(next + pause, clock::now() - 20ms); // missed operations are not made up for
    std::this_thread::sleep_until(next);
  }
}

told load::attempt(caller& c, const std::function<void(client&)>& f) {
  client* to = nullptr;
  try {
    to = &c.here();
  } catch (const std::exception& e) {
    {
      const std::lock_guard hold{lock_};
      ++summary_.unreachable;
    }
    std::this_thread::sleep_for(50ms);
    return {outcome::failed, e.what()};
  }
  const auto from = clock::now();
  told out;
  try {
    f(*to);
  } catch (const error& e) {
    out = {happened_not(e.code()) ? outcome::failed : outcome::unknown, e.what()};
    note_error(e.what());
    if (out.is == outcome::unknown || e.code() == errc::not_started)
      c.drop();
  }
  note(out.is, from);
  return out;
}

void load::note(outcome o, clock::time_point from) {
  const auto now = clock::now();
  const std::lock_guard hold{lock_};
  latencies_ms_.push_back(std::chrono::duration<float, std::milli>(now - from).count());
  if (o == outcome::acknowledged) {
    ++summary_.acknowledged;
    summary_.longest_gap_ms = std::max(summary_.longest_gap_ms, ms_between(last_success_, now));
    last_success_ = now;
  } else if (o == outcome::unknown) {
    ++summary_.unknown;
    unsure_ = true;
  } else {
    ++summary_.failed;
  }
}

void load::note_read(clock::time_point from) {
  const auto now = clock::now();
  const std::lock_guard hold{lock_};
  ++summary_.reads;
  reads_ms_.push_back(std::chrono::duration<float, std::milli>(now - from).count());
}

void load::note_error(const std::string& text) {
  const std::lock_guard hold{lock_};
  if (summary_.errors.size() < most_findings || summary_.errors.contains(text))
    ++summary_.errors[text];
}

load_summary load::summary() const {
  const std::lock_guard hold{lock_};
  load_summary out = summary_;
  if (running())
    out.longest_gap_ms = std::max(out.longest_gap_ms, ms_between(last_success_, clock::now()));
  auto sorted = latencies_ms_;
  std::ranges::sort(sorted);
  if (!sorted.empty()) {
    out.p50_ms = sorted[sorted.size() / 2];
    out.p99_ms = sorted[sorted.size() * 99 / 100];
    out.most_ms = sorted.back();
  }
  if (auto reads = reads_ms_; !reads.empty()) {
    std::ranges::sort(reads);
    out.read_p50_ms = reads[reads.size() / 2];
  }
  return out;
}

// -- checking -------------------------------------------------------------------------------------

std::vector<std::string> load::check(const std::vector<target>& nodes, milliseconds longest,
                                     strictness s) {
  if (unsure_)
    std::this_thread::sleep_until(ended_ + server_timeout);
  const auto until = clock::now() + longest;
  std::vector<std::string> found = wrong(s);
  for (const target& n : nodes) {
    std::vector<std::string> here;
    do {
      if (!here.empty())
        std::this_thread::sleep_for(100ms);
      here.clear();
      caller c{{n}, 0, 5'000ms};
      try {
        here = look(c.here(), s);
      } catch (const error& e) {
        here = {e.what()};
      }
    } while (!here.empty() && clock::now() < until);
    for (const auto& text : here)
      found.push_back("at " + n.node + ": " + text);
  }
  if (found.size() > most_findings) {
    const auto more = found.size() - most_findings;
    found.resize(most_findings);
    found.push_back("and " + std::to_string(more) + " more");
  }
  return found;
}

} // namespace supercache::app
