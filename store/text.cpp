// Names and readable text: to_string and operator<< of every store type.

#include "utf8.hpp"

#include <supercache/store/record.hpp>
#include <supercache/store/result.hpp>
#include <supercache/store/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>

namespace supercache::inline SUPERCACHE_ABI {

namespace {

void append_hex(std::string& out, unsigned x, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[x >> shift & 15];
}

/// An escape as JSON has it; controls are below U+10000.
void append_control(std::string& out, char32_t code) {
  switch (code) {
    case '\n': out += "\\n"; break;
    case '\t': out += "\\t"; break;
    case '\r': out += "\\r"; break;
    default: out += "\\u"; append_hex(out, code, 4);
  }
}

void append_printable(std::string& out, std::string_view s, bool quoted) {
  while (!s.empty()) {
    const auto c = detail::first_character(s);
    if (c.size == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(s.front()), 2);
    } else if (detail::is_control(c.code)) {
      append_control(out, c.code);
    } else {
      if (quoted && (c.code == '"' || c.code == '\\'))
        out += '\\';
      out += s.substr(0, c.size);
    }
    s.remove_prefix(std::max<std::size_t>(1, c.size));
  }
}

void append_string(std::string& out, std::string_view s) {
  out += '"';
  append_printable(out, s, true);
  out += '"';
}

void append_real(std::string& out, double x) {
  if (std::isnan(x) || std::isinf(x)) {
    out += std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
    return;
  }
  char buf[32];
  const auto end = std::to_chars(buf, buf + sizeof buf, x).ptr;
  const std::string_view text{buf, static_cast<std::size_t>(end - buf)};
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos)
    out += ".0";
}

void append(std::string& out, const value& x);

void append_items(std::string& out, std::string_view open, std::span<const value> items,
                  std::string_view close) {
  out += open;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i)
      out += ", ";
    append(out, items[i]);
  }
  out += close;
}

/// Whether `{key: x}` would be read as one of the forms of JSON that begin with `$`.
bool looks_special(std::span<const value> flat) {
  return flat.size() == 2 && flat[0].is_string() && flat[0].as_string().starts_with('$');
}

void append_map(std::string& out, std::span<const value> flat) {
  if (looks_special(flat)) {
    append_items(out, "{\"$map\": [[", flat, "]]}");
    return;
  }
  out += '{';
  for (std::size_t i = 0; i < flat.size(); i += 2) {
    if (i)
      out += ", ";
    append(out, flat[i]);
    out += ": ";
    append(out, flat[i + 1]);
  }
  out += '}';
}

void append_tuple(std::string& out, std::span<const value> items) {
  if (items.empty())
    out += "{\"$tuple\": []}"; // {} is a map
  else
    append_items(out, "{", items, "}");
}

void append(std::string& out, const value& x) {
  switch (x.kind()) {
    case kind::nil: out += "nil"; break;
    case kind::boolean: out += x.as_bool() ? "true" : "false"; break;
    case kind::integer: out += std::to_string(x.as_int()); break;
    case kind::real: append_real(out, x.as_real()); break;
    case kind::string: append_string(out, x.as_string()); break;
    case kind::list: append_items(out, "[", x.items(), "]"); break;
    case kind::tuple: append_tuple(out, x.items()); break;
    case kind::map: append_map(out, x.items()); break;
  }
}

} // namespace

std::string_view to_string(kind k) noexcept {
  constexpr std::array<std::string_view, 8> names
    = {"nil", "bool", "integer", "double", "string", "list", "tuple", "map"};
  return names[static_cast<std::size_t>(k)];
}

std::string_view to_string(errc code) noexcept {
  constexpr std::array<std::string_view, 19> names = {
    "none",          "not_started",        "already_started", "invalid_argument", "invalid_config",
    "type_mismatch", "not_found",          "not_initialised", "key_mismatch",     "overloaded",
    "timeout",       "outcome_unknown",    "malformed",       "too_large",        "io_error",
    "not_primary",   "quorum_not_reached", "internal",        "unavailable"};
  const auto i = static_cast<std::size_t>(code);
  return i < names.size() ? names[i] : "unknown error code";
}

std::string to_string(const value& x) {
  std::string out;
  append(out, x);
  return out;
}

std::string to_string(const record& x) {
  std::string out;
  append_items(out, "{", x.items(), "}");
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text, false);
  return out;
}

failure::failure(errc c, std::string text) : code(c), message(std::move(text)) {
  const auto is_plain = [](unsigned char x) { return x >= 0x20 && x < 0x7f; };
  if (!std::ranges::all_of(message, is_plain))
    message = printable(message);
}

std::ostream& operator<<(std::ostream& out, const value& x) { return out << to_string(x); }
std::ostream& operator<<(std::ostream& out, const record& x) { return out << to_string(x); }

} // namespace supercache::inline SUPERCACHE_ABI
