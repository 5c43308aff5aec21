#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace supercache::app {

using json = nlohmann::ordered_json;

/// The members of one JSON object, each read once. A mistake is thrown as an `error`
/// (`invalid_argument`): a sentence that names the place, the value and what is allowed.
class fields {
public:
  /// `where`: "cluster" or "step 3".
  fields(const json& object, std::string where);

  const std::string& where() const noexcept { return where_; }
  bool has(const std::string& name) const { return object_.contains(name); }
  /// Nothing if the member is missing.
  const json* find(const std::string& name);
  std::optional<std::string> text(const std::string& name);
  std::string need_text(const std::string& name);
  std::string one_of(const std::string& name, const std::vector<std::string>& allowed,
                     const std::string& otherwise);
  std::optional<std::int64_t> number(const std::string& name, std::int64_t least,
                                     std::int64_t most);
  std::int64_t number_or(const std::string& name, std::int64_t least, std::int64_t most,
                         std::int64_t otherwise) {
    return number(name, least, most).value_or(otherwise);
  }
  /// `name_ms`: from 1 to an hour.
  std::chrono::milliseconds ms(const std::string& name, std::chrono::milliseconds otherwise);
  bool flag(const std::string& name);
  /// Checks that all members were read. Otherwise names the first that means nothing here.
  void finish() const;

  [[noreturn]] void refuse(const std::string& why) const;
  [[noreturn]] void refuse(const std::string& name, const json& x,
                           const std::string& allowed) const;

private:
  const json& object_;
  std::string where_;
  std::vector<std::string> known_;
};

} // namespace supercache::app
