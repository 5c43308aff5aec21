#include "parsing.hpp"

#include <charconv>

// What several kinds of step share.

namespace supercache::app {

namespace {

/// The number after "primary of ".
std::optional<std::size_t> partition_in(const parsing& p, std::string_view text,
                                        std::string_view before) {
  if (!text.starts_with(before))
    return {};
  text.remove_prefix(before.size());
  std::size_t n = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || n >= p.partitions)
    return {};
  return n;
}

std::string allowed_selectors(const parsing& p) {
  std::string out;
  for (const auto& name : p.nodes)
    out += name + ", ";
  return out + "all, awake, last" + (p.within_each ? ", each" : "")
         + ", primary of N and replica of N, with N from 0 to " + std::to_string(p.partitions - 1)
         + ", or a list of them";
}

std::optional<selector> selector_from(const parsing& p, const std::string& text) {
  using kind = selector::kind;
  if (text == "all")
    return selector{kind::all, {}, 0};
  if (text == "awake")
    return selector{kind::awake, {}, 0};
  if (text == "last")
    return selector{kind::last, {}, 0};
  if (text == "each" && p.within_each)
    return selector{kind::each, {}, 0};
  if (const auto n = partition_in(p, text, "primary of "))
    return selector{kind::primary, {}, *n};
  if (const auto n = partition_in(p, text, "replica of "))
    return selector{kind::replica, {}, *n};
  if (p.nodes.contains(text))
    return selector{kind::name, text, 0};
  return {};
}

} // namespace

selection selection_from(const parsing& p, const fields& f, const std::string& name,
                         const json& x) {
  selection out;
  const auto take = [&](const json& one) {
    const auto s = one.is_string() ? selector_from(p, one.get<std::string>()) : std::nullopt;
    if (!s)
      f.refuse(name, one, allowed_selectors(p));
    out.push_back(*s);
  };
  if (!x.is_array())
    take(x);
  else
    for (const json& one : x)
      take(one);
  if (out.empty())
    f.refuse(name, x, allowed_selectors(p));
  return out;
}

selection read_selection(const parsing& p, fields& f, const std::string& name) {
  const json* x = f.find(name);
  if (!x)
    f.refuse('\'' + name + "' is missing; it says which nodes");
  return selection_from(p, f, name, *x);
}

selection read_optional(const parsing& p, fields& f, const std::string& name) {
  const json* x = f.find(name);
  return x ? selection_from(p, f, name, *x) : selection{};
}

bounds read_bounds(fields& f, const std::string& name) {
  const json* x = f.find(name);
  bounds b;
  if (!x)
    return b;
  if (x->is_number_integer()) {
    b.least = b.most = x->get<std::int64_t>();
    return b;
  }
  if (!x->is_object() || x->empty())
    f.refuse(name, *x, R"(a whole number or {"min": 1, "max": 2})");
  fields inner{*x, f.where() + ", " + name};
  b.least = inner.number("min", 0, INT64_MAX);
  b.most = inner.number("max", 0, INT64_MAX);
  inner.finish();
  return b;
}

std::size_t read_partition(const parsing& p, fields& f, const std::string& name) {
  const auto n = f.number(name, 0, static_cast<std::int64_t>(p.partitions) - 1);
  if (!n)
    f.refuse('\'' + name + "' is missing; it is the number of a partition");
  return static_cast<std::size_t>(*n);
}

} // namespace supercache::app
