#include "fuzz/corpus.hpp"

#include <supercache/store/encoding.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

using namespace supercache;

namespace {

using files = std::map<std::string, std::string>;

void add_values(files& out) {
  const auto add = [&](const char* name, const value& x) {
    const auto bytes = encoded(x);
    out[name] = {bytes.begin(), bytes.end()};
  };
  add("value_scalars", value::list({nullptr, true, 0, -1, 200, -200, 70000, INT64_MIN, INT64_MAX,
                                    0.5, std::nan(""), -HUGE_VAL}));
  add("value_strings",
      value::list({"", "short", "ü€😀", "\xff\xfe", std::string(40, 'x'), std::string(300, 'y')}));
  add("value_tuples", value::tuple({value::tuple({}), value::tuple({1, value::tuple({"x"})})}));
  add("value_map", value::map({{1, "one"}, {"two", 2}, {value::tuple({3}), value::list({})}}));
  value deep;
  for (int i = 0; i < 40; ++i)
    deep = i % 2 ? value::list({deep}) : value::tuple({deep, value::map({{1, i}})});
  add("value_deep", deep);
  add("value_long", value::list(value_list(70, "item")));
}

void add_operations(files& out) {
  const record row{"key", 7, value::list({1, 2})};
  const pattern p{{bind(1), any, "Lu", tuple_of({bind(2), list_of({1, any})})},
                  (var(1) > 100 && var(2) != "x") || !is_nil(var(1))};
  const operation_body bodies[] = {op::put{row, 60000},
                                   op::put_many{{row, record{"l", 8}}, 0},
                                   op::insert_new{row, 1},
                                   op::remove{"key"},
                                   op::take{value::tuple({"key", 1})},
                                   op::update_element{"key", {{1, "x"}, {2, nullptr}}},
                                   op::update_counter{"key", 1, -5, row, 60000},
                                   op::compare_exchange{"key", row, {}, -1},
                                   op::expire{"key", 60000},
                                   op::remove_match{p},
                                   op::clear{},
                                   op::push{{1, "two"}},
                                   op::pop{3},
                                   op::drain{}};
  std::uint8_t kind = 0;
  for (const auto& body : bodies) {
    const auto bytes = encoded(operation{{static_cast<space_kind>(kind++ % 5), "name"}, body});
    out["operation_" + std::string{name_of(body)}] = {bytes.begin(), bytes.end()};
  }
  const auto bytes = encoded(p);
  out["pattern"] = {bytes.begin(), bytes.end()};
}

void add_texts(files& out) {
  out["json_plain"] = R"({"a": [1, -2, 3.5e2, null, true], "b": {"c": "\u00fc\n"}})";
  out["json_forms"]
    = R"([{"$tuple": [1, {"$bytes": "//79"}]}, {"$map": [[1, {"$double": "nan"}]]}])";
  out["json_big"] = "[9223372036854775807, 18446744073709551616, -1e308, 0.1]";
  out["json_pattern"] = R"(["$1", "_", {"$tuple": ["$2", {"$lit": "$1"}]}, ["x"]])";
  out["text"] = R"({"a": nil, {1, "\xff\u001b"}: [inf, -inf, nan], 2: {}, 2.0: {"$tuple": []}})";
  out["json_guard"] = R"(["and", [">=", "$1", 10], ["not", ["is_string", "$1"]]])";
}

} // namespace

std::size_t make_corpus(const std::string& folder) {
  files all;
  add_values(all);
  add_operations(all);
  add_texts(all);
  for (const auto& [name, content] : all) {
    const auto path = std::filesystem::path(folder) / name;
    std::ofstream file(path, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush())
      throw std::runtime_error("cannot write " + path.string());
  }
  return all.size();
}
