#pragma once

#include "guarded.hpp"

#include <supercache/store/result.hpp>
#include <supercache/store/value.hpp>

#include <nlohmann/json.hpp>

// JSON documents: between a text and the values and patterns it stands for. Shared by json.cpp and
// json_pattern.cpp, which end every `error` thrown here with `guarded`.
namespace supercache::detail {

using nlohmann::json;

/// Deepest nesting of a document; bounds every recursion over one. A level of a value takes up to
/// three levels: {"$map": [[key, value]]}.
inline constexpr std::size_t document_depth = 4 * max_depth;

/// Errors: `malformed`; `too_large` as soon as the text is found to be too deep.
json parse_json(std::string_view text);

/// A place in a document: a key or an index, and the place around it.
struct json_place {
  const json_place* in = nullptr;
  std::string_view key{};
  std::size_t index = 0;

  /// E.g. `/users/0`; empty for the document itself.
  std::string text() const {
    return in ? in->text() + '/' + (key.data() ? std::string{key} : std::to_string(index)) : "";
  }
  json_place operator/(std::string_view k) const { return {this, k, 0}; }
  json_place operator/(std::size_t i) const { return {this, {}, i}; }
};

/// Throws `malformed` with a sentence that names the place.
[[noreturn]] void fail(const json_place& at, const std::string& what);

/// `x`, which must be an array because it stands for `what`.
const json& need_array(const json& x, const json_place& at, const char* what);
/// The document of a value, and one of the forms that begin with `$`.
json to_document(const value& x);
json tagged(const char* tag, json x);

/// Throws `malformed` and `too_large`, too.
value to_value(const json& x, const json_place& at);

} // namespace supercache::detail
