#include "cluster_view.hpp"

#include <supercache/store/text.hpp>

namespace supercache::app {

value member(const value& map, const char* name) {
  const value* x = map.is_map() ? map.find(name) : nullptr;
  return x ? *x : value{};
}

std::string text_of(const value& x) {
  return x.is_string() ? std::string{x.as_string()} : to_string(x);
}

std::uint64_t whole_of(const value& map, const char* name) {
  const value x = member(map, name);
  return x.is_int() && x.as_int() > 0 ? static_cast<std::uint64_t>(x.as_int()) : 0;
}

namespace {

std::vector<std::string> texts_of(const value& list) {
  std::vector<std::string> out;
  if (list.is_list())
    for (const value& x : list.items())
      out.push_back(text_of(x));
  return out;
}

} // namespace

std::vector<member_row> members_from(const value& list) {
  std::vector<member_row> out;
  if (list.is_list())
    for (const value& x : list.items())
      out.push_back({text_of(member(x, "node")), text_of(member(x, "state")),
                     text_of(member(x, "address")), whole_of(x, "primaries"),
                     whole_of(x, "replicas")});
  return out;
}

std::vector<partition_row> partitions_from(const value& list) {
  std::vector<partition_row> out;
  if (list.is_list())
    for (const value& x : list.items())
      out.push_back({whole_of(x, "partition"),
                     member(x, "primary").is_nil() ? "" : text_of(member(x, "primary")),
                     texts_of(member(x, "replicas")), texts_of(member(x, "coming")),
                     texts_of(member(x, "lost")), whole_of(x, "epoch"), whole_of(x, "last"),
                     whole_of(x, "commit"), whole_of(x, "records")});
  return out;
}

namespace {

std::vector<std::string> names_of(const std::vector<member_row>& members,
                                  bool (member_row::*chosen)() const noexcept) {
  std::vector<std::string> out;
  for (const member_row& m : members)
    if ((m.*chosen)())
      out.push_back(m.node);
  return out;
}

} // namespace

std::vector<std::string> unreachable_of(const std::vector<member_row>& members) {
  return names_of(members, &member_row::unreachable);
}

std::vector<std::string> present_of(const std::vector<member_row>& members) {
  return names_of(members, &member_row::present);
}

std::string names_text(const std::vector<std::string>& names, const char* nothing) {
  std::string out;
  for (const auto& name : names)
    out += (out.empty() ? "" : ", ") + printable(name);
  return out.empty() ? nothing : out;
}

} // namespace supercache::app
