#pragma once

#include <supercache/store/fair_lock.hpp>
#include <supercache/store/leftovers.hpp>
#include <supercache/store/shelf.hpp>

namespace supercache::shelf {

/// One record per key, in key order. Reads share a lock.
class ordered {
public:
  explicit ordered(std::size_t key_pos) : rows_(less{key_pos}) {}
  ~ordered() {
    for (detail::block* b : rows_)
      detail::release_items(b);
  }
  ordered(const ordered&) = delete;
  ordered& operator=(const ordered&) = delete;

  struct less {
    using is_transparent = void;
    std::size_t key_pos;
    bool operator()(const detail::block* a, const detail::block* b) const noexcept {
      return key_in(a, key_pos) < key_in(b, key_pos);
    }
    bool operator()(const detail::block* a, const value& b) const noexcept {
      return key_in(a, key_pos) < b;
    }
    bool operator()(const value& a, const detail::block* b) const noexcept {
      return a < key_in(b, key_pos);
    }
  };
  using tree = boost::container::set<detail::block*, less>;

  class cell {
  public:
    static constexpr bool of_many = false;
    std::size_t size() const noexcept { return at_ != s_.rows_.end(); }
    detail::block* front() const noexcept { return *at_; }
    const ledger& book() const noexcept { return s_.book_; }
    void put(record r) {
      if (size())
        return replace(front(), std::move(r));
      at_ = s_.rows_.insert(r.get()).first;
      s_.book_.added(r.detach());
    }
    void replace(detail::block*, record r) {
      // The node is reused: the new block has an equal key, so the order stays.
      detail::block* b = r.detach();
      s_.book_.replaced(*at_, b);
      garbage_.add(std::exchange(const_cast<detail::block*&>(*at_), b));
    }
    bool erase(detail::block* b) {
      if (!size() || b != *at_)
        return false;
      s_.book_.removed(*at_);
      garbage_.add(*at_);
      s_.rows_.erase(at_);
      at_ = s_.rows_.end();
      return true;
    }

  private:
    friend class ordered;
    cell(ordered& s, tree::iterator at, garbage& g) : s_(s), at_(at), garbage_(g) {}
    ordered& s_;
    tree::iterator at_;
    garbage& garbage_;
  };

  template <class F>
  auto with_cell(const value& key, std::uint64_t, F&& f) {
    garbage left;
    const std::lock_guard lock{lock_};
    cell c{*this, rows_.find(key), left};
    return f(c);
  }

  records get(const value& key, std::uint64_t, const stamp& now) const {
    const std::shared_lock lock{lock_};
    const auto at = rows_.find(key);
    if (at == rows_.end() || now.over((*at)->deadline))
      return {};
    return records{record::share(*at)};
  }

  void prefetch(std::uint64_t) const noexcept {}
  void prefetch_found(std::uint64_t) const noexcept {}

  template <class F>
  bool next_chunk(cursor& c, F&& f) const {
    if (c.part != 0)
      return false;
    const std::shared_lock lock{lock_};
    auto at = c.after       ? rows_.upper_bound(*c.after)
              : c.range.low ? rows_.lower_bound(*c.range.low)
                            : rows_.begin();
    const std::size_t key_pos = rows_.key_comp().key_pos;
    for (std::size_t n = 0; n < chunk_records; ++n, ++at) {
      if (at == rows_.end() || !c.range.contains(key_in(*at, key_pos))) {
        c.part = 1;
        return true;
      }
      f(*at);
    }
    c.after = key_in(*std::prev(at), key_pos);
    return true;
  }

  bool covers(const cursor& c, const value& key, std::uint64_t) const noexcept {
    return c.part != 0 || (c.after && key <= *c.after);
  }

  template <class F>
  void for_each_part(F&& f) const {
    f(lock_, book_);
  }

  template <class F>
  std::size_t sum_of_parts(F&& f) const {
    return f(lock_, book_);
  }

  /// What it had.
  class detached final : public leftover {
  public:
    explicit detached(less by) : rows_(by) {}
    ~detached() override { detached::free_some(SIZE_MAX); }
    std::size_t live = 0; ///< records that had not expired
    std::size_t free_some(std::size_t budget) override {
      std::size_t freed = 0;
      for (; freed < budget && due_ && !due_->empty(); ++freed)
        due_->erase(due_->begin());
      for (; freed < budget && !rows_.empty(); ++freed) {
        detail::block* b = *rows_.begin();
        bytes_ -= row_bytes + detail::bytes_of(b);
        rows_.erase(rows_.begin());
        garbage::retire(b);
      }
      return freed;
    }

  private:
    friend class ordered;
    tree rows_;
    ledger::schedule due_;
  };
  /// Removes everything if `may()` agrees, asked with the lock.
  template <class May>
  std::unique_ptr<detached> detach(const stamp& now, May& may) {
    std::unique_lock lock{lock_};
    auto all = std::make_unique<detached>(rows_.key_comp());
    if (!may())
      return all;
    all->rows_.swap(rows_);
    all->bytes_ = book_.bytes() + book_.count() * row_bytes;
    all->due_ = book_.clear();
    lock.unlock();
    all->live = all->rows_.size() - ledger::overdue(all->due_, now);
    return all;
  }
  std::size_t index_bytes() const noexcept { return book_.count() * row_bytes; }

private:
  static constexpr std::size_t row_bytes = 4 * sizeof(void*); ///< a node of the tree
  mutable fair_shared_lock lock_;
  tree rows_;
  ledger book_;
};

} // namespace supercache::shelf
