#include "calls.hpp"

// Operations on queues and stacks, each of which lives in the partition of its name.

namespace supercache::detail::calls {

namespace {

metric pushed(const place& line) {
  return line.kind == space_kind::queue ? metric::queue_push : metric::stack_push;
}
metric popped(const place& line) {
  return line.kind == space_kind::queue ? metric::queue_pop : metric::stack_pop;
}

} // namespace

future<std::size_t> push(core& all, const place& line, std::vector<value> items,
                         const wait_options& o) {
  return call(all, pushed(line), [&, &c = all] {
    return c.executor()
      .write(home_of(c, line), line, op::push{std::move(items)}, o.timeout)
      .map(as_count);
  });
}

future<value_list> pop(core& all, const place& line, std::size_t n, const wait_options& o) {
  return call(all, popped(line), [&, &c = all] {
    const auto at = home_of(c, line);
    auto got = n == SIZE_MAX ? c.executor().write(at, line, op::drain{}, o.timeout)
                             : c.executor().write(at, line, op::pop{n}, o.timeout);
    return std::move(got).map(as_values);
  });
}

future<value_list> peek(core& all, const place& line, const read_options& o) {
  return call(all, metric_of(o.mode), [&, &c = all] {
    return c.executor()
      .read(home_of(c, line), query{line.space(), ask::peek{}}, o)
      .map([](const answer& x) { return as_values(x.one); });
  });
}

future<std::size_t> count(core& all, const place& line, const read_options& o) {
  return call(all, metric_of(o.mode), [&, &c = all] {
    return c.executor()
      .read(home_of(c, line), query{line.space(), ask::count{}}, o)
      .map([](const answer& x) { return as_count(x.one); });
  });
}

} // namespace supercache::detail::calls
