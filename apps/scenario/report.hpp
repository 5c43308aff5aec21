#pragma once

#include "fields.hpp"
#include "runner.hpp"

#include <filesystem>
#include <ostream>

namespace supercache::app {

/// A table of steps that grows while the scenario runs.
class step_printer {
public:
  step_printer(std::ostream& out, const scenario& s);
  void begin();
  void print(const step_report& s);
  void end(const scenario_report& r);

private:
  void row(const std::string& time, const std::string& number, const std::string& text,
           const std::string& result);

  std::ostream& out_;
  std::string name_;
  std::size_t number_width_ = 4, text_width_ = 4;
};

json json_of(const scenario_report& r);
/// The last lines of every node's log.
void print_logs(std::ostream& out, const std::filesystem::path& folder);

} // namespace supercache::app
