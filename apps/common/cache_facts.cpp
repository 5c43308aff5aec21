#include "cache_facts.hpp"

#include <charconv>

namespace supercache::app {

namespace {

std::string text_in(const value& config, const char* name) {
  const value* x = config.is_map() ? config.find(name) : nullptr;
  if (!x || !x->is_string())
    throw error(errc::malformed, std::string{"the node does not say what its "} + name + " is");
  return std::string{x->as_string()};
}

std::uint64_t number_in(const value& config, const char* name) {
  const std::string text = text_in(config, name);
  std::uint64_t x = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), x);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
    throw error(errc::malformed, std::string{"the node says that its "} + name + " is " + text);
  return x;
}

std::uint64_t number_of(const value& about, const char* name) {
  const value* x = about.is_map() ? about.find(name) : nullptr;
  if (!x || !x->is_int() || x->as_int() < 0)
    throw error(errc::malformed, std::string{"does not say what its "} + name + " is");
  return static_cast<std::uint64_t>(x->as_int());
}

} // namespace

cache_facts::cache_facts(any_node& of) {
  const value config = of.ask([](client& c) { return c.config(); });
  partitions = number_in(config, "num_partition");
  key_pos = number_in(config, "key_pos");
  partition_pos = number_in(config, "partition_pos");
  table_type = text_in(config, "table_type");
  async
    = text_in(config, "cluster") == "distributed" && text_in(config, "replication_mode") == "async";
}

cache_facts::cache_facts(const value& about)
  : partitions(number_of(about, "partitions")),
    key_pos(number_of(about, "key_pos")),
    partition_pos(number_of(about, "partition_pos")) {
  const value* type = about.find("table_type");
  if (!type || !type->is_string())
    throw error(errc::malformed, "does not say what its table_type is");
  table_type = type->as_string();
}

} // namespace supercache::app
