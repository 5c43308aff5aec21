#include "access.hpp"
#include "distributed/remote.hpp"

#include <supercache/queue.hpp>

#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>

#include <algorithm>

namespace supercache {

using detail::core;
using detail::read;
using detail::to_plain;
using detail::write;
namespace remote = detail::remote;

namespace {

// What queues and stacks share; `which` is `&partition_store::queues` or `…::stacks`.
using member = queue_map& (partition_store::*)() noexcept;

queue_map& map_of(core& c, member which, const std::string& name) {
  return (c.home_of(name).*which)();
}

constexpr member queues = &partition_store::queues;
constexpr member stacks = &partition_store::stacks;

space space_of(member which, const std::string& name) {
  return {which == queues ? space_kind::queue : space_kind::stack, name};
}

/// In a cluster: a write of the queue or stack.
result<value> change(core& c, member which, const std::string& name, operation_body body,
                     const wait_options& o) {
  return remote::write(c, c.home_index(name), space_of(which, name), std::move(body), o.timeout);
}

caf::expected<void> push(core& c, member which, metric m, const std::string& name, value item,
                         const wait_options& o) {
  return to_expected(write(c, m, [&](core&) -> status {
    if (c.cluster())
      return remote::as_status(change(c, which, name, op::push{{std::move(item)}}, o));
    if (map_of(c, which, name).push(name, std::move(item)).watched) [[unlikely]]
      c.wake_waiters(name);
    return ok();
  }));
}

caf::expected<void> push_many(core& c, member which, metric m, const std::string& name,
                              std::span<const value> items, const wait_options& o) {
  return to_expected(write(c, m, [&](core&) -> status {
    if (c.cluster())
      return remote::as_status(change(c, which, name, op::push{{items.begin(), items.end()}}, o));
    if (map_of(c, which, name).push(name, items).watched)
      c.wake_waiters(name);
    return ok();
  }));
}

caf::expected<value> pop(core& c, member which, metric m, const std::string& name, value otherwise,
                         const wait_options& o) {
  return to_expected(write(c, m, [&](core&) -> result<value> {
    if (c.cluster()) {
      auto got = remote::as_list(change(c, which, name, op::pop{1}, o));
      if (!got)
        return got.why();
      return got->empty() ? std::move(otherwise) : std::move(got->front());
    }
    value out;
    return map_of(c, which, name).pop(name, out) ? std::move(out) : std::move(otherwise);
  }));
}

caf::expected<value_list> pop_many(core& c, member which, metric m, const std::string& name,
                                   std::size_t n, const wait_options& o) {
  return to_expected(write(c, m, [&](core&) -> result<value_list> {
    if (c.cluster() && n == SIZE_MAX)
      return remote::as_list(change(c, which, name, op::drain{}, o));
    if (c.cluster())
      return remote::as_list(change(c, which, name, op::pop{n}, o));
    return map_of(c, which, name).pop(name, n);
  }));
}

caf::expected<std::size_t> count(core& all, member which, const std::string& name,
                                 const read_options& o) {
  return to_expected(read(all, o, [&](core& c) -> result<std::size_t> {
    if (!c.cluster())
      return map_of(c, which, name).count(name);
    const auto got
      = remote::ask(c, c.home_index(name), remote::reading(ask::count{}, space_of(which, name)), o);
    if (!got)
      return got.why();
    return static_cast<std::size_t>(got->one.as_int());
  }));
}

} // namespace

// -- queue --------------------------------------------------------------------------------------

caf::expected<void> queue::try_add(value item, const wait_options& o) {
  return push(cache_.internals(), queues, metric::queue_push, name_, std::move(item), o);
}
void queue::add(value item, const wait_options& o) { to_plain(try_add(std::move(item), o)); }

caf::expected<void> queue::try_add_batch(std::span<const value> items, const wait_options& o) {
  return push_many(cache_.internals(), queues, metric::queue_push, name_, items, o);
}
void queue::add_batch(std::span<const value> items, const wait_options& o) {
  to_plain(try_add_batch(items, o));
}

caf::expected<value> queue::try_out(value otherwise, const wait_options& o) {
  return pop(cache_.internals(), queues, metric::queue_pop, name_, std::move(otherwise), o);
}
value queue::out(value otherwise, const wait_options& o) {
  return to_plain(try_out(std::move(otherwise), o));
}

caf::expected<value_list> queue::try_out_batch(std::size_t n, const wait_options& o) {
  return pop_many(cache_.internals(), queues, metric::queue_pop, name_, n, o);
}
value_list queue::out_batch(std::size_t n, const wait_options& o) {
  return to_plain(try_out_batch(n, o));
}

caf::expected<value> queue::try_out_wait(std::chrono::milliseconds timeout) {
  core& c = cache_.internals();
  const auto a = c.partition(c.home_index(name_));
  if (!a)
    return to_caf(c.check_running().why());
  // The partition answers at its deadline, or says soon after it what became of an item that it was
  // taking; our deadline, which is later, is for a partition that is gone.
  constexpr std::chrono::seconds grace{10};
  timeout = detail::countable(timeout);
  caf::scoped_actor self{c.system()};
  caf::expected<value> out{caf::error{}};
  compat::ask(self, a, timeout + grace, wait_atom_v, name_, std::int64_t{timeout.count()})
    .receive([&](value& x) { out = std::move(x); }, [&](caf::error& e) { out = std::move(e); });
  if (!out && out.error() == caf::sec::request_timeout)
    return to_caf(
      {errc::outcome_unknown, "nobody says whether an item of queue '" + name_ + "' was taken"});
  return out;
}
value queue::out_wait(std::chrono::milliseconds timeout) { return to_plain(try_out_wait(timeout)); }

caf::expected<value> queue::try_peek(value otherwise, const read_options& o) const {
  return to_expected(read(cache_.internals(), o, [&](core& c) -> result<value> {
    if (!c.cluster()) {
      value out;
      return c.home_of(name_).queues().peek(name_, out) ? std::move(out) : std::move(otherwise);
    }
    const auto got = remote::ask(c, c.home_index(name_),
                                 remote::reading(ask::peek{}, space_of(queues, name_)), o);
    if (!got)
      return got.why();
    return got->one.items().empty() ? std::move(otherwise) : got->one.items().front();
  }));
}
value queue::peek(value otherwise, const read_options& o) const {
  return to_plain(try_peek(std::move(otherwise), o));
}

caf::expected<std::size_t> queue::try_count(const read_options& o) const {
  return supercache::count(cache_.internals(), queues, name_, o);
}
std::size_t queue::count(const read_options& o) const { return to_plain(try_count(o)); }

caf::expected<value_list> queue::try_get_all(const wait_options& o) {
  return try_out_batch(SIZE_MAX, o);
}
value_list queue::get_all(const wait_options& o) { return to_plain(try_get_all(o)); }

// -- stack --------------------------------------------------------------------------------------

caf::expected<void> stack::try_push(value item, const wait_options& o) {
  return supercache::push(cache_.internals(), stacks, metric::stack_push, name_, std::move(item),
                          o);
}
void stack::push(value item, const wait_options& o) { to_plain(try_push(std::move(item), o)); }

caf::expected<void> stack::try_push_batch(std::span<const value> items, const wait_options& o) {
  return push_many(cache_.internals(), stacks, metric::stack_push, name_, items, o);
}
void stack::push_batch(std::span<const value> items, const wait_options& o) {
  to_plain(try_push_batch(items, o));
}

caf::expected<value> stack::try_pop(value otherwise, const wait_options& o) {
  return supercache::pop(cache_.internals(), stacks, metric::stack_pop, name_, std::move(otherwise),
                         o);
}
value stack::pop(value otherwise, const wait_options& o) {
  return to_plain(try_pop(std::move(otherwise), o));
}

caf::expected<value_list> stack::try_pop_batch(std::size_t n, const wait_options& o) {
  return pop_many(cache_.internals(), stacks, metric::stack_pop, name_, n, o);
}
value_list stack::pop_batch(std::size_t n, const wait_options& o) {
  return to_plain(try_pop_batch(n, o));
}

caf::expected<std::size_t> stack::try_count(const read_options& o) const {
  return supercache::count(cache_.internals(), stacks, name_, o);
}
std::size_t stack::count(const read_options& o) const { return to_plain(try_count(o)); }

caf::expected<value_list> stack::try_get_all(const wait_options& o) {
  return try_pop_batch(SIZE_MAX, o);
}
value_list stack::get_all(const wait_options& o) { return to_plain(try_get_all(o)); }

} // namespace supercache
