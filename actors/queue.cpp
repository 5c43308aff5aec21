#include "access.hpp"

#include <supercache/queue.hpp>

#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>

#include <chrono>
#include <thread>

namespace supercache {

using detail::answer_of;
using detail::core;
using detail::place;
using detail::to_plain;
namespace calls = detail::calls;

namespace {

place queue_of(const std::string& name) { return {space_kind::queue, name}; }
place stack_of(const std::string& name) { return {space_kind::stack, name}; }
metric pushes(const place& line) {
  return line.kind == space_kind::queue ? metric::queue_push : metric::stack_push;
}
metric pops(const place& line) {
  return line.kind == space_kind::queue ? metric::queue_pop : metric::stack_pop;
}

/// The lines of a kind, if this process has all data.
queue_map* lines_here(core& c, std::size_t partition, const place& line) {
  const auto* stores = c.executor().alone();
  if (!stores)
    return nullptr;
  partition_store& store = *(*stores)[partition];
  return line.kind == space_kind::queue ? &store.queues() : &store.stacks();
}

/// Hot path of adding one item here: one lock, no allocation but the queue's own.
caf::expected<void> push(core& c, const place& line, value item, const wait_options& o) {
  const auto at = home_of(c, line);
  queue_map* here = lines_here(c, at, line);
  if (!here || item.depth() >= max_depth) { // the latter is refused, as it fits in no answer
    const auto length = calls::push(c, line, {std::move(item)}, o).wait();
    return to_expected(length ? ok() : status{length.why()});
  }
  return answer_of(call(c, pushes(line), [&]() -> detail::future<unit> {
    if (here->push(line.name, std::move(item)).watched) [[unlikely]]
      c.executor().items_came(at, line.name);
    return unit{};
  }));
}

caf::expected<void> push_many(core& c, const place& line, std::span<const value> items,
                              const wait_options& o) {
  const auto length = calls::push(c, line, {items.begin(), items.end()}, o).wait();
  return to_expected(length ? ok() : status{length.why()});
}

/// Hot path of taking one item here: one lock, no allocation.
caf::expected<value> pop(core& c, const place& line, value otherwise, const wait_options& o) {
  queue_map* here = lines_here(c, home_of(c, line), line);
  if (!here) {
    auto got = calls::pop(c, line, 1, o).wait();
    if (!got)
      return to_caf(got.why());
    return got->empty() ? std::move(otherwise) : std::move(got->front());
  }
  return answer_of(call(c, pops(line), [&]() -> detail::future<value> {
    value out;
    return here->pop(line.name, out) ? std::move(out) : std::move(otherwise);
  }));
}

} // namespace

// -- queue --------------------------------------------------------------------------------------

caf::expected<void> queue::try_add(value item, const wait_options& o) {
  return push(cache_.internals(), queue_of(name_), std::move(item), o);
}
void queue::add(value item, const wait_options& o) { to_plain(try_add(std::move(item), o)); }

caf::expected<void> queue::try_add_batch(std::span<const value> items, const wait_options& o) {
  return push_many(cache_.internals(), queue_of(name_), items, o);
}
void queue::add_batch(std::span<const value> items, const wait_options& o) {
  to_plain(try_add_batch(items, o));
}

caf::expected<value> queue::try_out(value otherwise, const wait_options& o) {
  return pop(cache_.internals(), queue_of(name_), std::move(otherwise), o);
}
value queue::out(value otherwise, const wait_options& o) {
  return to_plain(try_out(std::move(otherwise), o));
}

caf::expected<value_list> queue::try_out_batch(std::size_t n, const wait_options& o) {
  return answer_of(calls::pop(cache_.internals(), queue_of(name_), n, o));
}
value_list queue::out_batch(std::size_t n, const wait_options& o) {
  return to_plain(try_out_batch(n, o));
}

caf::expected<value> queue::try_out_wait(std::chrono::milliseconds timeout) {
  core& c = cache_.internals();
  // The partition answers at its deadline, or says soon after it what became of an item that it was
  // taking; our deadline, which is later, is for a partition that is gone.
  constexpr std::chrono::seconds grace{10};
  timeout = detail::countable(timeout);
  caf::scoped_actor self{c.system()};
  for (;;) {
    const auto a = c.partition(home_of(c, queue_of(name_)));
    if (!a)
      return to_caf(c.check_running().why());
    caf::expected<value> out{caf::error{}};
    compat::ask(self, a, timeout + grace, wait_atom_v, name_, std::int64_t{timeout.count()})
      .receive([&](value& x) { out = std::move(x); }, [&](caf::error& e) { out = std::move(e); });
    if (!out && out.error() == caf::sec::request_receiver_down && c.running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1}); // it is about to be replaced
      continue;
    }
    if (!out && out.error() == caf::sec::request_timeout)
      return to_caf(
        {errc::outcome_unknown, "nobody says whether an item of queue '" + name_ + "' was taken"});
    return out;
  }
}
value queue::out_wait(std::chrono::milliseconds timeout) { return to_plain(try_out_wait(timeout)); }

caf::expected<value> queue::try_peek(value otherwise, const read_options& o) const {
  auto got = calls::peek(cache_.internals(), queue_of(name_), o).wait();
  if (!got)
    return to_caf(got.why());
  return got->empty() ? std::move(otherwise) : std::move(got->front());
}
value queue::peek(value otherwise, const read_options& o) const {
  return to_plain(try_peek(std::move(otherwise), o));
}

caf::expected<std::size_t> queue::try_count(const read_options& o) const {
  return answer_of(calls::count(cache_.internals(), queue_of(name_), o));
}
std::size_t queue::count(const read_options& o) const { return to_plain(try_count(o)); }

caf::expected<value_list> queue::try_get_all(const wait_options& o) {
  return try_out_batch(SIZE_MAX, o);
}
value_list queue::get_all(const wait_options& o) { return to_plain(try_get_all(o)); }

// -- stack --------------------------------------------------------------------------------------

caf::expected<void> stack::try_push(value item, const wait_options& o) {
  return supercache::push(cache_.internals(), stack_of(name_), std::move(item), o);
}
void stack::push(value item, const wait_options& o) { to_plain(try_push(std::move(item), o)); }

caf::expected<void> stack::try_push_batch(std::span<const value> items, const wait_options& o) {
  return push_many(cache_.internals(), stack_of(name_), items, o);
}
void stack::push_batch(std::span<const value> items, const wait_options& o) {
  to_plain(try_push_batch(items, o));
}

caf::expected<value> stack::try_pop(value otherwise, const wait_options& o) {
  return supercache::pop(cache_.internals(), stack_of(name_), std::move(otherwise), o);
}
value stack::pop(value otherwise, const wait_options& o) {
  return to_plain(try_pop(std::move(otherwise), o));
}

caf::expected<value_list> stack::try_pop_batch(std::size_t n, const wait_options& o) {
  return answer_of(calls::pop(cache_.internals(), stack_of(name_), n, o));
}
value_list stack::pop_batch(std::size_t n, const wait_options& o) {
  return to_plain(try_pop_batch(n, o));
}

caf::expected<std::size_t> stack::try_count(const read_options& o) const {
  return answer_of(calls::count(cache_.internals(), stack_of(name_), o));
}
std::size_t stack::count(const read_options& o) const { return to_plain(try_count(o)); }

caf::expected<value_list> stack::try_get_all(const wait_options& o) {
  return try_pop_batch(SIZE_MAX, o);
}
value_list stack::get_all(const wait_options& o) { return to_plain(try_get_all(o)); }

} // namespace supercache
