#include <supercache/store/deadlines.hpp>
#include <supercache/store/table.hpp>

namespace supercache {

bool deadlines::earlier::operator()(const due_table& a, const due_table& b) const noexcept {
  return a.due_ms_.load(std::memory_order_relaxed) < b.due_ms_.load(std::memory_order_relaxed);
}

void deadlines::lower(table& t, std::int64_t deadline_ms) noexcept {
  const std::lock_guard hold{lock_};
  due_table& x = t;
  if (!fell(x, deadline_ms))
    return;
  if (x.due_ms_.load(std::memory_order_relaxed) != INT64_MAX)
    by_deadline_.erase(by_deadline_.iterator_to(x));
  x.due_ms_.store(deadline_ms, std::memory_order_relaxed);
  by_deadline_.insert(x);
  remember_first();
}

table* deadlines::take(std::int64_t now_ms) noexcept {
  const std::lock_guard hold{lock_};
  if (by_deadline_.empty() || first() > now_ms)
    return nullptr;
  due_table& x = *by_deadline_.begin();
  by_deadline_.erase(by_deadline_.begin());
  x.due_ms_.store(INT64_MAX, std::memory_order_relaxed);
  remember_first();
  return &static_cast<table&>(x);
}

void deadlines::remember_first() noexcept {
  first_.store(by_deadline_.empty() ? INT64_MAX
                                    : by_deadline_.begin()->due_ms_.load(std::memory_order_relaxed),
               std::memory_order_relaxed);
}

} // namespace supercache
