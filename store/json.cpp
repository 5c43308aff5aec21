#include "base64.hpp"
#include "json_document.hpp"

#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <algorithm>
#include <cmath>

namespace supercache {

namespace {

using namespace detail;

// -- writing ------------------------------------------------------------------------------------

json array_of(std::span<const value> items) {
  json array = json::array();
  for (const value& x : items)
    array.push_back(to_document(x));
  return array;
}

bool is_special(std::string_view key) noexcept { return key.starts_with('$'); }

json map_document(std::span<const value> flat) {
  bool plain = flat.size() != 2 || !flat[0].is_string() || !is_special(flat[0].as_string());
  for (std::size_t i = 0; i < flat.size(); i += 2)
    plain = plain && flat[i].is_string() && is_utf8(flat[i].as_string());
  json map = plain ? json::object() : json::array();
  for (std::size_t i = 0; i < flat.size(); i += 2)
    if (plain)
      map[std::string{flat[i].as_string()}] = to_document(flat[i + 1]);
    else
      map.push_back(array_of(flat.subspan(i, 2)));
  return plain ? map : tagged("$map", std::move(map));
}

} // namespace

json detail::tagged(const char* tag, json x) {
  json object = json::object();
  object[tag] = std::move(x);
  return object;
}

json detail::to_document(const value& x) {
  switch (x.kind()) {
    case kind::nil: return nullptr;
    case kind::boolean: return x.as_bool();
    case kind::integer: return x.as_int();
    case kind::real:
      if (std::isfinite(x.as_real()))
        return x.as_real();
      return tagged("$double", std::isnan(x.as_real()) ? "nan" : x.as_real() > 0 ? "inf" : "-inf");
    case kind::string:
      if (is_utf8(x.as_string()))
        return std::string{x.as_string()};
      return tagged("$bytes", to_base64(x.as_string()));
    case kind::list: return array_of(x.items());
    case kind::tuple: return tagged("$tuple", array_of(x.items()));
    case kind::map: break;
  }
  return map_document(x.items());
}

namespace {

// -- reading ------------------------------------------------------------------------------------

value_list to_values(const json& array, const json_place& at) {
  value_list items;
  items.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i)
    items.push_back(to_value(array[i], at / i));
  return items;
}

value pairs_to_map(const json& array, const json_place& at) {
  std::vector<std::pair<value, value>> pairs;
  pairs.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    const json& pair = array[i];
    if (!pair.is_array() || pair.size() != 2)
      fail(at / i, "a map's entry is written as [key, value]");
    const json_place here = at / i;
    pairs.emplace_back(to_value(pair[0], here / 0), to_value(pair[1], here / 1));
  }
  return value::map(std::move(pairs));
}

value object_to_map(const json& object, const json_place& at) {
  std::vector<std::pair<value, value>> pairs;
  pairs.reserve(object.size());
  for (const auto& [key, x] : object.items())
    pairs.emplace_back(key, to_value(x, at / key));
  return value::map(std::move(pairs));
}

double special_double(const json& x, const json_place& at) {
  if (x == "nan")
    return std::nan("");
  if (x != "inf" && x != "-inf")
    fail(at, "\"nan\", \"inf\" or \"-inf\" is needed");
  const double inf = HUGE_VAL;
  return x == "inf" ? inf : -inf;
}

value special_bytes(const json& x, const json_place& at) {
  auto bytes = x.is_string() ? from_base64(x.get_ref<const std::string&>()) : std::nullopt;
  if (!bytes)
    fail(at, "bytes are written in base64, with padding");
  return *bytes;
}

value special_value(const std::string& tag, const json& x, const json_place& at) {
  if (tag == "$tuple")
    return value::tuple(to_values(need_array(x, at, "a tuple"), at));
  if (tag == "$map")
    return pairs_to_map(need_array(x, at, "a map"), at);
  if (tag == "$bytes")
    return special_bytes(x, at);
  if (tag == "$double")
    return special_double(x, at);
  fail(at, "no such form; a map with this one key is written as {\"$map\": [[key, value]]}");
}

} // namespace

value detail::to_value(const json& x, const json_place& at) {
  switch (x.type()) {
    case json::value_t::null: return {};
    case json::value_t::boolean: return x.get<bool>();
    case json::value_t::number_integer: return x.get<std::int64_t>();
    case json::value_t::number_unsigned:
      if (x.get<std::uint64_t>() > INT64_MAX)
        return static_cast<double>(x.get<std::uint64_t>());
      return x.get<std::int64_t>();
    case json::value_t::number_float: return x.get<double>();
    case json::value_t::string: return x.get_ref<const std::string&>();
    case json::value_t::array: return value::list(to_values(x, at));
    default: break;
  }
  if (x.size() == 1 && is_special(x.begin().key()))
    return special_value(x.begin().key(), *x.begin(), at / x.begin().key());
  return object_to_map(x, at);
}

namespace {

/// As text that a terminal does not obey: such characters can only be in strings, where JSON has an
/// escape for them. The library escapes those below U+0020.
std::string dumped(const json& document) {
  std::string text = document.dump();
  const auto is_plain = [](unsigned char c) { return c < 0x7f; };
  return std::ranges::all_of(text, is_plain) ? text : printable(text);
}

} // namespace

std::string to_json(const value& x) { return dumped(to_document(x)); }
std::string to_json(const record& x) { return dumped(array_of(x.items())); }

result<value> value_from_json(std::string_view text) {
  return guarded<value>([&] { return to_value(parse_json(text), {}); });
}

result<record> record_from_json(std::string_view text) {
  return guarded<record>([&] {
    const json document = parse_json(text);
    if (!document.is_array() || document.empty())
      fail({}, "a record is written as an array of at least one element");
    return record::of(to_values(document, {}));
  });
}

} // namespace supercache
