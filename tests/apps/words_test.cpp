#include "common/address.hpp"
#include "common/nearest.hpp"
#include "common/table.hpp"
#include "ctl/shell_words.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace supercache::app {

TEST_CASE("a line is split as a shell splits it") {
  using words = std::vector<std::string>;
  CHECK(shell_words("put user 1").value() == words{"put", "user", "1"});
  CHECK(shell_words("  put\t'a b'  \"c d\" ").value() == words{"put", "a b", "c d"});
  CHECK(shell_words(R"(put '"x"' "a\"b\\" a\ b 'it'"'"'s' "\n")").value()
        == words{"put", "\"x\"", "a\"b\\", "a b", "it's", "\\n"});
  CHECK(shell_words("put '' \"\"").value() == words{"put", "", ""});
  CHECK(shell_words("# all of it").value().empty());
  CHECK(shell_words("get a#b # the rest").value() == words{"get", "a#b"});
  CHECK(shell_words("put 'open").why().message == "the quote ' is never closed");
  CHECK(shell_words("put \"open\\\"").why().message == "the quote \" is never closed");
}

TEST_CASE("addresses are read and written") {
  const auto text = [](const char* from) { return to_string(address_from(from).value()); };
  CHECK(text("localhost:1") == "localhost:1");
  CHECK(text("localhost") == "localhost:7711");
  CHECK(text(":65535") == "127.0.0.1:65535");
  CHECK(text("[::1]:80") == "[::1]:80");
  CHECK(text("[::1]") == "[::1]:7711");
  for (const char* bad : {"", "a:", "a:0", "a:65536", "a:b", "a:1:2", "[::1", "[::1]80", "a: 1"})
    CHECK_FALSE(address_from(bad));
}

TEST_CASE("a misspelt word finds its neighbour") {
  const std::vector<std::string> known{"put", "get", "remove"};
  CHECK(did_you_mean("gett", known) == "; did you mean 'get'?");
  CHECK(did_you_mean("remvoe", known) == "; did you mean 'remove'?");
  CHECK(did_you_mean("frobnicate", known) == "");
  CHECK(did_you_mean("x", {}) == "");
}

TEST_CASE("tables align their columns, whatever bytes a character has") {
  table_text table{{{"name"}, {"n", table_text::side::right}}};
  table.add({"Zoë", "7"});
  table.add({"Al", "1 234"});
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() == "name      n\nZoë       7\nAl    1 234\n");
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1'234'567) == "1 234 567");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(time_text(1500) == "1.5 us");
}

} // namespace supercache::app
