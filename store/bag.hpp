#pragma once

#include <supercache/store/hash_index.hpp>
#include <supercache/store/memory.hpp>
#include <supercache/store/record.hpp>

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace supercache::shelf {

/// The records of one key, in order of insertion. Does not own them.
///
/// A few records are in an array. Many are in a list with an index: by contents, so that an equal
/// record is found at once. A `duplicates` bag may have any number of equal records; its index has
/// those that expire, by address, so that they can be removed. Cost: O(1), except for `each`,
/// `erase_if` and `replace_each`. Not thread-safe.
class bag {
public:
  explicit bag(bool duplicates) noexcept : duplicates_(duplicates) {}

  std::size_t size() const noexcept { return many_ ? many_->rows.size() : few_.size(); }
  /// @pre not empty
  detail::block* front() const noexcept { return many_ ? many_->rows.front().b : few_.front(); }
  /// Calls `f(record)` for each.
  template <class F>
  void each(F&& f) const {
    if (many_)
      for (const node& x : many_->rows)
        f(x.b);
    else
      for (detail::block* b : few_)
        f(b);
  }
  /// Whether `f(record)` holds for one.
  template <class F>
  bool any(F&& f) const {
    return many_ ? std::ranges::any_of(many_->rows, [&](const node& x) { return f(x.b); })
                 : std::ranges::any_of(few_, f);
  }
  /// Memory beside that of the records.
  std::size_t bytes() const noexcept {
    return sizeof(bag) + few_.size() * sizeof(void*)
           + (many_ ? sizeof(many) + many_->rows.size() * sizeof(node) + many_->index.array_bytes()
                    : 0);
  }

  /// The record that equals this one; nullptr in a `duplicates` bag.
  detail::block* equal_to(const record& r) const {
    if (duplicates_)
      return nullptr;
    const auto same = [&](const detail::block* b) {
      return std::ranges::equal(std::span{b->items(), b->count}, r.items());
    };
    if (many_) {
      const auto found
        = many_->index.locate<node>(hash(r), [&](const node* x) { return same(x->b); }).second;
      return found ? found->b : nullptr;
    }
    const auto at = std::ranges::find_if(few_, same);
    return at == few_.end() ? nullptr : *at;
  }
  bool contains(detail::block* b) const {
    return many_ ? find(b) != nullptr : std::ranges::find(few_, b) != few_.end();
  }

  /// Appends a record. @pre no record is equal, or duplicates are allowed
  void add(detail::block* b) {
    if (!many_ && few_.size() < few_max)
      return few_.push_back(b);
    if (!many_)
      become_many();
    add_to(*many_, b);
  }
  /// Puts an equal record in the place of another. @pre it is there
  void replace(detail::block* before, detail::block* after) {
    if (!many_)
      *std::ranges::find(few_, before) = after;
    else
      replace_in(*find(before), after);
  }
  /// @pre it is there
  void erase(detail::block* b) {
    if (!many_)
      few_.erase(std::ranges::find(few_, b));
    else
      erase_node(*find(b));
    shrink();
  }
  /// Removes those that are `wanted`, in order.
  template <class Wanted>
  void erase_if(Wanted&& wanted) {
    if (!many_) {
      std::erase_if(few_, wanted);
      return;
    }
    for (auto at = many_->rows.begin(); at != many_->rows.end();) {
      node& x = *at++;
      if (wanted(x.b))
        erase_node(x);
    }
    shrink();
  }
  /// Replaces each record by `equal(record)`.
  template <class F>
  void replace_each(F&& equal) {
    if (!many_)
      for (detail::block*& b : few_)
        b = equal(b);
    else
      for (node& x : many_->rows)
        replace_in(x, equal(x.b));
  }

private:
  static constexpr std::size_t few_max = 32;
  static constexpr std::size_t few_again = 8;

  struct node : detail::in_lists, boost::intrusive::list_base_hook<> {
    explicit node(detail::block* x) noexcept : b(x) {}
    detail::block* b;
  };
  struct many {
    boost::intrusive::list<node> rows;
    hash_index index; // of nodes

    many() = default;
    many(const many&) = delete;
    many& operator=(const many&) = delete;
    ~many() {
      rows.clear_and_dispose([](node* x) { delete x; });
    }
  };

  bool indexed(const detail::block* b) const noexcept { return !duplicates_ || b->deadline; }
  std::uint64_t hash_of(detail::block* b) const noexcept {
    if (duplicates_)
      return detail::hash_16(reinterpret_cast<std::uintptr_t>(b), 0);
    record r = record::adopt(b);
    const auto h = hash(r);
    r.detach();
    return h;
  }
  void add_to(many& all, detail::block* b) {
    auto x = std::make_unique<node>(b);
    if (indexed(b))
      all.index.insert(hash_of(b), x.get());
    all.rows.push_back(*x.release());
  }
  node* find(detail::block* b) const {
    const auto same = [b](const node* x) { return x->b == b; };
    if (indexed(b))
      return many_->index.locate<node>(hash_of(b), same).second;
    const auto at = std::ranges::find_if(many_->rows, [&](const node& x) { return same(&x); });
    return at == many_->rows.end() ? nullptr : &*at;
  }
  void forget(const node& x) {
    if (!indexed(x.b))
      return;
    const auto hash = hash_of(x.b);
    const auto at = many_->index.locate<node>(hash, [&](const node* y) { return y == &x; }).first;
    many_->index.erase(at, hash);
  }
  void erase_node(node& x) {
    forget(x);
    many_->rows.erase_and_dispose(many_->rows.iterator_to(x), [](node* y) { delete y; });
  }
  void replace_in(node& x, detail::block* after) {
    if (duplicates_) { // the index knows it by its address
      if (indexed(after))
        many_->index.insert(hash_of(after), &x);
      forget(x);
    }
    x.b = after;
  }
  void become_many() {
    auto all = std::make_unique<many>();
    for (detail::block* b : few_)
      add_to(*all, b);
    many_ = std::move(all);
    std::vector<detail::block*>{}.swap(few_); // `= {}` would keep the memory
  }
  void shrink() {
    if (!many_ || many_->rows.size() > few_again)
      return;
    for (const node& x : many_->rows)
      few_.push_back(x.b);
    many_.reset();
  }

  std::vector<detail::block*> few_;
  std::unique_ptr<many> many_;
  bool duplicates_;
};

} // namespace supercache::shelf
