#include "words.hpp"

#include "arguments.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>

namespace supercache::app {

namespace {

constexpr std::string_view digits = "0123456789", blanks = " \t\r\n";

void skip(std::string_view& text, std::string_view any_of) {
  text.remove_prefix(std::min(text.find_first_not_of(any_of), text.size()));
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos)
    return false;
  text.remove_prefix(1);
  return true;
}

std::string_view trim(std::string_view text) {
  skip(text, blanks);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_name_of_number(std::string_view word) {
  std::string low{word};
  std::ranges::transform(low, low.begin(), [](unsigned char c) { return std::tolower(c); });
  return low == "nan" || low == "inf" || low == "infinity";
}

bool begins_as_value(std::string_view word) {
  if (word.empty())
    return false;
  return word.front() == '[' || word.front() == '{' || word.front() == '"' || word.starts_with("#{")
         || word == "nil" || word == "null" || word == "true" || word == "false"
         || looks_like_number(word);
}

std::string shown(std::string_view word) {
  constexpr std::size_t most = 60;
  return printable(word.substr(0, most)) + (word.size() > most ? "..." : "");
}

/// How to type the word as a string.
std::string as_string(const std::string& word, typed_in where) {
  constexpr std::size_t most = 40;
  if (word.size() > most)
    return "--string takes it as a string";
  const std::string quoted = to_string(value{word});
  if (where == typed_in::shell)
    return "the string is written " + quoted;
  if (quoted.find('\'') != std::string::npos)
    return "--string takes it as a string";
  return "the string is written '" + quoted + "'";
}

std::string why_none(std::string_view word, const failure& why) {
  if (word.starts_with("#{"))
    return "value: maps are written {\"a\": 1}";
  if (why.code == errc::malformed && looks_like_number(word))
    return "number: they are written like 1, -0.5, 2e3, inf and nan";
  return "value: " + why.message;
}

} // namespace

bool looks_like_number(std::string_view word) {
  if (word == "-")
    return true;
  take(word, "+-");
  if (is_name_of_number(word))
    return true;
  std::string_view hex = word;
  if (take(hex, "0") && take(hex, "xXbBoO") && !hex.empty()) {
    skip(hex, "0123456789abcdefABCDEF_");
    return hex.empty();
  }
  if (const auto first = word.find_first_of(digits); first > (word.starts_with('.') ? 1 : 0))
    return false;
  skip(word, "0123456789_");
  if (take(word, "."))
    skip(word, "0123456789_");
  if (take(word, "eE")) {
    take(word, "+-");
    skip(word, digits);
  }
  return word.empty();
}

value value_from_word(const std::string& word, bool plain, typed_in where) {
  if (!is_utf8(word))
    throw usage_error("'" + shown(word) + "' is no UTF-8; a string of such bytes is written "
                      + (where == typed_in::shell ? R"("\xff")" : R"('"\xff"')"));
  if (plain || !begins_as_value(trim(word)))
    return value{word};
  auto x = value_from_text(word);
  if (!x)
    throw usage_error("'" + shown(word) + "' is no " + why_none(trim(word), x.why()) + "; "
                      + as_string(word, where));
  return *std::move(x);
}

} // namespace supercache::app
