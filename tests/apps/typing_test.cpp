// From typed text to values: words on a command line, lines in the shell.

#include "common/arguments.hpp"
#include "common/words.hpp"
#include "ctl/shell_words.hpp"
#include "support/arbitrary.hpp"

#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace supercache::app {

namespace {

value typed(const std::string& word) {
  return value_from_word(word, false, typed_in::command_line);
}

/// Why the word is refused.
std::string refusal(const std::string& word, typed_in where = typed_in::command_line) {
  try {
    return "taken as " + to_string(value_from_word(word, false, where));
  } catch (const usage_error& e) {
    return e.what();
  }
}

std::vector<std::string> texts(std::string_view line) {
  std::vector<std::string> out;
  const auto words = shell_words(line);
  REQUIRE_MESSAGE(words.ok(), (words.ok() ? "" : words.why().message));
  for (const auto& w : *words)
    out.push_back(w.text);
  return out;
}

/// The value that one word of a line in the shell stands for.
value in_shell(std::string_view line) {
  const auto words = shell_words(line).value();
  if (words.size() != 1)
    throw error(errc::invalid_argument, std::to_string(words.size()) + " words");
  const auto& w = words.front();
  return w.in_quotes ? value{w.text} : value_from_word(w.text, false, typed_in::shell);
}

/// What CLI11 makes of words that are values.
std::vector<std::string> through_options(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  std::vector<std::string> marked{"--"};
  for (const auto& w : words)
    marked.push_back(word_as_it_is(w));
  CLI::App app{"", "test"};
  takes_values(app.add_option("VALUE", out, ""))->required();
  REQUIRE(parse(app, marked));
  for (auto& w : out)
    w = plain_word(w);
  return out;
}

using words = std::vector<std::string>;

} // namespace

// -- words ----------------------------------------------------------------------------------------

TEST_CASE("a word that begins as a value is one") {
  CHECK(typed("1") == value{1});
  CHECK(typed("-5") == value{-5});
  CHECK(typed("-0.0") == value{0.0});
  CHECK(typed("1e3") == value{1000.0});
  CHECK(typed("nil") == value{});
  CHECK(typed("null") == value{});
  CHECK(typed("true") == value{true});
  CHECK(typed("inf") == value{HUGE_VAL});
  CHECK(typed("-inf") == value{-HUGE_VAL});
  CHECK(typed("nan") == value{std::nan("")});
  CHECK(typed("\"nil\"") == value{"nil"});
  CHECK(typed(" [1, \"a\"] ") == value::list({1, "a"}));
  CHECK(typed("{1, {\"a\": nil}}") == value::tuple({1, value::map({{"a", nullptr}})}));
  CHECK(typed("{\"$tuple\": []}") == value::tuple({}));
  CHECK(typed(R"("\xff")") == value{"\xff"});
}

TEST_CASE("all other words are strings") {
  for (const std::string word :
       {"",     " ",      "Alice",      "Zürich",   "True",  "NULL",  "Nil",  "None",
        "nile", "truely", "2024-01-15", "10.0.0.1", "12:30", "1.2.3", "3com", "1st",
        "10ms", "1/2",    "1,5",        "5%",       "]",     "}",     ")",    "'",
        "'a'",  "a\"b",   "a[0]",       "a{}",      "e5",    ".",     "..",   ".x",
        "+",    "--",     "-x",         "--json",   "0x",    "0xyz",  "#5",   "\\",
        "a b",  "x1e400", "infinite",   "\x1f",     "\x1e",  "%%",    "{}x"}) {
    CAPTURE(word);
    if (word == "{}x")
      CHECK(refusal(word).find("nothing may follow") != std::string::npos);
    else
      CHECK(typed(word) == value{word});
  }
}

