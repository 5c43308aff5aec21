#include "common/address.hpp"
#include "common/nearest.hpp"
#include "common/progress.hpp"
#include "common/table.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace supercache::app {

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
  const std::vector<std::string> known{"put", "get", "stats", "members", "--json", "--partition"};
  const auto hint = [&](const char* word) { return did_you_mean(word, known); };
  CHECK(hint("gett") == "; did you mean 'get'?");
  CHECK(hint("gte") == "; did you mean 'get'?");
  CHECK(hint("GET") == "; did you mean 'get'?");
  CHECK(hint("stat") == "; did you mean 'stats'?");
  CHECK(hint("membres") == "; did you mean 'members'?");
  CHECK(hint("--jsno") == "; did you mean '--json'?");
  CHECK(hint("--partitoin") == "; did you mean '--partition'?");
  for (const char* far :
       {"set", "quit", "pit", "gut", "frobnicate", "x", "", "--jn", "--all", "st"})
    CHECK_MESSAGE(hint(far) == "", far);
  CHECK(did_you_mean("x", {}) == "");
}

TEST_CASE("no suggestion leads to a command that removes data") {
  const std::vector<std::string> known{"remove", "--all",   "clear",         "drain",   "leave",
                                       "stop",   "restore", "force-primary", "removes", "read"};
  for (const char* word : {"remvoe", "--al", "--alll", "claer", "drian", "laeve", "stpo", "restor",
                           "force-primry", "REMOVE"})
    CHECK_MESSAGE(did_you_mean(word, known) == "", word);
  CHECK(did_you_mean("raed", known) == "; did you mean 'read'?");
}

TEST_CASE("progress fits into every terminal") {
  const auto line = [](double share, std::size_t columns) {
    return progress_line("loading", 1'234'567, share, 10, columns);
  };
  CHECK(line(0.5, 120)
        == "loading [###############...............] 50 %  1 234 567 rows, 123 456 per second");
  CHECK(line(-1, 120) == "loading  1 234 567 rows, 123 456 per second");
  CHECK(line(0.5, 30) == "loading 50 %  1 234 567 rows");
  CHECK(line(0.5, 20) == "loading 50 %");
  CHECK(line(0.5, 5) == "load");
  CHECK(progress_line("dumping", 1, -1, 1, 80) == "dumping  1 row, 1 per second");
  for (std::size_t columns = 0; columns < 200; ++columns)
    for (const double share : {-1.0, 0.0, 0.5, 1.0})
      CHECK(line(share, columns).size() < std::max<std::size_t>(columns, 2));
}

TEST_CASE("tables align their columns, whatever bytes a character has") {
  table_text table{{{"name"}, {"n", table_text::side::right}}};
  table.add({"Zoë", "7"});
  table.add({"Al", "1 234"});
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() == "name      n\nZoë       7\nAl    1 234\n");
  table_text names{{{"name"}}};
  names.add({"a\x1b[31m\u202e\n\xff"});
  std::ostringstream shown;
  names.print(shown);
  CHECK(shown.str() == "name\na\\u001b[31m\\u202e\\n\\xff\n");
  CHECK(amount_text(1, "row", "rows") == "1 row");
  CHECK(amount_text(2'000, "row", "rows") == "2 000 rows");
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1'234'567) == "1 234 567");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(time_text(1500) == "1.5 us");
}

} // namespace supercache::app
