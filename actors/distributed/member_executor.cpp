#include "member_executor.hpp"

#include "../core.hpp"
#include "node.hpp"

namespace supercache::detail {

future<value> member_executor::begin_write(std::size_t partition, operation what,
                                           milliseconds timeout) {
  return node_.router().write(partition, std::move(what), timeout);
}

future<answer> member_executor::read(std::size_t partition, query what, const read_options& how) {
  return node_.router().ask(partition, std::move(what), how.mode, how.timeout);
}

future<answer> member_executor::look_for_item(std::size_t partition, const std::string& queue,
                                              milliseconds timeout) {
  return node_.router().ask(partition, query{{space_kind::queue, queue}, ask::peek{}},
                            read_mode::primary, timeout, true);
}

bool member_executor::leads(std::size_t partition) const {
  return node_.host_of(partition).leads();
}

bool member_executor::get_here(std::size_t partition, const place& in, const value& key,
                               std::uint64_t key_hash, read_mode mode, records& out) {
  if (mode != read_mode::local)
    return false;
  host& h = node_.host_of(partition);
  const auto before = h.generation();
  if (!h.serves())
    return false;
  const stamp when{h.time_ms()};
  out = find_in(h.store(), in, key, key_hash, when);
  return h.generation() == before && h.certain(when);
}

void member_executor::items_came(std::size_t partition, std::string_view queue) {
  node_.cache().items_came(partition, std::string{queue});
}

void member_executor::gather(void (*call)(void*), void* begin_all) {
  const batch together{node_};
  call(begin_all);
}

} // namespace supercache::detail