TEST_CASE(
  "a word that begins as a value but is not one is refused, with the way to type it as a string") {
  CHECK(refusal("{\"a\":1")
        == R"('{"a":1' is no value: character 7: ',' or '}' is needed; the string is written )"
           R"('"{\"a\":1"')");
  CHECK(refusal("[1,2", typed_in::shell)
        == "'[1,2' is no value: character 5: ',' or ']' is needed; the string is written \"[1,2\"");
  CHECK(refusal("1e400")
        == "'1e400' is no value: number 1e400 is too large for a double; the largest is "
           "1.7976931348623157e+308; the string is written '\"1e400\"'");
  CHECK(refusal("[it's")
        == "'[it's' is no value: character 2: 'it's' is no value; --string takes it "
           "as a string");
  for (const std::string word : {"\"\\ud800\"",
                                 "\"a",
                                 "\"a\"b",
                                 "[",
                                 "{",
                                 "[1,2]]",
                                 "{\"a\":1}}",
                                 "{a:1}",
                                 "[1 2]",
                                 "#{}",
                                 "#{\"a\": 1}",
                                 "{\"a\":1,\"a\":2}",
                                 "01",
                                 "+1",
                                 "-01",
                                 ".5",
                                 "-.5",
                                 "1.",
                                 "1e",
                                 "1e+",
                                 "0x10",
                                 "0xFF",
                                 "0b1",
                                 "1_000",
                                 "-",
                                 "NaN",
                                 "Infinity",
                                 "-Infinity",
                                 "+inf",
                                 "INF",
                                 "1e-400",
                                 "9223372036854775808",
                                 "-9223372036854775809",
                                 "{\"$what\": 1}",
                                 " [",
                                 "007"}) {
    CAPTURE(word);
    CHECK(refusal(word).find("' is no ") != std::string::npos);
  }
  CHECK(refusal("01")
        == "'01' is no number: they are written like 1, -0.5, 2e3, inf and nan; the "
           "string is written '\"01\"'");
  CHECK(refusal("#{}")
        == "'#{}' is no value: maps are written {\"a\": 1}; the string is written '\"#{}\"'");
  CHECK(refusal(std::string(200, '[')).size() < 400);
}

TEST_CASE("a word that is not UTF-8 is refused, also where all words are strings") {
  CHECK(refusal("Z\xfcrich")
        == R"('Z\xfcrich' is no UTF-8; a string of such bytes is written '"\xff"')");
  CHECK_THROWS_AS(value_from_word("\xff", true, typed_in::shell), usage_error);
}

TEST_CASE("with --string every word is a string") {
  for (const std::string word : {"1", "nil", "[1,2", "\"", "1e400", ""})
    CHECK(value_from_word(word, true, typed_in::command_line) == value{word});
}

TEST_CASE("any value that is shown can be typed as one word") {
  arbitrary::check_property([](const value& x) { RC_ASSERT(typed(to_string(x)) == x); }, 1000);
}

TEST_CASE("any word passes through the options unchanged") {
  for (const std::string word : {"{}", "[]", "[1,2]", "[a,b", "%%", "{", "-inf", "--", "-x", "a=b",
                                 "--a=b", "", " ", "\x1f", "\x1e", "\x1f\x1e[", "'", "\"", "a,b"})
    CHECK(through_options({word, "x"}) == words{word, "x"});
  arbitrary::check_property([](const std::vector<std::string>& some) {
    if (!some.empty())
      RC_ASSERT(through_options(some) == some);
  });
}

// -- lines ----------------------------------------------------------------------------------------

TEST_CASE("a line is split as a shell splits it") {
  CHECK(texts("put user 1") == words{"put", "user", "1"});
  CHECK(texts("  put\t'a b'  \"c d\" ") == words{"put", "a b", "c d"});
  CHECK(texts(R"(put '"x"' "a\"b\\" a\ b 'it'"'"'s' a"b c"d)")
        == words{"put", "\"x\"", "a\"b\\", "a b", "it's", "ab cd"});
  CHECK(texts("put '' \"\"") == words{"put", "", ""});
  CHECK(texts("# all of it").empty());
  CHECK(texts("get a#b # the rest") == words{"get", "a#b"});
  CHECK(texts("get a\\") == words{"get", "a\\"});
  CHECK(shell_words("put 'open").why().message == "the quote ' is never closed");
  CHECK(shell_words("put \"open\\\"").why().message == "the quote \" is never closed");
}

TEST_CASE("in a line, brackets hold a word together and quotes make a string") {
  CHECK(texts(R"(put {"a": 1} [1, "x ]"] {{1}, 2} end)")
        == words{"put", R"({"a": 1})", R"([1, "x ]"])", "{{1}, 2}", "end"});
  CHECK(texts("[1, 2]x y") == words{"[1, 2]x", "y"});
  CHECK(shell_words(R"("1" '1' 1 "a"b)").value()
        == std::vector<shell_word>{{"1", true}, {"1", false}, {"1", false}, {"ab", false}});
  CHECK(texts(R"("\n\u00fc\x41")") == words{"\nüA"});
  CHECK(shell_words("put {1, [2}").why().message == "the bracket { is never closed");
  CHECK(shell_words("put [\"]").why().message == "the quote \" is never closed");
  CHECK(shell_words(R"(put "\q")").why().message.starts_with("\"\\q\" is no string: "));
  CHECK(shell_words(R"(put "\ud800")").why().message.starts_with("\"\\ud800\" is no string: "));
}

TEST_CASE("any value that is shown can be typed into the shell") {
  arbitrary::check_property(
    [](const value& x) {
      RC_ASSERT(in_shell(to_string(x)) == x);
      RC_ASSERT(in_shell(to_json(x)) == x);
    },
    1000);
}

TEST_CASE("any text can be typed into the shell in quotes") {
  arbitrary::check_property([](const value& x) {
    const std::string text = to_string(x);
    std::string quoted = "'";
    for (const char c : text)
      quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
    RC_ASSERT(texts(quoted + "'") == words{text});
    RC_ASSERT(in_shell(to_string(value{text})) == value{text});
  });
}

} // namespace supercache::app
