#include "settings.hpp"

#include <supercache/store/nearest.hpp>

#include <boost/property_tree/ini_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

// Options that come from a file of our own: INI, as Boost.PropertyTree reads it.

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

result<std::string> read_text(const std::string& path) {
  constexpr std::size_t largest = 1 << 20;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return {errc::io_error, "is a folder"};
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return {errc::io_error, "cannot be opened"};
  std::string text(largest + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    return {errc::io_error, "cannot be read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest)
    return {errc::invalid_config, "has more than 1 MiB"};
  if (std::ranges::any_of(text, [](unsigned char c) {
        return (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
      }))
    return {errc::invalid_config, "is no text in UTF-8: it has control characters"};
  return std::string{without_mark(text)};
}

std::string section_meant(std::string_view name) {
  constexpr std::string_view ours = "supercache";
  constexpr std::size_t near = 2;
  std::string first{name.substr(0, name.find('.'))};
  std::ranges::transform(first, first.begin(), [](unsigned char c) { return std::tolower(c); });
  if (distance(first, ours) > near || name.substr(0, name.find('.')) == ours)
    return {};
  return std::string{ours} + std::string{name.substr(first.size())};
}

} // namespace detail

namespace {

using detail::joined;
using detail::trim;
namespace pt = boost::property_tree;

bool is_ours(std::string_view section) {
  return section == "supercache" || section.starts_with("supercache.");
}

/// The name of the option that a key in one of our sections sets.
std::string option_of(std::string_view section, const std::string& key) {
  return section == "supercache" ? key : std::string{section.substr(11)} + '.' + key;
}

/// Where things stand in a file, which the parser keeps to itself.
class places {
public:
  explicit places(const std::string& text) {
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
      lines_.emplace_back(trim(line));
  }
  /// From 1.
  const std::string& line(std::size_t number) const { return lines_.at(number - 1); }
  /// The line of a section, or of a key in it; 0: there is none.
  std::size_t of(std::string_view section, std::string_view key = {}) const {
    bool inside = section.empty(); // before the first section
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const std::string_view s = lines_[i];
      if (s.starts_with('[')) {
        inside = trim(s.substr(1, s.find(']') - 1)) == section;
        if (inside && key.empty())
          return i + 1;
      } else if (inside && !key.empty() && trim(s.substr(0, s.find('='))) == key) {
        return i + 1;
      }
    }
    return 0;
  }
  /// All sections, in order.
  std::vector<std::string> sections() const {
    std::vector<std::string> out;
    for (const std::string_view s : lines_)
      if (s.starts_with('['))
        out.emplace_back(trim(s.substr(1, s.find(']') - 1)));
    return out;
  }

private:
  std::vector<std::string> lines_;
};

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

/// What the parser says, in our words.
std::string sentence_of(const pt::ini_parser_error& e, const places& where) {
  const std::string& line = where.line(e.line());
  const std::string& said = e.message();
  if (said == "duplicate key name")
    return '\'' + std::string{trim(std::string_view{line}.substr(0, line.find('=')))}
           + "' is there for the second time";
  if (said == "duplicate section name")
    return "section " + line + " is there for the second time";
  if (said == "unmatched '['")
    return '\'' + line + "' is not of the form [section]";
  if (said == "'=' character not found in line" || said == "key expected")
    return '\'' + line + "' is not of the form key = value";
  return said;
}

/// Sets what a parsed file has in our sections.
class reader {
public:
  reader(options& o, const places& where) : o_(o), where_(where) {}

  /// Errors: with the line before the sentence.
  status read(const pt::ptree& file) {
    const auto sections = where_.sections();
    for (const auto& [name, content] : file)
      if (std::ranges::find(sections, name) == sections.end())
        return at(where_.of({}, name),
                  '\'' + name + "' stands before any section; ours is [supercache]");
    if (std::ranges::none_of(sections, is_ours))
      return {errc::invalid_config,
              ": there is no section [supercache]"
                + (sections.empty() ? "" : "; there is [" + joined(sections) + ']')};
    for (const auto& name : sections)
      if (const auto meant = detail::section_meant(name); !meant.empty())
        return at(where_.of(name),
                  "there is no section [" + name + "]; did you mean [" + meant + "]?");
    for (const auto& [name, content] : file)
      for (const auto& [key, text] : content)
        if (auto s = is_ours(name) ? set(name, key, text.data()) : check_stray(name, key); !s)
          return s;
    return ok();
  }

private:
  static status at(std::size_t line, const std::string& sentence) {
    return {errc::invalid_config, ':' + std::to_string(line) + ": " + sentence};
  }

  status set(const std::string& section, const std::string& key, const std::string& text) {
    const auto name = option_of(section, key);
    const auto line = where_.of(section, key);
    if (std::ranges::find(seen_, name) != seen_.end())
      return at(line, name + " is there for the second time");
    seen_.push_back(name);
    const auto s = set_option(o_, name, unquoted(text));
    return s ? s : at(line, s.why().message);
  }

  /// A section [wal] with `dir` is not another program's.
  status check_stray(const std::string& section, const std::string& key) const {
    const auto name = section + '.' + key;
    if (std::ranges::find(settings(), name, &setting::name) == settings().end())
      return ok();
    return at(where_.of(section, key),
              "section [" + section + "] is not ours; did you mean [supercache." + section + "]?");
  }

  options& o_;
  const places& where_;
  std::vector<std::string> seen_;
};

} // namespace

result<options> options_from_file(const std::string& path, options o) {
  if (path.empty())
    return {errc::io_error, "a configuration file needs a name"};
  const auto text = detail::read_text(path);
  if (!text)
    return {text.why().code, "configuration file " + path + ' ' + text.why().message};
  const places where{*text};
  pt::ptree file;
  try {
    std::istringstream in{*text};
    pt::read_ini(in, file);
  } catch (const pt::ini_parser_error& e) {
    return {errc::invalid_config,
            path + ':' + std::to_string(e.line()) + ": " + sentence_of(e, where)};
  }
  if (auto s = reader{o, where}.read(file); !s)
    return failure{s.why().code, path + s.why().message};
  if (auto s = validate(o); !s)
    return failure{s.why().code, path + ": " + s.why().message};
  return o;
}

} // namespace supercache::inline SUPERCACHE_ABI
