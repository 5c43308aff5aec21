#include "csv.hpp"
#include "nearest.hpp"

#include <supercache/store/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

namespace supercache::app {

namespace {

constexpr std::string_view json_mark = "json:";

constexpr std::array<std::pair<std::string_view, column_type>, 8> type_names{
  {{"auto", column_type::automatic},
   {"bool", column_type::boolean},
   {"float", column_type::floating},
   {"hex", column_type::hex},
   {"int", column_type::integer},
   {"json", column_type::json},
   {"skip", column_type::skip},
   {"string", column_type::string}}};

template <class T, class... Form>
std::optional<T> number(std::string_view text, Form... form) {
  T x{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), x, form...);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return std::nullopt;
  return x;
}

std::optional<bool> boolean(std::string_view text) {
  if (text == "true")
    return true;
  return text == "false" ? std::optional{false} : std::nullopt;
}

std::string_view without_blanks(std::string_view s) {
  const auto from = s.find_first_not_of(" \t");
  if (from == std::string_view::npos)
    return {};
  return s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

/// The number or bool that `text` clearly is; nil if it is neither.
value plain_value(std::string_view text) {
  if (const auto b = boolean(text))
    return *b;
  std::string_view digits = text;
  if (digits.starts_with('-'))
    digits.remove_prefix(1);
  const bool starts_as_number = !digits.empty() && digits[0] >= '0' && digits[0] <= '9';
  const bool leading_zero = digits.size() > 1 && digits[0] == '0' && digits[1] != '.'
                            && digits[1] != 'e' && digits[1] != 'E';
  if (!starts_as_number || leading_zero || text == "-0")
    return {};
  if (const auto i = number<std::int64_t>(text))
    return *i;
  if (text.find_first_of(".eE") == std::string_view::npos)
    return {}; // too large for an integer: kept as it is
  const auto x = number<double>(text);
  return x && std::isfinite(*x) ? value{*x} : value{};
}

failure wrong(std::string_view text, std::string_view needed) {
  std::string shown{text.substr(0, 60)};
  if (text.size() > shown.size())
    shown += "…";
  return {errc::invalid_argument, "'" + shown + "' is no " + std::string{needed}};
}

template <class T>
result<value> or_wrong(std::optional<T> x, std::string_view text, std::string_view needed) {
  if (!x)
    return wrong(text, needed);
  return value{*x};
}

result<value> json_value(std::string_view text) {
  auto x = value_from_json(text);
  if (!x)
    return failure{errc::invalid_argument, "no JSON: " + x.why().message};
  return x;
}

result<value> hex_value(std::string_view text) {
  std::string_view digits = without_blanks(text);
  if (digits.starts_with("0x") || digits.starts_with("0X") || digits.starts_with("U+"))
    digits.remove_prefix(2);
  return or_wrong(digits.starts_with('-') ? std::nullopt : number<std::int64_t>(digits, 16), text,
                  "hexadecimal number of 63 bits");
}

result<value> automatic_value(const csv_field& f) {
  if (f.text.starts_with(json_mark))
    return json_value(std::string_view{f.text}.substr(json_mark.size()));
  if (f.quoted)
    return value{f.text};
  value x = plain_value(f.text);
  return x.is_nil() ? value{f.text} : x;
}

} // namespace

result<std::vector<column_type>> columns_from(std::string_view text) {
  std::vector<column_type> types;
  while (true) {
    const auto comma = text.find(',');
    const auto word = without_blanks(text.substr(0, comma));
    const auto found = std::ranges::find(type_names, word, [](const auto& n) { return n.first; });
    if (found == type_names.end()) {
      std::vector<std::string> names;
      std::string all;
      for (const auto& [name, type] : type_names) {
        names.emplace_back(name);
        all += (all.empty() ? "" : ", ") + std::string{name};
      }
      return {errc::invalid_argument, "column " + std::to_string(types.size() + 1) + " is '"
                                        + std::string{word} + "'; allowed is " + all
                                        + did_you_mean(word, names)};
    }
    types.push_back(found->second);
    if (comma == std::string_view::npos)
      return types;
    text.remove_prefix(comma + 1);
  }
}

result<value> value_of(const csv_field& f, column_type type, bool empty_is_string) {
  const bool keeps_empty = type == column_type::automatic || type == column_type::string;
  if (f.text.empty() && !f.quoted)
    return empty_is_string && keeps_empty ? value{""} : value{};
  switch (type) {
    case column_type::automatic: return automatic_value(f);
    case column_type::boolean:
      return or_wrong(boolean(without_blanks(f.text)), f.text, "true or false");
    case column_type::floating:
      return or_wrong(number<double>(without_blanks(f.text)), f.text, "number");
    case column_type::hex: return hex_value(f.text);
    case column_type::integer:
      return or_wrong(number<std::int64_t>(without_blanks(f.text)), f.text,
                      "whole number of 64 bits");
    case column_type::json: return json_value(f.text);
    case column_type::skip: return value{};
    case column_type::string: break;
  }
  return value{f.text};
}

// -- writing -------------------------------------------------------------------------------------

namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c;
    if (c == '"')
      out += c;
  }
  return out + '"';
}

bool needs_quotes(std::string_view text, std::string_view separator) {
  // Any byte of it: together with the separator, a part of one could form a whole one.
  return text.find_first_of(separator) != std::string_view::npos
         || text.find_first_of("\"\r\n") != std::string_view::npos
         || text.starts_with("\xef\xbb\xbf"); // else read as a byte order mark
}

/// Whether a string would make the file look binary, or spread its row over too much of it.
bool needs_json(std::string_view text) {
  constexpr std::size_t long_text = std::size_t{1} << 20;
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  return text.starts_with(json_mark) || text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")
         || std::ranges::any_of(text, is_control)
         || (text.size() > long_text && text.find('\n') != std::string_view::npos);
}

std::string string_field(std::string_view text, std::string_view separator) {
  if (needs_json(text)) {
    const std::string form = std::string{json_mark} + to_json(value{text});
    return in_quotes(form);
  }
  if (text.empty() || !plain_value(text).is_nil() || needs_quotes(text, separator))
    return in_quotes(text);
  return std::string{text};
}

std::string field_of(const value& x, std::string_view separator) {
  switch (x.kind()) {
    case kind::nil: return {};
    case kind::boolean:
    case kind::integer: return to_json(x);
    case kind::string: return string_field(x.as_string(), separator);
    case kind::real:
      if (std::isfinite(x.as_real()))
        return to_json(x);
      break;
    default: break;
  }
  const std::string form = std::string{json_mark} + to_json(x);
  return needs_quotes(form, separator) ? in_quotes(form) : form;
}

} // namespace

std::string csv_line(const record& r, std::string_view separator) {
  if (r.size() == 1 && r[0].is_nil()) // else a blank line
    return "json:null\n";
  std::string line;
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (i)
      line += separator;
    line += field_of(r[i], separator);
  }
  return line + '\n';
}

status check_for_writing(std::string_view separator) {
  if (auto s = check(csv_format{std::string{separator}, true}); !s)
    return s;
  if (std::ranges::any_of(separator, [](unsigned char c) {
        return std::isalnum(c) || c == '+' || c == '-' || c == '.';
      }))
    return {errc::invalid_argument, "'" + std::string{separator}
                                      + "' cannot separate what is written: letters, digits, +, - "
                                        "and . occur in numbers and words"};
  return supercache::ok();
}

} // namespace supercache::app
