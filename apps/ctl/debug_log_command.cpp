#include "command.hpp"
#include "common/output.hpp"

#include <iostream>

namespace supercache::app {

namespace {

action build_debug_log(CLI::App& app, call& c) {
  auto text = std::make_shared<std::string>();
  app.add_option("SWITCH", *text, "on or off")
    ->required()
    ->check(one_of({"on", "off"}))
    ->type_name("");
  app.footer(
    "The node logs why it does what it does: who should have which partition, epochs, "
    "what is tried again.\nIt goes where the rest of its log goes, and ends with the node.");
  return [text, &s = c.in] {
    s.node().set_config("debug_log", *text);
    if (s.now.json)
      print_json(value::map({{"debug_log", *text}}));
    else
      std::cout << "the log of decisions is " << *text << '\n';
    return int{ok};
  };
}

} // namespace

command debug_log_command() {
  return {"debug-log", "Switches the node's log of decisions on or off", build_debug_log, {}, {}};
}

} // namespace supercache::app
