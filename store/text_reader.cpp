// Reads values as people type them.

#include "json_document.hpp"

#include <supercache/store/text.hpp>

#include <set>

namespace supercache::inline SUPERCACHE_ABI {

namespace {

using namespace detail;

constexpr std::string_view blanks = " \t\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c))
    return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The value that a word stands for; nothing for any other word.
std::optional<json> named_value(std::string_view word) {
  if (word == "nil" || word == "null")
    return json(nullptr);
  if (word == "true" || word == "false")
    return json(word == "true");
  if (word == "nan" || word == "inf" || word == "-inf")
    return tagged("$double", std::string{word});
  return {};
}

/// Turns the text into the JSON document for the same value, in the forms of json.hpp.
class text_reader {
public:
  explicit text_reader(std::string_view text) : text_(text) {}

  json read() {
    json x = item(0);
    skip_blanks();
    if (at_ < text_.size())
      wrong("nothing may follow the value");
    return x;
  }

private:
  [[noreturn]] void wrong(const std::string& what) const {
    throw error(errc::malformed, "character " + std::to_string(at_ + 1) + ": " + what);
  }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size()); }
  bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  json item(std::size_t depth) {
    if (depth > document_depth)
      throw error(errc::too_large, "nested deeper than a value can be, which is "
                                     + std::to_string(max_depth) + " levels");
    if (take('['))
      return list(depth);
    if (take('{'))
      return map_or_tuple(depth);
    if (take('"'))
      return string();
    return word();
  }

  json list(std::size_t depth) {
    json items = json::array();
    if (take(']'))
      return items;
    do {
      items.push_back(item(depth + 1));
    } while (take(','));
    if (!take(']'))
      wrong("',' or ']' is needed");
    return items;
  }

  json map_or_tuple(std::size_t depth) {
    if (take('}'))
      return json::object();
    json first = item(depth + 1);
    if (take(':'))
      return map(std::move(first), depth);
    json items = json::array({std::move(first)});
    while (take(','))
      items.push_back(item(depth + 1));
    if (!take('}'))
      wrong(items.size() == 1 ? "':', ',' or '}' is needed" : "',' or '}' is needed");
    return tagged("$tuple", std::move(items));
  }

  /// The colon after the first key has been read.
  json map(json first, std::size_t depth) {
    std::set<std::string> keys;
    json pairs = json::array(), object = json::object();
    bool texts = true; // all keys are
    json key = std::move(first);
    for (;;) {
      if (!keys.insert(key.dump()).second)
        wrong("the key " + to_string(to_value(key, {})) + " is there twice");
      texts = texts && key.is_string();
      pairs.push_back(json::array({std::move(key), item(depth + 1)}));
      if (!take(','))
        break;
      key = item(depth + 1);
      if (!take(':'))
        wrong("':' is needed behind a key");
    }
    if (!take('}'))
      wrong("',' or '}' is needed");
    if (!texts)
      return tagged("$map", std::move(pairs));
    for (json& pair : pairs)
      object[pair[0].get_ref<const std::string&>()] = std::move(pair[1]);
    return object;
  }

  /// The text between two bytes written as \xNN is a JSON string.
  std::string decoded(std::size_t from, std::size_t to) const {
    try {
      return parse_json('"' + std::string{text_.substr(from, to - from)} + '"').get<std::string>();
    } catch (const error& e) {
      std::string_view why = e.what();
      if (const auto colon = why.find("invalid string: "); colon != std::string_view::npos)
        why.remove_prefix(colon + std::string_view{"invalid string: "}.size());
      wrong(std::string{why.substr(0, why.find("; last read"))});
    }
  }

  /// The opening quote has been read.
  json string() {
    std::string out;
    std::size_t from = at_;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\')
        continue;
      if (at_ + 1 < text_.size() && text_[at_ + 1] == 'x') {
        out += decoded(from, at_);
        out += byte();
        from = at_ + 1;
      } else {
        ++at_; // an escaped quote does not end the string
      }
    }
    if (at_ >= text_.size()) {
      at_ = text_.size();
      wrong("the quote is never closed");
    }
    out += decoded(from, at_);
    ++at_;
    return to_document(out);
  }

  /// Begins at the backslash, and ends at the last digit.
  char byte() {
    const auto digits = text_.substr(at_ + 2, 2);
    if (digits.size() < 2 || hex_digit(digits[0]) < 0 || hex_digit(digits[1]) < 0)
      wrong("two hexadecimal digits are needed behind \\x");
    at_ += 3;
    return static_cast<char>(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
  }

  json word() {
    const auto end = std::min(text_.find_first_of(" \t\r\n,:[]{}\"", at_), text_.size());
    const auto word = text_.substr(at_, end - at_);
    if (word.empty())
      wrong(at_ == text_.size() ? "a value is needed, not the end"
                                : "a value is needed, not '" + std::string{text_[at_]} + "'");
    json x = named_or_number(word);
    at_ = end;
    return x;
  }

  json named_or_number(std::string_view word) {
    if (auto x = named_value(word))
      return *std::move(x);
    json x;
    try {
      x = parse_json(word);
    } catch (const error& e) {
      if (e.code() == errc::too_large)
        throw;
      if (std::string_view{e.what()}.find("number overflow") != std::string_view::npos)
        no_double(word, "too large", "the largest is 1.7976931348623157e+308");
      wrong("'" + printable(word.substr(0, shown_bytes)) + "' is no value");
    }
    const auto digits = word.substr(0, word.find_first_of("eE"));
    if (x.is_number_float() && x == 0.0 && digits.find_first_of("123456789") != word.npos)
      no_double(word, "too small", "the smallest is 5e-324");
    return x;
  }

  static constexpr std::size_t shown_bytes = 60;

  [[noreturn]] static void no_double(std::string_view word, const char* what, const char* limit) {
    throw error(errc::too_large, "number " + std::string{word.substr(0, shown_bytes)} + " is "
                                   + what + " for a double; " + limit);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

} // namespace

result<value> value_from_text(std::string_view text) {
  auto x = guarded<value>([&] { return to_value(text_reader{text}.read(), {}); });
  if (x)
    return x;
  std::string_view why = x.why().message;
  for (const std::string_view json : {"JSON text: ", "JSON text, "})
    if (why.starts_with(json))
      why.remove_prefix(json.size());
  return {x.why().code, std::string{why}};
}

} // namespace supercache::inline SUPERCACHE_ABI
