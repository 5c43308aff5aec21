#include <supercache/store/leftovers.hpp>
#include <supercache/store/queue_map.hpp>

#include <cassert>

namespace supercache {

/// Items of queues that were cleared.
class queue_map::removed final : public leftover {
public:
  /// Of so many queues at most.
  explicit removed(std::size_t queues) { all_.reserve(queues); }
  ~removed() override { removed::free_some(SIZE_MAX); }
  void add(items_type items, std::size_t bytes) noexcept {
    assert(all_.size() < all_.capacity());
    bytes_ += bytes;
    all_.push_back(std::move(items));
  }
  std::size_t free_some(std::size_t budget) override {
    std::size_t freed = 0;
    for (; freed < budget && !all_.empty(); ++freed)
      if (items_type& items = all_.back(); items.empty()) {
        all_.pop_back(); // a queue counts like an item
      } else {
        bytes_ -= item_bytes(items.front());
        items.pop_front();
      }
    return freed;
  }

private:
  std::vector<items_type> all_;
};

std::size_t queue_map::clear(std::string_view name) {
  const auto hash = hash_of(name);
  stripe& s = at(hash);
  auto gone = std::make_unique<removed>(1);
  std::size_t n = 0;
  {
    const std::lock_guard hold{s.lock};
    queue* q = find(s, hash, name);
    if (!q)
      return 0;
    n = q->items.size();
    announce(*q, n);
    const std::size_t bytes = q->bytes;
    gone->add(take_all(s, *q), bytes);
    close_if_idle(s, hash, *q);
  }
  if (left_)
    left_->add(std::move(gone));
  return n;
}

std::size_t queue_map::clear() {
  constexpr std::size_t batch = 256; // under one lock
  std::size_t n = 0;
  for (stripe& s : stripes_) {
    std::string last;
    for (bool more = true, begins = true; more; begins = false) {
      auto gone = std::make_unique<removed>(batch);
      {
        const std::lock_guard hold{s.lock};
        auto at = begins ? s.by_name.begin() : s.by_name.upper_bound(last);
        for (std::size_t i = 0; at != s.by_name.end() && i < batch; ++i) {
          queue& q = *at++;
          if (i + 1 == batch)
            last = q.name;
          const std::uint64_t front = q.front + q.items.size();
          const std::size_t bytes = q.bytes;
          announce(q, q.items.size());
          n += q.items.size();
          gone->add(take_all(s, q), bytes);
          q.front = front;
          if (!q.watched)
            close(s, hash_of(q.name), q);
        }
        more = at != s.by_name.end();
      }
      if (left_)
        left_->add(std::move(gone));
    }
    const std::lock_guard hold{s.lock};
    if (s.index.size() == 0)
      s.index.clear();
  }
  return n;
}

} // namespace supercache
