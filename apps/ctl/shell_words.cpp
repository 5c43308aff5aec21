#include "shell_words.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>

namespace supercache::app {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Takes a line apart; throws `error`.
class splitter {
public:
  explicit splitter(std::string_view line) : line_(line) {}

  std::vector<shell_word> split() {
    std::vector<shell_word> words;
    while (skip_blanks())
      words.push_back(word());
    return words;
  }

private:
  bool at_end() const { return at_ == line_.size(); }
  char next() const { return line_[at_]; }

  /// Whether another word follows.
  bool skip_blanks() {
    while (!at_end() && is_blank(next()))
      ++at_;
    return !at_end() && next() != '#';
  }

  shell_word word() {
    if (next() == '{' || next() == '[')
      return {in_brackets(), false};
    if (next() == '"') {
      std::string text = in_double_quotes();
      if (at_end() || is_blank(next()))
        return {std::move(text), true};
      return {text + pieces(), false};
    }
    return {pieces(), false};
  }

  /// Up to the next blank that is not quoted.
  std::string pieces() {
    std::string out;
    while (!at_end() && !is_blank(next())) {
      if (next() == '"') {
        out += in_double_quotes();
      } else if (next() == '\'') {
        out += in_single_quotes();
      } else {
        if (next() == '\\' && at_ + 1 < line_.size())
          ++at_;
        out += line_[at_++];
      }
    }
    return out;
  }

  /// As typed, up to the blank after the closing bracket.
  std::string in_brackets() {
    const auto from = at_;
    std::size_t open = 0;
    for (; !at_end() && (open > 0 || !is_blank(next())); ++at_) {
      if (next() == '"')
        skip_string();
      else if (next() == '{' || next() == '[')
        ++open;
      else if ((next() == '}' || next() == ']') && open > 0)
        --open;
    }
    if (open > 0)
      never_closed(line_[from]);
    return std::string{line_.substr(from, at_ - from)};
  }

  /// From the opening quote to the closing one.
  void skip_string() {
    for (++at_; !at_end() && next() != '"'; ++at_)
      if (next() == '\\' && at_ + 1 < line_.size())
        ++at_;
    if (at_end())
      never_closed('"');
  }

  std::string in_double_quotes() {
    const auto from = at_;
    skip_string();
    ++at_;
    const auto literal = line_.substr(from, at_ - from);
    auto x = value_from_text(literal);
    if (!x)
      throw error(errc::invalid_argument,
                  printable(literal.substr(0, 60)) + " is no string: " + x.why().message);
    return std::string{x->as_string()};
  }

  std::string in_single_quotes() {
    const auto end = line_.find('\'', at_ + 1);
    if (end == std::string_view::npos)
      never_closed('\'');
    const auto text = line_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string{text};
  }

  [[noreturn]] static void never_closed(char c) {
    throw error(errc::invalid_argument, std::string{"the "}
                                          + (c == '{' || c == '[' ? "bracket " : "quote ") + c
                                          + " is never closed");
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

} // namespace

result<std::vector<shell_word>> shell_words(std::string_view line) {
  try {
    return splitter{line}.split();
  } catch (const error& e) {
    return {e.code(), e.what()};
  }
}

} // namespace supercache::app
