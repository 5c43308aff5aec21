#include "settings.hpp"

#include <caf/detail/parser/read_ini.hpp>
#include <caf/parser_state.hpp>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

// CAF reads its configuration file by a grammar of its own: this looks at what its parser finds.

namespace supercache::detail {

namespace {

using parsing = caf::parser_state<std::string::const_iterator>;

/// Counts lines up to where the parser is, which itself is a line ahead at the end of one.
class line_counter {
public:
  explicit line_counter(const parsing& at) : at_(at), counted_(at.i) {}

  int line() {
    line_ += static_cast<int>(std::count(counted_, at_.i, '\n'));
    counted_ = at_.i;
    return line_;
  }

private:
  const parsing& at_;
  std::string::const_iterator counted_;
  int line_ = 1;
};

/// What was found: the sections, in order, and the values that have a name.
struct findings {
  std::vector<std::pair<std::string, int>> sections; ///< and their lines
  std::set<std::string> values;
  std::string twice;
  int twice_line = 0;
};

std::string under(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + '.' + name;
}

/// Takes what the parser finds, in the form that the parser wants.
class collector {
public:
  collector(findings& to, line_counter& at, std::string section = "", bool in_list = false)
    : to_(to), at_(at), section_(std::move(section)), in_list_(in_list) {}

  void key(std::string name) { key_ = std::move(name); }
  template <class T>
  void value(T&&) {
    note();
  }
  collector begin_map() {
    const auto name = under(section_, key_);
    const std::pair within{section_, at_.line()};
    if (!to_.sections.empty() && to_.sections.back() == within) // [a.b] comes as a, then b in it
      to_.sections.pop_back();
    to_.sections.emplace_back(name, within.second);
    return {to_, at_, name, in_list_};
  }
  collector begin_list() {
    note();
    return {to_, at_, under(section_, key_), true};
  }
  void end_map() {}
  void end_list() {}

private:
  void note() {
    if (in_list_)
      return;
    const auto name = under(section_, key_);
    if (!to_.values.insert(name).second && to_.twice.empty()) {
      to_.twice = name;
      to_.twice_line = at_.line();
    }
  }

  findings& to_;
  line_counter& at_;
  std::string section_, key_;
  bool in_list_;
};

status at(int line, const std::string& sentence) {
  return {errc::invalid_config, ':' + std::to_string(line) + ": " + sentence};
}

std::string line_of(const std::string& text, int number) {
  auto begin = text.begin();
  for (int i = 1; i < number && begin != text.end(); ++i)
    begin = std::find(begin, text.end(), '\n') + (begin != text.end());
  return std::string{trim({begin, std::find(begin, text.end(), '\n')})};
}

/// Why the parser stopped at a line. Ours may have a dot in its name, which CAF's may not.
std::string sentence_about(const std::string& line) {
  const auto name = std::string{trim(std::string_view{line}.substr(0, line.find('=')))};
  const auto dot = name.rfind('.');
  if (dot == std::string::npos
      || std::ranges::find(settings(), name, &setting::name) == settings().end())
    return "CAF cannot read '" + line + "'; texts are in double quotes, comments begin with ;";
  return "CAF takes no dot in a key: '" + name + "' is '" + name.substr(dot + 1)
         + "' in a section [supercache." + name.substr(0, dot) + ']';
}

} // namespace

status check_caf_file(const std::string& text) {
  findings found;
  parsing state{text.begin(), text.end()};
  line_counter counter{state};
  caf::detail::parser::read_ini(state, collector{found, counter});
  if (state.code > caf::pec::trailing_character || state.i != state.e) {
    const int line = counter.line();
    return at(line, sentence_about(line_of(text, line)));
  }
  for (const auto& [name, line] : found.sections)
    if (const auto meant = section_meant(name); !meant.empty())
      return at(line, "there is no section [" + name + "]; did you mean [" + meant + "]?");
  if (found.twice.starts_with("supercache."))
    return at(found.twice_line, found.twice.substr(11) + " is there for the second time");
  return ok();
}

} // namespace supercache::detail
