#include "settings.hpp"

#include <supercache/compat.hpp>

#include <caf/config_option_adder.hpp>
#include <caf/config_option_set.hpp>
#include <caf/settings.hpp>

#include <fstream>

// Where options come from: CAF's configuration, or a file of our own.

namespace supercache {

using detail::fields;
using detail::joined;
using detail::trim;

void add_options(caf::config_option_set& to) {
  for (const detail::field& f : fields()) {
    // CAF takes what stands before the last dot for the category: `supercache.wal`.
    const auto dot = f.name.rfind('.');
    const auto category
      = "supercache" + (dot == std::string::npos ? "" : '.' + f.name.substr(0, dot));
    const auto name = f.name.substr(dot + 1);
    caf::config_option_adder add{to, category};
    if (f.type == "integer")
      add.add<std::int64_t>(name, f.help);
    else if (f.type == "on/off")
      add.add<bool>(name, f.help);
    else if (f.type == "number")
      add.add<double>(name, f.help);
    else if (f.type == "duration")
      add.add<caf::timespan>(name, f.help);
    else if (f.type == "list")
      add.add<std::vector<std::string>>(name, f.help);
    else
      add.add<std::string>(name, f.help);
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
  return done();
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
  return done();
}

} // namespace

result<options> options_from(const caf::actor_system_config& cfg) {
  options o;
  // The file first, unfiltered, so that what CAF dropped is reported; then what is in force, which
  // has the command line's values.
  if (const auto& path = compat::config_file_of(cfg); std::ifstream{path}.good()) {
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

result<options> options_from_file(const std::string& path, options o) {
  std::ifstream in{path};
  if (!in)
    return {errc::io_error, "configuration file " + path + " cannot be opened"};
  std::string line, section;
  for (int n = 1; std::getline(in, line); ++n) {
    const auto at = path + ':' + std::to_string(n) + ": ";
    const auto s = trim(line);
    if (s.empty() || s.front() == '#' || s.front() == ';')
      continue;
    if (s.front() == '[' && s.back() == ']') {
      section = trim(s.substr(1, s.size() - 2));
      continue;
    }
    const auto equals = s.find('=');
    if (equals == std::string_view::npos)
      return {errc::invalid_config, at + "'" + std::string{s} + "' is not of the form key = value"};
    if (section != "supercache" && !section.starts_with("supercache."))
      continue; // another program's
    auto value = trim(s.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')
        && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    const auto prefix = section == "supercache" ? "" : section.substr(11) + '.';
    if (auto set = set_option(o, prefix + std::string{trim(s.substr(0, equals))}, value); !set)
      return failure{set.why().code, at + set.why().message};
  }
  if (auto s = validate(o); !s)
    return failure{s.why().code, path + ": " + s.why().message};
  return o;
}

} // namespace supercache
