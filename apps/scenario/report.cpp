#include "report.hpp"

#include "common/table.hpp"

#include <supercache/store/text.hpp>

#include <algorithm>
#include <deque>
#include <fstream>
#include <iomanip>
#include <set>
#include <sstream>

namespace supercache::app {

namespace {

constexpr std::size_t widest_text = 56, log_lines = 15;

void measure(const std::vector<step>& steps, std::size_t& number, std::size_t& text) {
  for (const step& s : steps) {
    number = std::max(number, s.number.size());
    if (const auto* r = std::get_if<repeat_step>(&s.what))
      measure(r->steps, number, text);
    else
      text = std::max(text, std::min(s.text.size() + 4, widest_text));
  }
}

std::string seconds_text(double s) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << s << " s";
  return out.str();
}

std::string cell(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

json json_of(const load_summary& s) {
  json out{{"acknowledged", s.acknowledged},
           {"unknown", s.unknown},
           {"failed", s.failed},
           {"reads", s.reads},
           {"unreachable", s.unreachable},
           {"longest_gap_ms", s.longest_gap_ms},
           {"p50_ms", s.p50_ms},
           {"p99_ms", s.p99_ms},
           {"most_ms", s.most_ms},
           {"read_p50_ms", s.read_p50_ms}};
  out["errors"] = json::object();
  for (const auto& [text, n] : s.errors)
    out["errors"][text] = n;
  return out;
}

} // namespace

step_printer::step_printer(std::ostream& out, const scenario& s) : out_(out), name_(s.name) {
  measure(s.steps, number_width_, text_width_);
}

void step_printer::row(const std::string& time, const std::string& number, const std::string& text,
                       const std::string& result) {
  std::string line = std::string(time.size() < 8 ? 8 - time.size() : 0, ' ') + time + "  "
                     + cell(number, number_width_) + "  " + cell(text, text_width_) + "  " + result;
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << printable(line) << '\n' << std::flush;
}

void step_printer::begin() {
  out_ << printable(name_) << '\n';
  row("time", "step", "what", "result");
}

void step_printer::print(const step_report& s) {
  row(seconds_text(s.at_s), s.number, s.text,
      s.good ? s.result.empty() ? "ok" : s.result : "FAILED: " + s.result);
}

void step_printer::end(const scenario_report& r) {
  out_ << (r.passed ? "passed" : "FAILED") << " after " << seconds_text(r.seconds);
  if (r.not_run)
    out_ << "; " << amount_text(r.not_run, "step was", "steps were") << " not run";
  out_ << '\n';
}

json json_of(const scenario_report& r) {
  json out{{"name", r.name}, {"passed", r.passed}, {"seconds", r.seconds}};
  out["steps"] = json::array();
  for (const step_report& s : r.steps)
    out["steps"].push_back({{"number", s.number},
                            {"step", s.text},
                            {"at_s", s.at_s},
                            {"took_s", s.took_s},
                            {"ok", s.good},
                            {"result", s.result}});
  out["not_run"] = r.not_run;
  out["loads"] = json::object();
  for (const auto& [name, s] : r.loads)
    out["loads"][name] = json_of(s);
  return out;
}

void print_logs(std::ostream& out, const std::filesystem::path& folder) {
  std::set<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".log")
      logs.insert(entry.path());
  for (const auto& path : logs) {
    std::ifstream in{path};
    std::deque<std::string> last;
    for (std::string line; std::getline(in, line);) {
      last.push_back(line);
      if (last.size() > log_lines)
        last.pop_front();
    }
    out << "-- the last lines of node " << printable(path.stem().string()) << '\n';
    for (const auto& line : last)
      out << printable(line) << '\n';
  }
}

} // namespace supercache::app
