#include "common/arguments.hpp"
#include "common/output.hpp"
#include "common/process.hpp"
#include "log.hpp"
#include "server.hpp"

#include <supercache/version.hpp>

#include <algorithm>
#include <optional>
#include <thread>

namespace {

using namespace supercache;
using namespace supercache::app;

constexpr auto program = "supercache-node";

struct command_line {
  std::optional<std::string> config_file;
  std::string log_level = "info";
  std::vector<std::pair<std::string, std::string>> settings; ///< in the order given
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  server_settings server;
};

std::size_t default_threads() {
  return std::max<std::size_t>(2, std::thread::hardware_concurrency());
}

/// The value of a setting that is not given, for the help; nothing where it has none.
std::string default_of(const std::string& name) {
  const auto text = get_option(options{}, name).value();
  return text.empty() ? "" : "; default: " + text;
}

/// One option for every setting of the library.
void add_settings(CLI::App& app, command_line& to) {
  for (const setting& s : settings()) {
    if (s.name == "node.host" || s.name == "node.port")
      continue; // `--host` and `--port`
    const bool flag = s.type == "on/off";
    auto* o = app.add_option_function<std::vector<std::string>>(
      "--" + s.name,
      [&to, name = s.name, flag](const std::vector<std::string>& words) {
        const bool alone = flag && (words.empty() || words.front().empty());
        to.settings.emplace_back(name, alone ? "true" : words.front());
      },
      s.help + (s.allowed.empty() ? "" : "; allowed: " + s.allowed) + default_of(s.name));
    o->expected(flag ? 0 : 1, 1)->type_name(flag ? "[true|false]" : s.type);
    o->group(s.name.find('.') == std::string::npos ? "Cache" : "Cache, in detail");
  }
}

/// The command line overrides the file.
supercache::options options_of(const command_line& words) {
  supercache::options o;
  if (words.config_file)
    o = options_from_file(*words.config_file).value();
  for (const auto& [name, text] : words.settings)
    if (auto s = set_option(o, name, text); !s)
      throw error(errc::invalid_config, "--" + s.why().message);
  validate(o).value();
  return o;
}

/// Where to listen: the command line overrides the file, which overrides the default.
address listen_of(const command_line& words, const supercache::options& o) {
  const auto& node = o.replication.node;
  const auto usual = node.port ? node.port : default_port;
  if (words.host && !is_host(*words.host))
    throw error(errc::invalid_config,
                "--host is '" + *words.host + "'; allowed is a host or address");
  return {words.host.value_or(node.host), words.port.value_or(usual)};
}

bool read(int argc, char** argv, command_line& to) {
  CLI::App app{"Runs one SuperCache node: a partitioned cache in memory that programs on any host "
               "use.\nIt prints a line of JSON when it can be reached, {\"event\":\"ready\", ...}, "
               "and another "
               "when every partition\ncan be written, {\"event\":\"serving\", ...}. It stops on "
               "SIGTERM, SIGINT and SIGHUP,\nin a cluster after it has handed over what it has.",
               program};
  app.set_version_flag("--version", std::string{program} + " " + SUPERCACHE_VERSION,
                       "Print the version and exit");
  app
    .add_option("--config", to.config_file,
                "File with a section [supercache] of name = value lines; options given here win")
    ->type_name("FILE");
  app.add_option("--host", to.host, "Address to listen on; default 127.0.0.1, or node.host")
    ->type_name("HOST");
  app.add_option("--port", to.port, "Port to listen on; 0 = any; default 7711, or node.port")
    ->check(whole_number(0, 65'535))
    ->type_name("PORT");
  to.server.threads = default_threads();
  app.add_option("--threads", to.server.threads, "Threads that serve requests")
    ->check(whole_number(1, 1024))
    ->type_name("N")
    ->capture_default_str();
  app
    .add_option("--log-level", to.log_level,
                "How much is logged to standard error: trace or debug (as with --debug_log), info, "
                "warn, error or off")
    ->check(one_of({"trace", "debug", "info", "warn", "error", "off"}))
    ->type_name("LEVEL")
    ->capture_default_str();
  add_settings(app, to);
  return parse(app, words_of(argc, argv));
}

} // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  give_back_memory();
  command_line words;
  try {
    if (!read(argc, argv, words))
      return app::ok;
    words.server.cache = options_of(words);
    if (words.log_level == "trace" || words.log_level == "debug")
      words.server.cache.debug_log = true;
    words.server.listen = listen_of(words, words.server.cache);
  } catch (const std::exception& e) {
    complain(program, e.what());
    return bad_usage;
  }
  block_signals();
  try {
    words.server.cache.log = log_to_standard_error(program, words.log_level);
    serve(words.server);
    return app::ok;
  } catch (const std::exception& e) {
    complain(program, e.what());
    return failed;
  }
}
