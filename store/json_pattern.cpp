#include "json_document.hpp"

#include <supercache/store/json.hpp>

namespace supercache {

namespace {

using namespace detail;

/// The n of "$n", if `x` is such a text.
std::optional<std::uint32_t> variable(const json& x, const json_place& at) {
  if (!x.is_string())
    return {};
  const auto& text = x.get_ref<const std::string&>();
  if (text.size() < 2 || text[0] != '$'
      || text.find_first_not_of("0123456789", 1) != std::string::npos)
    return {};
  const bool in_range = text.size() <= 3 && text[1] != '0' && std::stoul(text.substr(1)) <= 64;
  if (!in_range)
    fail(at, text.substr(0, 20)
               + " is no variable: they are $1 to $64; the text itself is written "
                 "as {\"$lit\": \"$…\"}");
  return static_cast<std::uint32_t>(std::stoul(text.substr(1)));
}

/// What {tag: x} holds, or nullptr if `object` is something else.
const json* tagged_with(const char* tag, const json& object) {
  return object.is_object() && object.size() == 1 && object.begin().key() == tag ? &*object.begin()
                                                                                 : nullptr;
}

value to_literal(const json& x, const json_place& at) {
  const json* literal = tagged_with("$lit", x);
  return literal ? to_value(*literal, at / "$lit") : to_value(x, at);
}

term to_term(const json& x, const json_place& at);

std::vector<term> to_terms(const json& array, const json_place& at) {
  std::vector<term> terms;
  terms.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i)
    terms.push_back(to_term(array[i], at / i));
  return terms;
}

term to_term(const json& x, const json_place& at) {
  if (x == "_")
    return any;
  if (const auto n = variable(x, at))
    return bind(*n);
  if (x.is_array())
    return list_of(to_terms(x, at));
  if (const json* items = tagged_with("$tuple", x))
    return tuple_of(to_terms(need_array(*items, at / "$tuple", "a tuple"), at / "$tuple"));
  return to_literal(x, at);
}

constexpr std::pair<std::string_view, guard::op> operators[] = {
  {"==", guard::op::eq},
  {"/=", guard::op::ne},
  {"<", guard::op::lt},
  {"=<", guard::op::le},
  {">", guard::op::gt},
  {">=", guard::op::ge},
  {"and", guard::op::both},
  {"or", guard::op::either},
  {"not", guard::op::negate},
  {"is_nil", guard::op::is_nil},
  {"is_bool", guard::op::is_bool},
  {"is_integer", guard::op::is_integer},
  {"is_double", guard::op::is_real},
  {"is_number", guard::op::is_number},
  {"is_string", guard::op::is_string},
  {"is_list", guard::op::is_list},
  {"is_tuple", guard::op::is_tuple},
  {"is_map", guard::op::is_map},
};

guard::op to_operator(const json& x, const json_place& at) {
  for (const auto& [name, code] : operators)
    if (x == name)
      return code;
  std::string names;
  for (const auto& [name, code] : operators)
    names.append(" ").append(name);
  fail(at, "no guard operator; they are" + names);
}

guard to_guard(const json& x, const json_place& at) {
  if (const auto n = variable(x, at))
    return var(*n);
  if (!x.is_array())
    return to_literal(x, at);
  if (x.empty())
    fail(at, "a condition is written as [operator, operand, …]");
  guard g{to_operator(x[0], at / 0), {}};
  for (std::size_t i = 1; i < x.size(); ++i)
    g.args.push_back(to_guard(x[i], at / i));
  return g;
}

} // namespace

result<pattern> pattern_from_json(std::string_view terms, std::string_view guard_text) {
  auto p = guarded<pattern>(
    [&] { return pattern{to_terms(need_array(parse_json(terms), {}, "a pattern"), {})}; });
  if (!p || guard_text.empty())
    return p;
  auto g = guarded<guard>([&] { return to_guard(parse_json(guard_text), {}); });
  if (!g)
    return {g.why().code, "guard: " + g.why().message};
  p->when = *std::move(g);
  return p;
}

} // namespace supercache
