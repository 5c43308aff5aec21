#include "settings.hpp"

#include <supercache/compat.hpp>

#include <caf/config_option_adder.hpp>
#include <caf/config_option_set.hpp>
#include <caf/settings.hpp>

#include <filesystem>

// Options that come from CAF's configuration.

namespace supercache::inline SUPERCACHE_ABI {

using detail::fields;
using detail::joined;
using detail::trim;

namespace {

/// What CAF's `--long-help` says of an option: with the values that are allowed, and the default.
std::string help_of(const detail::field& f) {
  const auto usual = f.write(options{});
  return f.help + "; allowed: " + f.allowed + (usual.empty() ? "" : "; default: " + usual);
}

} // namespace

void add_options(caf::config_option_set& to) {
  for (const detail::field& f : fields()) {
    // CAF takes what stands before the last dot for the category: `supercache.wal`.
    const auto dot = f.name.rfind('.');
    const auto category
      = "supercache" + (dot == std::string::npos ? "" : '.' + f.name.substr(0, dot));
    const auto name = f.name.substr(dot + 1);
    // All are texts to CAF, which says little about what it cannot parse; `set_option` judges.
    caf::config_option_adder{to, category}.add<std::string>(name, help_of(f));
  }
}

namespace {

std::string text_of(const caf::config_value& v) {
  if (auto s = caf::get_if<std::string>(&v))
    return *s;
  if (auto t = caf::get_if<caf::timespan>(&v))
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(*t).count()) + "ms";
  if (auto xs = caf::get_if<caf::config_value::list>(&v)) {
    std::vector<std::string> items;
    for (const auto& x : *xs)
      items.push_back(text_of(x));
    return joined(items);
  }
  return caf::to_string(v);
}

/// Sets every key of a dictionary; nested ones are `wal.…`, `health.…`.
status set_all(options& o, const caf::settings& from, const std::string& prefix = "") {
  for (const auto& [key, v] : from) {
    const std::string name = prefix + std::string{key.data(), key.size()};
    if (auto nested = caf::get_if<caf::settings>(&v)) {
      if (auto s = set_all(o, *nested, name + '.'); !s)
        return s;
    } else if (auto s = set_option(o, name, text_of(v)); !s) {
      return s;
    }
  }
  return ok();
}

status set_section(options& o, const caf::settings& all) {
  for (const auto& [key, v] : all) {
    const std::string_view name{key.data(), key.size()};
    const auto section = caf::get_if<caf::settings>(&v);
    if (!section || (name != "supercache" && !name.starts_with("supercache.")))
      continue;
    const auto nested = name == "supercache" ? "" : std::string{name.substr(11)} + '.';
    if (auto s = set_all(o, *section, nested); !s)
      return s;
  }
  return ok();
}

} // namespace

result<options> options_from(const caf::actor_system_config& cfg) {
  options o;
  // The file first, unfiltered, so that what CAF dropped is reported; then what is in force, which
  // has the command line's values.
  if (const auto& path = compat::config_file_of(cfg); std::filesystem::exists(path)) {
    const auto text = detail::read_text(path);
    if (!text)
      return {text.why().code, "configuration file " + path + ' ' + text.why().message};
    if (auto s = detail::check_caf_file(*text); !s)
      return failure{s.why().code, path + s.why().message};
    auto raw = compat::read_config_file(path);
    if (!raw)
      return {errc::invalid_config,
              "configuration file " + path + " cannot be read: " + caf::to_string(raw.error())};
    if (auto s = set_section(o, *raw); !s)
      return failure{s.why().code, path + ": " + s.why().message};
  }
  if (auto s = set_section(o, content(cfg)); !s)
    return s.why();
  if (auto s = validate(o); !s)
    return s.why();
  return o;
}

} // namespace supercache::inline SUPERCACHE_ABI
