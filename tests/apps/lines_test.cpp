#include "common/lines.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace supercache::app {

namespace {

using namespace std::string_view_literals;

std::string verdict(std::string_view text, std::string_view separator = ",") {
  std::istringstream in{std::string{text}};
  line_source lines{in};
  return why_no_text(lines.beginning(), separator);
}

} // namespace

TEST_CASE("lines come unchanged, also lines that are longer than one read") {
  std::string text = "first\n\n";
  const std::string many(300'000, 'x');
  text += many + "\r\n" + many + "\nlast";
  std::istringstream in{text};
  line_source lines{in};
  CHECK(lines.beginning().starts_with("first\n\nxxx"));
  std::string line;
  for (const std::string& wanted :
       {std::string{"first"}, std::string{}, many + '\r', many, std::string{"last"}}) {
    REQUIRE(lines.next(line));
    CHECK(line == wanted);
  }
  CHECK(lines.number() == 5);
  CHECK_FALSE(lines.next(line));
  CHECK_FALSE(lines.next(line));
}

TEST_CASE("text is text, in whatever language and with whatever separator") {
  for (const auto text : {"a,b\n"sv, ""sv, "\xef\xbb\xbf,\n"sv, "Z\xfcrich\r\n"sv, "日本語,\t\n"sv,
                          "BZhang,1\n"sv, "PKW,2\n"sv, "\x1b[0m,x\n"sv})
    CHECK(verdict(text) == "");
  std::string hive;
  for (int i = 0; i < 100; ++i)
    hive += "a\x01"
            "b\n";
  CHECK(verdict(hive, "\x01") == "");
}

TEST_CASE("data that is not text is called by its name") {
  const auto utf_16 = "it is in UTF-16; `iconv -f UTF-16 -t UTF-8` makes it readable";
  CHECK(verdict("\xff\xfe"
                "a\0,\0"sv)
        == utf_16);
  CHECK(verdict("\xfe\xff\0a"sv) == utf_16);
  CHECK(verdict("a\0,\0b\0\n\0"sv) == utf_16);
  CHECK(verdict("\0a\0,\0b\0\n"sv) == utf_16);
  CHECK(verdict("\xff\xfe\0\0a\0\0\0"sv)
        == "it is in UTF-32; `iconv -f UTF-32 -t UTF-8` makes it readable");
  CHECK(verdict("\x1f\x8b\x08\0\0\0\0\0"sv) == "it is compressed by gzip; gunzip makes it text");
  CHECK(verdict("\x28\xb5\x2f\xfd\x04\x58"sv) == "it is compressed by zstd; unzstd makes it text");
  CHECK(verdict("\x7f"
                "ELF\x02\x01\x01\0\0\0"sv)
        == "it has bytes of value 0 in it, as only binary files have");
  std::string noise;
  for (int i = 0; i < 3000; ++i)
    noise += static_cast<char>(1 + i * 7 % 255);
  CHECK(verdict(noise) == "it is full of control characters, as only binary files are");
}

} // namespace supercache::app
