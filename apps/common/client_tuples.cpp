#include "client.hpp"
#include "client_link.hpp"

namespace supercache::app {

using caf::get_atom_v;
using caf::put_atom_v;

void client::put(record r, milliseconds ttl) {
  link_->ask<caf::unit_t>(put_atom_v, std::move(r), std::int64_t{ttl.count()});
}
client::answer client::put_ahead(std::vector<record> rows) {
  return link_->ask_ahead<caf::unit_t>(put_atom_v, batch_atom_v, std::move(rows));
}

std::vector<record> client::get(const value& key, const partition& in, const std::string& mode) {
  return in ? link_->look<record_list>(get_atom_v, key, *in, mode)
            : link_->look<record_list>(get_atom_v, key, mode);
}

std::uint64_t client::remove(const value& key, const partition& in) {
  return in ? link_->ask<std::uint64_t>(remove_atom_v, key, *in)
            : link_->ask<std::uint64_t>(remove_atom_v, key);
}
std::uint64_t client::remove_match(const pattern& p, const partition& in) {
  return in ? link_->ask<std::uint64_t>(remove_atom_v, match_atom_v, *in, p)
            : link_->ask<std::uint64_t>(remove_atom_v, match_atom_v, p);
}
std::uint64_t client::remove_all() { return link_->ask<std::uint64_t>(clear_atom_v); }

std::vector<bindings> client::match(const pattern& p, const partition& in, std::uint64_t limit) {
  return in ? link_->look<std::vector<bindings>>(match_atom_v, *in, p, limit)
            : link_->look<std::vector<bindings>>(match_atom_v, p, limit);
}
std::vector<record> client::select(const pattern& p, const partition& in, std::uint64_t limit) {
  return in ? link_->look<record_list>(select_atom_v, *in, p, limit)
            : link_->look<record_list>(select_atom_v, p, limit);
}
std::uint64_t client::count_match(const pattern& p, const partition& in) {
  return in ? link_->look<std::uint64_t>(count_atom_v, match_atom_v, *in, p)
            : link_->look<std::uint64_t>(count_atom_v, match_atom_v, p);
}

client::answer client::struct_put_ahead(const std::string& type, std::vector<record> rows) {
  std::vector<answer> answers;
  for (record& r : rows)
    answers.push_back(link_->ask_ahead<caf::unit_t>(struct_atom_v, put_atom_v, type, std::move(r)));
  return [answers = std::move(answers)] {
    for (const answer& a : answers)
      a();
  };
}

} // namespace supercache::app
