#include "client.hpp"
#include "client_link.hpp"

namespace supercache::app {

using caf::add_atom_v;
using caf::get_atom_v;
using caf::put_atom_v;

void client::kv_put(const std::string& ns, const value& key, value x, milliseconds ttl) {
  link_->ask<caf::unit_t>(kv_atom_v, put_atom_v, ns, key, std::move(x), std::int64_t{ttl.count()});
}
client::answer client::kv_put_ahead(const std::string& ns, std::vector<value> keys,
                                    std::vector<value> xs, milliseconds ttl) {
  return link_->ask_ahead<caf::unit_t>(kv_atom_v, batch_atom_v, ns, std::move(keys), std::move(xs),
                                       std::int64_t{ttl.count()});
}
bool client::kv_add_new(const std::string& ns, const value& key, value x, milliseconds ttl) {
  return link_->ask<bool>(kv_atom_v, add_atom_v, ns, key, std::move(x), std::int64_t{ttl.count()});
}
std::vector<value> client::kv_get(const std::string& ns, const value& key) {
  return link_->look<value_list>(kv_atom_v, get_atom_v, ns, key);
}
bool client::kv_cas(const std::string& ns, const value& key, const value& expected, value desired) {
  return link_->ask<bool>(kv_atom_v, cas_atom_v, ns, key, expected, std::move(desired));
}
bool client::kv_replace(const std::string& ns, const value& key, value x) {
  return link_->ask<bool>(kv_atom_v, replace_atom_v, ns, key, std::move(x));
}
std::int64_t client::kv_increment(const std::string& ns, const value& key, std::int64_t initial,
                                  std::int64_t step, milliseconds ttl) {
  return link_->ask<std::int64_t>(kv_atom_v, counter_atom_v, ns, key, initial, step,
                                  std::int64_t{ttl.count()});
}
std::uint64_t client::kv_append(const std::string& ns, const value& key, value what) {
  return link_->ask<std::uint64_t>(kv_atom_v, append_atom_v, ns, key, std::move(what),
                                   std::int64_t{0});
}
std::uint64_t client::kv_remove(const std::string& ns, const value& key) {
  return link_->ask<std::uint64_t>(kv_atom_v, remove_atom_v, ns, key);
}
std::uint64_t client::kv_clear(const std::string& ns) {
  return link_->ask<std::uint64_t>(kv_atom_v, clear_atom_v, ns);
}
std::uint64_t client::kv_count(const std::string& ns) {
  return link_->look<std::uint64_t>(kv_atom_v, count_atom_v, ns);
}
bool client::kv_expire(const std::string& ns, const value& key, milliseconds ttl) {
  return link_->ask<bool>(kv_atom_v, expire_atom_v, ns, key, std::int64_t{ttl.count()});
}
std::int64_t client::kv_ttl(const std::string& ns, const value& key) {
  return link_->look<std::int64_t>(kv_atom_v, ttl_atom_v, ns, key);
}

std::uint64_t client::push(line kind, const std::string& name, std::vector<value> items) {
  return kind == line::queue
           ? link_->ask<std::uint64_t>(queue_atom_v, push_atom_v, name, std::move(items))
           : link_->ask<std::uint64_t>(stack_atom_v, push_atom_v, name, std::move(items));
}
std::vector<value> client::pop(line kind, const std::string& name, std::uint64_t n) {
  return kind == line::queue ? link_->ask<value_list>(queue_atom_v, pop_atom_v, name, n)
                             : link_->ask<value_list>(stack_atom_v, pop_atom_v, name, n);
}
std::uint64_t client::count(line kind, const std::string& name) {
  return kind == line::queue ? link_->look<std::uint64_t>(queue_atom_v, count_atom_v, name)
                             : link_->look<std::uint64_t>(stack_atom_v, count_atom_v, name);
}
std::vector<value> client::drain(line kind, const std::string& name) {
  return kind == line::queue ? link_->ask<value_list>(queue_atom_v, drain_atom_v, name)
                             : link_->ask<value_list>(stack_atom_v, drain_atom_v, name);
}
std::vector<value> client::queue_peek(const std::string& name) {
  return link_->look<value_list>(queue_atom_v, peek_atom_v, name);
}
value client::queue_wait(const std::string& name, milliseconds wait) {
  auto reply = link_->send<value>(wait + link_->timeout, queue_atom_v, wait_atom_v, name,
                                  std::int64_t{wait.count()});
  return link_->receive<value>(
    reply, {wait + link_->timeout, "whether an item was taken is unknown", milliseconds{0}});
}

} // namespace supercache::app
