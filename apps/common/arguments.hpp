#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What the programs share for their command lines.
namespace supercache::app {

/// The words on a command line make no sense; the program reports it and ends with status 2.
class usage_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Exit statuses of all programs.
enum status_code : int { ok = 0, failed = 1, bad_usage = 2, nothing_there = 3 };

// -- words ---------------------------------------------------------------------------------------
// A word is what is typed between blanks. It has a mark in front where CLI11 would take it for
// something else, or where it matters that it was typed in quotes.

/// The words of a command line after the program's name.
std::vector<std::string> words_of(int argc, char** argv);
std::string word_as_it_is(std::string word);
/// A word that is a text and never an option, whatever it looks like.
std::string word_in_quotes(const std::string& text);
bool is_in_quotes(std::string_view word);
/// Without the mark.
std::string plain_word(std::string word);
/// Makes the words of an option or argument keep their marks; others lose them.
CLI::Option* takes_values(CLI::Option* o);

/// Reads the words after the program's name. Returns false when the user asked for help or the
/// version, which is then on standard output. Throws `usage_error` with a sentence.
bool parse(CLI::App& app, std::vector<std::string> words);
/// What `parse` left, for an app with `prefix_command`: the first word that is not one of its
/// options, and all after it, with their marks.
std::vector<std::string> rest_of(const CLI::App& app);

/// A check for whole numbers; its message names the value and what is allowed.
CLI::Validator whole_number(std::int64_t low, std::int64_t high);
/// A check for a measuring time: seconds, 0.05 to 600.
CLI::Validator measuring_time();
/// A check for one of a few words.
CLI::Validator one_of(std::vector<std::string> words);

} // namespace supercache::app
