#include "local_executor.hpp"

namespace supercache::detail {

future<value> local_executor::begin_write(std::size_t partition, operation what, milliseconds) {
  bool watched = false;
  auto x = stores_[partition]->apply(what, stamp{&system_ms}, &watched);
  if (watched)
    items_came(partition, what.target.name);
  return x;
}

future<answer> local_executor::read(std::size_t partition, query what, const read_options&) {
  return stores_[partition]->ask(what, stamp{&system_ms});
}

future<answer> local_executor::look_for_item(std::size_t partition, const std::string& queue,
                                             milliseconds) {
  return read(partition, query{{space_kind::queue, queue}, ask::peek{}}, {});
}

bool local_executor::get_here(std::size_t partition, const place& in, const value& key,
                              std::uint64_t key_hash, read_mode, records& out) {
  out = find_in(*stores_[partition], in, key, key_hash, stamp{&system_ms});
  return true;
}

void local_executor::items_came(std::size_t partition, std::string_view queue) {
  on_items_(partition, std::string{queue});
}

} // namespace supercache::detail
