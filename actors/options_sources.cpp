#include "settings.hpp"

#include <supercache/compat.hpp>

#include <caf/config_option_adder.hpp>
#include <caf/config_option_set.hpp>
#include <caf/settings.hpp>

#include <fstream>

// Where options come from: CAF's configuration, or a file of our own.

namespace supercache::inline SUPERCACHE_ABI {

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
    // All are texts to CAF, which says little about what it cannot parse; `set_option` judges.
    caf::config_option_adder{to, category}.add<std::string>(name, f.help);
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

namespace {

bool is_ours(std::string_view section) {
  return section == "supercache" || section.starts_with("supercache.");
}

/// A value as it stands in a file: with quotes, or with a comment behind it.
std::string_view unquoted(std::string_view text) {
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const auto end = text.find(text.front(), 1);
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  for (const auto* comment : {" #", "\t#", " ;", "\t;"})
    text = text.substr(0, text.find(comment));
  return trim(text);
}

/// Reads the lines of a file one after the other.
class file_reader {
public:
  explicit file_reader(options& o) : o_(o) {}

  status line(std::string_view s) {
    s = trim(s);
    if (s.empty() || s.front() == '#' || s.front() == ';')
      return done();
    if (s.front() == '[') {
      const auto end = s.find(']');
      section_ = trim(s.substr(1, end == std::string_view::npos ? end : end - 1));
      names_.push_back(section_);
      found_ = found_ || is_ours(section_);
      return done();
    }
    const auto equals = s.find('=');
    if (equals == std::string_view::npos)
      return {errc::invalid_config, "'" + std::string{s} + "' is not of the form key = value"};
    if (names_.empty())
      return {errc::invalid_config, "'" + std::string{trim(s.substr(0, equals))}
                                      + "' stands before any section; ours is [supercache]"};
    if (!is_ours(section_))
      return done(); // another program's
    const auto prefix = section_ == "supercache" ? "" : section_.substr(11) + '.';
    return set_option(o_, prefix + std::string{trim(s.substr(0, equals))},
                      unquoted(trim(s.substr(equals + 1))));
  }
  /// At the end of the file.
  status finish() const {
    if (found_)
      return done();
    return {errc::invalid_config,
            "there is no section [supercache]"
              + (names_.empty() ? "" : "; there is [" + joined(names_) + "]")};
  }

private:
  options& o_;
  std::string section_;
  std::vector<std::string> names_; ///< of all sections
  bool found_ = false;
};

} // namespace

result<options> options_from_file(const std::string& path, options o) {
  std::ifstream in{path};
  if (!in)
    return {errc::io_error, "configuration file " + path + " cannot be opened"};
  file_reader reader{o};
  std::string line;
  for (int n = 1; std::getline(in, line); ++n)
    if (auto s = reader.line(line); !s)
      return failure{s.why().code, path + ':' + std::to_string(n) + ": " + s.why().message};
  auto s = reader.finish();
  if (s)
    s = validate(o);
  if (!s)
    return failure{s.why().code, path + ": " + s.why().message};
  return o;
}

} // namespace supercache::inline SUPERCACHE_ABI
