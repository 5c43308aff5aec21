#include "makers.hpp"

#include "core.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace supercache::detail::makers {

namespace {

enum class phase { under_way, made, failed };

/// One making of one subject.
struct making {
  const subject* what; ///< of the maker, which stays until it has left the list
  std::thread::id maker;
  phase is = phase::under_way;
  value made;
  std::condition_variable over;
};
using making_ptr = std::shared_ptr<making>;

/// All that is being made in the process, since a maker may want something of another cache. There
/// are few: each has a thread that makes it.
struct workshop {
  std::mutex lock;
  std::list<making_ptr> all;
  std::map<std::thread::id, making_ptr> waiting; ///< which thread waits for what
};
workshop& shop() {
  static workshop w;
  return w;
}

bool same(const subject& a, const subject& b) {
  return a.of == b.of && a.key == b.key && a.partition == b.partition && a.where == b.where;
}

/// @pre the workshop is locked
making_ptr under_way(const workshop& w, const subject& what) {
  const auto at = std::ranges::find_if(w.all, [&](const auto& m) { return same(*m->what, what); });
  return at == w.all.end() ? nullptr : *at;
}

/// Whether the thread that makes `m` waits, through any number of others, for this thread.
/// @pre the workshop is locked
bool waits_for_me(const workshop& w, making_ptr m) {
  for (;;) {
    if (m->maker == std::this_thread::get_id())
      return true;
    const auto next = w.waiting.find(m->maker);
    if (next == w.waiting.end())
      return false;
    m = next->second;
  }
}

/// Takes a making from the list, and wakes the threads that wait for it, whatever became of it.
class at_work {
public:
  at_work(workshop& w, std::unique_lock<std::mutex>& hold, const subject& what)
    : w_(w), hold_(hold), mine_(std::make_shared<making>()) {
    mine_->what = &what;
    mine_->maker = std::this_thread::get_id();
    at_ = w.all.insert(w.all.end(), mine_);
    hold_.unlock();
  }
  ~at_work() {
    hold_.lock();
    mine_->is = made_ ? phase::made : phase::failed;
    if (made_)
      mine_->made = *std::move(made_);
    w_.all.erase(at_);
    mine_->over.notify_all();
  }
  at_work(const at_work&) = delete;
  at_work& operator=(const at_work&) = delete;
  void made(const value& x) { made_ = x; }

private:
  workshop& w_;
  std::unique_lock<std::mutex>& hold_;
  making_ptr mine_;
  std::list<making_ptr>::iterator at_;
  std::optional<value> made_;
};

/// Waits until a making is over. @pre the workshop is locked
status await(workshop& w, std::unique_lock<std::mutex>& hold, const subject& what,
             const making_ptr& m, std::chrono::milliseconds longest,
             std::chrono::steady_clock::time_point until) {
  const auto me = std::this_thread::get_id();
  w.waiting[me] = m;
  const auto stops = [&] { return m->is != phase::under_way || !what.of->running(); };
  const bool over = m->over.wait_until(hold, until, stops);
  w.waiting.erase(me);
  if (m->is != phase::under_way)
    return ok();
  if (over)
    return what.of->check_running();
  return {errc::timeout,
          what.text() + " is still being made after " + std::to_string(longest.count()) + " ms"};
}

} // namespace

caf::expected<value> once(const subject& what, std::chrono::milliseconds longest,
                          const std::function<caf::expected<value>()>& make) {
  const auto until = std::chrono::steady_clock::now() + countable(longest);
  workshop& w = shop();
  std::unique_lock hold{w.lock};
  while (const auto m = under_way(w, what)) {
    if (waits_for_me(w, m))
      return to_caf({errc::invalid_argument,
                     "the maker of " + what.text() + " waits for what it makes itself"});
    if (auto s = await(w, hold, what, m, longest, until); !s)
      return to_caf(s.why());
    if (m->is == phase::made)
      return m->made;
  }
  at_work work{w, hold, what};
  auto x = make();
  if (x)
    work.made(*x);
  return x;
}

void stop(const core& of) {
  workshop& w = shop();
  const std::lock_guard hold{w.lock};
  for (const auto& m : w.all)
    if (m->what->of == &of)
      m->over.notify_all();
}

} // namespace supercache::detail::makers
