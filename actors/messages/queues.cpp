#include "dispatch.hpp"

// Messages about queues and stacks.

namespace supercache::detail {

namespace {

place queue_of(const std::string& name) { return {space_kind::queue, name}; }
place stack_of(const std::string& name) { return {space_kind::stack, name}; }

auto of_queues() {
  return std::tuple_cat(
    on<queue_atom, push_atom, std::string, value_list>(
      [](core& c, const std::string& name, value_list& items) {
        return calls::push(c, queue_of(name), std::move(items), {});
      }),
    on<queue_atom, pop_atom, std::string, std::uint64_t>(
      [](core& c, const std::string& name, std::uint64_t n) {
        return calls::pop(c, queue_of(name), index_in(n), {});
      }),
    on<queue_atom, wait_atom, std::string, std::int64_t>(
      [](core&, const std::string&, std::int64_t) -> future<value> {
        return {errc::internal, "PARTITION waits for items"}; // CACHE passes the message on
      }),
    on_read<queue_atom, peek_atom, std::string>(
      [](core& c, const std::string& name, const read_options& o) {
        return calls::peek(c, queue_of(name), o);
      }),
    on_read<queue_atom, count_atom, std::string>(
      [](core& c, const std::string& name, const read_options& o) {
        return calls::count(c, queue_of(name), o);
      }),
    on_long<queue_atom, drain_atom, std::string>([](core& c, const std::string& name) {
      return calls::pop(c, queue_of(name), SIZE_MAX, {});
    }));
}

auto of_stacks() {
  return std::tuple_cat(
    on<stack_atom, push_atom, std::string, value_list>(
      [](core& c, const std::string& name, value_list& items) {
        return calls::push(c, stack_of(name), std::move(items), {});
      }),
    on<stack_atom, pop_atom, std::string, std::uint64_t>(
      [](core& c, const std::string& name, std::uint64_t n) {
        return calls::pop(c, stack_of(name), index_in(n), {});
      }),
    on_read<stack_atom, count_atom, std::string>(
      [](core& c, const std::string& name, const read_options& o) {
        return calls::count(c, stack_of(name), o);
      }),
    on_long<stack_atom, drain_atom, std::string>([](core& c, const std::string& name) {
      return calls::pop(c, stack_of(name), SIZE_MAX, {});
    }));
}

} // namespace

void add_queue_rows(dispatch_table& to) { add_rows<queue_actor>(to, of_queues(), of_stacks()); }

} // namespace supercache::detail
