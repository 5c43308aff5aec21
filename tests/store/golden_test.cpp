#include "support/hex.hpp"
#include "support/same.hpp"

#include <supercache/store/encoding.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

// The encoding never changes: golden/encoding.txt has what earlier releases wrote. A new kind adds
// a line there; a line that has to change breaks every log, snapshot and older node.

using namespace supercache;

namespace {

/// Name and bytes of each line `name: hex`; lines that begin with # are comments.
std::map<std::string, std::string> read_golden() {
  std::ifstream file(GOLDEN_DIR "/encoding.txt");
  std::map<std::string, std::string> lines;
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (!line.starts_with('#') && colon != std::string::npos)
      lines[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return lines;
}

struct checker {
  std::map<std::string, std::string> golden = read_golden();
  std::set<std::string_view> operations; ///< that were checked

  template <class T, class Decode>
  void check(const std::string& name, const T& x, Decode decode) {
    CAPTURE(name);
    const std::string wanted = golden[name];
    golden.erase(name);
    CHECK(hex::of(encoded(x)) == wanted);
    const auto bytes = hex::parse(wanted);
    byte_view in{bytes};
    const auto y = decode(in);
    REQUIRE_MESSAGE(y.ok(), (y.ok() ? "" : y.why().message));
    CHECK(in.empty());
    CHECK(same::same(*y, x));
  }
  void operator()(const std::string& name, const value& x) { check(name, x, decode_value); }
  void row(const std::string& name, const record& x) { check(name, x, decode_record); }
  void search(const std::string& name, const pattern& x) { check(name, x, decode_pattern); }
  void write(const std::string& name, space_kind kind, const operation_body& body) {
    operations.insert(name_of(body));
    check(name, operation{{kind, "s"}, body}, decode_operation);
  }
};

void check_values(checker& is) {
  is("nil", nullptr);
  is("false", false);
  is("true", true);
  is("integer 0", 0);
  is("integer 127", 127);
  is("integer 128", 128);
  is("integer 256", 256);
  is("integer 65536", 65536);
  is("integer 4294967296", 4294967296);
  is("integer max", INT64_MAX);
  is("integer -1", -1);
  is("integer -32", -32);
  is("integer -33", -33);
  is("integer -129", -129);
  is("integer -32769", -32769);
  is("integer -2147483649", -2147483649);
  is("integer min", INT64_MIN);
  is("double 0", 0.0);
  is("double 1.5", 1.5);
  is("double 2", 2.0);
  is("double -inf", -HUGE_VAL);
  is("double nan", std::nan(""));
  is("string empty", "");
  is("string ascii", "abc");
  is("string utf-8", "ü€😀");
  is("string bytes", "\xff\xfe");
  is("string 32", std::string(32, 'x'));
  is("list empty", value::list({}));
  is("list", value::list({1, "a", nullptr}));
  is("list 16", value::list(value_list(16)));
  is("tuple empty", value::tuple({}));
  is("tuple", value::tuple({1, "a"}));
  is("tuple nested", value::tuple({value::tuple({1, 2}), value::list({3})}));
  is("map empty", value::map({}));
  is("map", value::map({{"b", 2}, {"a", 1}, {3, value::tuple({})}}));
}

guard every_guard() {
  const auto x = var(1), y = var(2);
  return (x == 1 && x != 2) || (x < 3 && x <= 4.5 && x > y && x >= "a") || !is_nil(x) || is_bool(x)
         || is_integer(x) || is_real(x) || is_number(x) || is_string(x) || is_list(x) || is_tuple(x)
         || is_map(y) || true;
}

void check_operations(checker& is) {
  const record row{"k", 7};
  is.write("put", space_kind::tuples, op::put{row, 60000});
  is.write("put_many", space_kind::kv, op::put_many{{row, record{"l", 8}}, 60000});
  is.write("insert_new", space_kind::structs, op::insert_new{row, 60000});
  is.write("remove", space_kind::kv, op::remove{"k"});
  is.write("take", space_kind::kv, op::take{value::tuple({"k", 1})});
  is.write("update_element", space_kind::tuples,
           op::update_element{"k", {{1, "x"}, {4294967295, nullptr}}});
  is.write("update_counter", space_kind::tuples, op::update_counter{"k", 2, -3, row, 60000});
  is.write("update_counter without initial", space_kind::tuples,
           op::update_counter{"k", 1, 1, {}, 0});
  is.write("compare_exchange", space_kind::kv, op::compare_exchange{"k", row, record{"k", 9}, -1});
  is.write("compare_exchange of nothing", space_kind::kv, op::compare_exchange{"k", {}, {}, 0});
  is.write("expire", space_kind::kv, op::expire{"k", 60000});
  is.write("remove_match", space_kind::tuples, op::remove_match{pattern{{any, 1}, true}});
  is.write("clear", space_kind::kv, op::clear{});
  is.write("push", space_kind::queue, op::push{{1, "two"}});
  is.write("pop", space_kind::stack, op::pop{UINT64_MAX});
  is.write("drain", space_kind::queue, op::drain{});
  is.write("exchange", space_kind::kv, op::exchange{row, true});
  is.write("restore", space_kind::kv, op::restore{{{row, 60000}, {record{"l", 8}, 0}}, 3});
  is.write("extend", space_kind::queue, op::extend{{1, "two"}, 3});
  is.write("wipe", space_kind::tuples, op::wipe{});
  is.write("append", space_kind::kv, op::append{"k", 1, value::list({2, "two"}), 60000});
}

} // namespace

TEST_CASE("the encoding is what it was in earlier releases") {
  checker is;
  REQUIRE(!is.golden.empty());
  check_values(is);
  is.row("record", record{"user", 1, value::list({2.5})});
  is.search("pattern",
            pattern{{any, "Lu", bind(2), tuple_of({bind(64), any}), list_of({bind(1)})}});
  is.search("guard", pattern{{bind(1), bind(2)}, every_guard()});
  check_operations(is);
  CHECK(is.operations.size() == std::variant_size_v<operation_body>);
  for (const auto& [name, bytes] : is.golden)
    FAIL_CHECK("in golden/encoding.txt, but not in the test: " << name);
}
