#include "json_document.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>
#include <vector>

namespace supercache::detail {

namespace {

/// At most 200 bytes of `text`, safe to show.
std::string shorten(std::string_view text) {
  constexpr std::size_t longest = 200;
  return printable(text.substr(0, longest)) + (text.size() > longest ? "..." : "");
}

/// The complaint of nlohmann/json, without its error numbers and places.
std::string complaint(const json::exception& e) {
  std::string_view what = e.what();
  if (what.starts_with("[json.exception."))
    what.remove_prefix(std::min(what.size(), what.find("] ") + 2));
  if (what.starts_with("parse error at "))
    what.remove_prefix(std::min(what.size(), what.find(": ") + 2));
  return shorten(what);
}

/// Builds the document, and refuses it as soon as it is too deep.
class builder : public nlohmann::json_sax<json> {
public:
  explicit builder(std::string_view text) : text_(text) {}

  json document;
  failure wrong;

  bool null() override { return add(nullptr); }
  bool boolean(bool x) override { return add(x); }
  bool number_integer(json::number_integer_t x) override { return add(x); }
  bool number_unsigned(json::number_unsigned_t x) override {
    return x <= INT64_MAX ? add(x) : refuse_integer(std::to_string(x));
  }
  bool number_float(json::number_float_t x, const std::string& text) override {
    return text.find_first_of(".eE") != std::string::npos ? add(x) : refuse_integer(text);
  }
  bool string(std::string& x) override { return add(std::move(x)); }
  bool binary(json::binary_t&) override { return false; } // does not occur in text
  bool start_object(std::size_t) override { return open(json::object()); }
  bool key(std::string& x) override {
    key_ = std::move(x);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const json::exception& e) override {
    const auto before = text_.substr(0, position == 0 ? 0 : position - 1);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = before.size() - (before.rfind('\n') + 1) + 1; // npos + 1 is 0
    wrong = {errc::malformed, "JSON text, line " + std::to_string(line) + ", column "
                                + std::to_string(column) + ": " + complaint(e)};
    return false;
  }

private:
  json& place(json x) {
    if (open_.empty())
      return document = std::move(x);
    json& in = *open_.back();
    if (in.is_array())
      return in.emplace_back(std::move(x));
    return in[key_] = std::move(x);
  }
  bool add(json x) {
    place(std::move(x));
    return true;
  }
  /// A double would be another number.
  bool refuse_integer(const std::string& text) {
    wrong = {errc::too_large, "JSON text: integer " + shorten(text) + " does not fit; allowed is "
                                + std::to_string(INT64_MIN) + " to " + std::to_string(INT64_MAX)};
    return false;
  }
  bool open(json x) {
    if (open_.size() == document_depth) {
      wrong = {errc::too_large, "JSON text nested deeper than a value can be, which is "
                                  + std::to_string(max_depth) + " levels"};
      return false;
    }
    open_.push_back(&place(std::move(x)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  std::vector<json*> open_; ///< arrays and objects around the next item, the outermost first
  std::string key_;
};

} // namespace

json parse_json(std::string_view text) {
  builder b{text};
  if (!json::sax_parse(text.begin(), text.end(), &b))
    throw error(b.wrong);
  return std::move(b.document);
}

void fail(const json_place& at, const std::string& what) {
  const std::string where = shorten(at.text());
  throw error(errc::malformed, "JSON text" + (where.empty() ? "" : ", at " + where) + ": " + what);
}

const json& need_array(const json& x, const json_place& at, const char* what) {
  if (!x.is_array())
    fail(at, std::string{what} + " is written as an array");
  return x;
}

} // namespace supercache::detail
