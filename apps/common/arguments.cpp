#include "arguments.hpp"

#include "nearest.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>

namespace supercache::app {

namespace {

/// Marks in front of a word that CLI11 must pass on unchanged, and of a word that was in quotes. A
/// word that already begins with one of them gets the first, too.
constexpr char plain_mark = '\x1f', quote_mark = '\x1e';
/// The validator that marks an option as a value.
constexpr auto value_name = "value";

/// CLI11 splits a word in brackets at its commas, drops {}, and takes -inf for options.
bool needs_mark(std::string_view word) {
  return word.starts_with('[') || word.starts_with('{') || word == "-inf";
}

bool is_value(const CLI::Option& o) {
  try {
    return const_cast<CLI::Option&>(o).get_validator(value_name) != nullptr;
  } catch (const CLI::OptionNotFound&) {
    return false;
  }
}

/// What an empty word cannot be. Nothing: an empty word may be a value, or is checked elsewhere.
std::string named_thing(const CLI::Option& o) {
  static const std::vector<std::string> things{"FILE",      "HOST",    "HOST:PORT",
                                               "NAMESPACE", "PATTERN", "TYPE"};
  for (const auto& name : {o.get_type_name(), o.get_name(true)})
    if (std::ranges::find(things, name) != things.end())
      return name;
  return {};
}

/// An empty word is not a missing one: it was typed on purpose, so it is no default.
void refuse_empty(CLI::Option& o) {
  const auto thing = named_thing(o);
  if (!thing.empty())
    o.check([thing](const std::string& word) {
      return word.empty() ? "an empty word is no " + thing : std::string{};
    });
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* o : app.get_options())
    for (const std::string& name : o->get_lnames())
      names.push_back("--" + name);
  return names;
}

bool is_option(const std::string& word) { return word.starts_with('-') && word != "-"; }

[[noreturn]] void refuse_extra(const CLI::App& app, const std::string& word) {
  if (!is_option(word))
    throw usage_error("unexpected argument '" + plain_word(word) + "'");
  const std::string name = word.substr(0, word.find('='));
  throw usage_error("unknown option '" + name + "'" + did_you_mean(name, option_names(app)));
}

/// The first word that no option took, if any.
std::optional<std::string> extra(const CLI::App& app) {
  for (const std::string& word : app.remaining())
    if (word != "--") // only says that no options follow
      return word;
  return std::nullopt;
}

std::string text_of(const CLI::App& app, const CLI::ParseError& e) {
  const std::string text = e.what();
  if (dynamic_cast<const CLI::RequiredError*>(&e))
    return text + "; see " + app.get_name() + " --help";
  const auto* mismatch = dynamic_cast<const CLI::ArgumentMismatch*>(&e);
  const auto colon = text.find(':');
  if (mismatch && text.starts_with('-') && colon != std::string::npos)
    return text.substr(0, colon)
           + (text.find("missing") != std::string::npos ? " needs a value"
                                                        : " is given more than once");
  return text;
}

/// CLI11 leaves two blank lines between groups.
std::string help_of(const CLI::App& app) {
  std::string text = app.help();
  for (std::size_t at; (at = text.find("\n\n\n")) != std::string::npos;)
    text.erase(at, 1);
  return text;
}

} // namespace

std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words{argv + 1, argv + argc};
  std::ranges::transform(words, words.begin(), word_as_it_is);
  return words;
}

std::string word_as_it_is(std::string word) {
  if (word.starts_with(plain_mark) || word.starts_with(quote_mark))
    word.insert(word.begin(), plain_mark);
  return word;
}

std::string word_in_quotes(const std::string& text) { return quote_mark + text; }
bool is_in_quotes(std::string_view word) { return word.starts_with(quote_mark); }

std::string plain_word(std::string word) {
  if (word.starts_with(plain_mark) || word.starts_with(quote_mark))
    word.erase(0, 1);
  return word;
}

CLI::Option* takes_values(CLI::Option* o) {
  const auto anything = [](std::string&) { return std::string{}; };
  return o->type_name("")->check(CLI::Validator{anything, "", value_name});
}

bool parse(CLI::App& app, std::vector<std::string> words) {
  app.allow_extras();
  app.get_formatter()->column_width(32);
  app.get_formatter()->label("REQUIRED", ""); // the usage shows what is optional
  if (app.get_help_ptr())
    app.set_help_flag("-h,--help", "Print this help and exit");
  for (CLI::Option* o : app.get_options())
    if (o->get_items_expected_max() > 0 && !is_value(*o)) {
      o->transform(plain_word);
      refuse_empty(*o);
    }
  for (std::string& w : words)
    if (needs_mark(w))
      w.insert(w.begin(), plain_mark);
  std::ranges::reverse(words); // the order that CLI11 wants
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    std::cout << help_of(app);
    return false;
  } catch (const CLI::CallForVersion& e) {
    std::cout << e.what() << '\n';
    return false;
  } catch (const CLI::ParseError& e) {
    // An unknown word explains best why something is missing.
    if (const auto word = extra(app); word && is_option(*word))
      refuse_extra(app, *word);
    throw usage_error(text_of(app, e));
  }
  if (const auto word = extra(app); word && (!app.get_prefix_command() || is_option(*word)))
    refuse_extra(app, *word);
  return true;
}

std::vector<std::string> rest_of(const CLI::App& app) { return app.remaining(); }

CLI::Validator whole_number(std::int64_t low, std::int64_t high) {
  const std::string range = std::to_string(low) + " to " + std::to_string(high);
  return CLI::Validator{[=](std::string& text) -> std::string {
                          std::int64_t x = 0;
                          const char* end = text.data() + text.size();
                          const auto read = std::from_chars(text.data(), end, x);
                          if (read.ec == std::errc{} && read.ptr == end && x >= low && x <= high)
                            return {};
                          return "'" + text + "' is no whole number from " + range;
                        },
                        ""};
}

CLI::Validator measuring_time() {
  return CLI::Validator{[](std::string& text) -> std::string {
                          constexpr double least = 0.05, most = 600;
                          double x = 0;
                          const char* end = text.data() + text.size();
                          const auto read = std::from_chars(text.data(), end, x);
                          if (read.ec == std::errc{} && read.ptr == end && x >= least && x <= most)
                            return {};
                          return "'" + text + "' is no number of seconds from 0.05 to 600";
                        },
                        ""};
}

CLI::Validator one_of(std::vector<std::string> words) {
  std::string all;
  for (const auto& w : words)
    all += (all.empty() ? "" : ", ") + w;
  return CLI::Validator{[=](std::string& text) -> std::string {
                          if (std::ranges::count(words, text))
                            return {};
                          return "'" + text + "' is none of " + all;
                        },
                        ""};
}

} // namespace supercache::app
