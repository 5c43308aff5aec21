#pragma once

#include "clock.hpp"
#include "future.hpp"

#include <supercache/call_options.hpp>
#include <supercache/store/partition_store.hpp>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace supercache::detail {

/// The space that a call is about. The name is that of the caller, who keeps it for so long.
struct place {
  space_kind kind = space_kind::tuples;
  std::string_view name{};
  std::uint64_t hash = 0; ///< see `partition_store::hash_of`

  place() = default;
  place(space_kind k, std::string_view n, std::uint64_t h) : kind(k), name(n), hash(h) {}
  place(space_kind k, std::string_view n)
    : place(k, n, is_table(k) ? partition_store::hash_of(k, n) : 0) {}
  supercache::space space() const { return {kind, std::string{name}}; }
};
inline const place in_tuples{};

/// What a copy of a partition has under a key.
inline records find_in(const partition_store& copy, const place& in, const value& key,
                       std::uint64_t key_hash, const stamp& when) {
  const table* t
    = in.kind == space_kind::tuples ? &copy.tuples() : copy.find(in.kind, in.name, in.hash);
  return t ? t->get(key, key_hash, when) : records{};
}

/// Where the operations of a cache are done: in this process alone, or at the primaries of a
/// cluster that this process is a member of. Nothing above an executor knows which.
///
/// Thread: any. No function waits: an answer that another node has to give is a future.
class executor {
public:
  using milliseconds = std::chrono::milliseconds;
  using stores = std::vector<std::unique_ptr<partition_store>>;

  virtual ~executor() = default;
  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;

  /// Does a write. Errors: those of the operation, and of `requests::write`.
  ///
  /// Hot path of local writes: the operation's own function, without `std::visit`, allocation or
  /// virtual call.
  template <class Op>
  future<value> write(std::size_t partition, const place& in, Op what, milliseconds timeout) {
    if (alone_) [[likely]]
      return perform(partition, in, std::move(what));
    return begin_write(partition, operation{in.space(), std::move(what)}, timeout);
  }
  /// The same, with the answer that `convert(value)`, a `result<U>`, makes of it: here without a
  /// future between.
  template <class Op, class Convert>
  auto write(std::size_t partition, const place& in, Op what, milliseconds timeout, Convert convert)
    -> future<typename std::invoke_result_t<Convert, value>::value_type> {
    if (!alone_) [[unlikely]]
      return begin_write(partition, operation{in.space(), std::move(what)}, timeout).map(convert);
    auto x = perform(partition, in, std::move(what));
    if (!x) [[unlikely]]
      return x.why();
    return convert(*std::move(x));
  }
  /// The same for an operation of any kind.
  virtual future<value> begin_write(std::size_t partition, operation what, milliseconds timeout)
    = 0;

  /// Does a read. With one member all read modes are the same. Errors: those of the query, and of
  /// `requests::read`.
  virtual future<answer> read(std::size_t partition, query what, const read_options& how) = 0;
  /// Looks at the item that would come out of a queue next, at the primary: see `ask::peek`. If
  /// that is another node, and the queue is empty, it keeps the question until an item comes, for
  /// half a second at most.
  virtual future<answer> look_for_item(std::size_t partition, const std::string& queue,
                                       milliseconds timeout)
    = 0;
  /// Whether this process's copy of a partition is the primary.
  virtual bool leads(std::size_t partition) const = 0;
  /// The records under a key, if this process has a copy that may be read in this mode. Cost: no
  /// allocation.
  virtual bool get_here(std::size_t partition, const place& in, const value& key,
                        std::uint64_t key_hash, read_mode mode, records& out)
    = 0;

  /// Calls `begin_all`; what it sends to one node leaves in as few frames as possible.
  template <class F>
  void together(F&& begin_all) {
    gather([](void* f) { (*static_cast<std::remove_reference_t<F>*>(f))(); },
           const_cast<void*>(static_cast<const void*>(&begin_all)));
  }

  /// The stores, if this process has all data: for the few short ways that ask them directly, which
  /// are the local `get`, `put`, `get_many`, `put_batch` and `scan`, and adding and taking one item
  /// of a queue.
  const stores* alone() const noexcept { return alone_; }
  /// Callers may wait for items of a queue that has some now.
  virtual void items_came(std::size_t partition, std::string_view queue) = 0;

protected:
  explicit executor(const stores* alone) noexcept : alone_(alone) {}

private:
  /// @pre alone()
  template <class Op>
  result<value> perform(std::size_t partition, const place& in, Op what) {
    bool watched = false;
    auto x = (*alone_)[partition]->perform(in.kind, in.name, in.hash, std::move(what),
                                           stamp{&system_ms}, &watched);
    if (watched) [[unlikely]]
      items_came(partition, in.name);
    return x;
  }
  virtual void gather(void (*call)(void*), void* begin_all) = 0;

  const stores* const alone_;
};

} // namespace supercache::detail
