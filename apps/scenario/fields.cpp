#include "fields.hpp"

#include "common/nearest.hpp"
#include "texts.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>

namespace supercache::app {

fields::fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object())
    throw error(errc::invalid_argument, where_ + " is " + object.dump() + "; an object is needed");
}

void fields::refuse(const std::string& why) const {
  throw error(errc::invalid_argument, where_ + ": " + why);
}
void fields::refuse(const std::string& name, const json& x, const std::string& allowed) const {
  refuse('\'' + name + "' is " + x.dump() + "; allowed is " + allowed);
}

const json* fields::find(const std::string& name) {
  known_.push_back(name);
  const auto at = object_.find(name);
  return at == object_.end() ? nullptr : &*at;
}

std::optional<std::string> fields::text(const std::string& name) {
  const json* x = find(name);
  if (!x)
    return {};
  if (!x->is_string() || x->get_ref<const std::string&>().empty())
    refuse(name, *x, "a text");
  return x->get<std::string>();
}

std::string fields::need_text(const std::string& name) {
  auto x = text(name);
  if (!x)
    refuse('\'' + name + "' is missing");
  return *std::move(x);
}

std::string fields::one_of(const std::string& name, const std::vector<std::string>& allowed,
                           const std::string& otherwise) {
  const json* x = find(name);
  if (!x)
    return otherwise;
  if (!x->is_string() || !std::ranges::count(allowed, x->get<std::string>()))
    refuse(name, *x, joined(allowed));
  return x->get<std::string>();
}

std::optional<std::int64_t> fields::number(const std::string& name, std::int64_t least,
                                           std::int64_t most) {
  const json* x = find(name);
  if (!x)
    return {};
  const bool fits
    = x->is_number_integer() && (!x->is_number_unsigned() || x->get<std::uint64_t>() <= INT64_MAX);
  if (!fits || x->get<std::int64_t>() < least || x->get<std::int64_t>() > most)
    refuse(name, *x,
           "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return x->get<std::int64_t>();
}

std::chrono::milliseconds fields::ms(const std::string& name, std::chrono::milliseconds otherwise) {
  return std::chrono::milliseconds{number_or(name, 1, 3'600'000, otherwise.count())};
}

bool fields::flag(const std::string& name) {
  const json* x = find(name);
  if (x && !x->is_boolean())
    refuse(name, *x, "true or false");
  return x && x->get<bool>();
}

void fields::finish() const {
  for (const auto& [name, x] : object_.items()) {
    if (std::ranges::count(known_, name))
      continue;
    auto hint = did_you_mean(name, known_);
    if (hint.empty())
      hint = "; there are " + joined(known_);
    refuse('\'' + name + "' means nothing here" + hint);
  }
}

} // namespace supercache::app
