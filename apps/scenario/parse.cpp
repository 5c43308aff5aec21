#include "common/nearest.hpp"
#include "fields.hpp"
#include "parsing.hpp"
#include "scenario.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

void read_cluster(const json& j, cluster_settings& to) {
  fields f{j, "cluster"};
  if (const json* nodes = f.find("nodes")) {
    if (!nodes->is_array() || nodes->empty() || nodes->size() > 16)
      f.refuse("nodes", *nodes, "a list of 1 to 16 names");
    to.nodes.clear();
    for (const json& name : *nodes) {
      check_node_name(f, name);
      if (std::ranges::count(to.nodes, name.get<std::string>()))
        f.refuse("there are two nodes called " + name.dump());
      to.nodes.push_back(name.get<std::string>());
    }
  }
  to.partitions = static_cast<std::size_t>(f.number_or("partitions", 1, 4'096, 8));
  to.factor = static_cast<std::size_t>(f.number_or("factor", 1, 16, 3));
  to.mode = f.one_of("mode", {"async", "sync", "strong"}, "sync");
  const auto found_by = f.one_of("discovery", {"file", "peers", "all"}, "file");
  to.found_by = found_by == "file"    ? cluster_settings::discovery::file
                : found_by == "peers" ? cluster_settings::discovery::peers
                                      : cluster_settings::discovery::all;
  to.options = read_options(f);
  f.finish();
}

/// The loads have to know where a record has its key.
std::size_t position(const fields& f, const node_options& options, const std::string& name) {
  const auto at = std::ranges::find(options, name, &node_options::value_type::first);
  if (at == options.end())
    return 0;
  std::size_t n = 0;
  const char* end = at->second.data() + at->second.size();
  if (const auto read = std::from_chars(at->second.data(), end, n);
      read.ec != std::errc{} || read.ptr != end || n > 100)
    f.refuse("options." + name, at->second, "a whole number from 0 to 100");
  return n;
}

/// Positions in nlohmann's messages help people, the rest does not.
std::string syntax_error(const std::string& what) {
  const auto at = what.find("line ");
  return at == std::string::npos ? what : what.substr(at);
}

} // namespace

void check_node_name(const fields& f, const json& name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_';
  };
  constexpr const char* reserved[] = {"all", "awake", "last", "each"};
  if (!name.is_string() || name.get_ref<const std::string&>().empty()
      || !std::ranges::all_of(name.get_ref<const std::string&>(), good)
      || std::ranges::count(reserved, name.get_ref<const std::string&>()))
    f.refuse("a node is called " + name.dump()
             + "; allowed are letters, digits, '-' and '_', but not all, awake, last, each");
}

node_options read_options(fields& f) {
  node_options out;
  const json* x = f.find("options");
  if (!x)
    return out;
  if (!x->is_object())
    f.refuse("options", *x, "an object of option names and texts");
  for (const auto& [name, text] : x->items()) {
    if (!text.is_primitive() || text.is_null())
      f.refuse("options." + name, text, "a text, number or true and false");
    out.emplace_back(name, text.is_string() ? text.get<std::string>() : text.dump());
  }
  return out;
}

scenario scenario_from_text(const std::string& text) {
  json j;
  try {
    j = json::parse(text, nullptr, true, true);
  } catch (const json::exception& e) {
    throw error(errc::invalid_argument, "no JSON: " + syntax_error(e.what()));
  }
  fields f{j, "the scenario"};
  scenario out;
  out.name = f.need_text("name");
  if (const json* c = f.find("cluster"))
    read_cluster(*c, out.cluster);
  out.limit = f.ms("limit_ms", out.limit);
  const json* steps = f.find("steps");
  f.finish();
  if (!steps || !steps->is_array() || steps->empty())
    f.refuse("'steps' must be a list of at least one step");
  parsing p;
  p.partitions = out.cluster.partitions;
  p.nodes.insert(out.cluster.nodes.begin(), out.cluster.nodes.end());
  p.key_pos = position(f, out.cluster.options, "key_pos");
  p.partition_pos = position(f, out.cluster.options, "partition_pos");
  out.steps = read_steps(p, *steps, "");
  return out;
}

scenario scenario_from_file(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty())
    throw error(errc::io_error, file.string() + " cannot be read, or is empty");
  try {
    return scenario_from_text(text.str());
  } catch (const error& e) {
    throw error(e.code(), file.string() + ": " + e.what());
  }
}

} // namespace supercache::app
