#include "output.hpp"

#include <supercache/store/json.hpp>
#include <supercache/store/text.hpp>

#include <iostream>

namespace supercache::app {

void print_json(const value& x) { std::cout << to_json(x) << '\n'; }

value list_of(const std::vector<record>& rows) {
  std::vector<value> out;
  out.reserve(rows.size());
  for (const record& r : rows)
    out.push_back(value::list(std::span{r.begin(), r.end()}));
  return value::list(out);
}
value list_of(const std::vector<value>& xs) { return value::list(xs); }

void print_lines(const std::vector<record>& rows) {
  for (const record& r : rows)
    std::cout << to_string(r) << '\n';
}
void print_lines(const std::vector<value>& xs) {
  for (const value& x : xs)
    std::cout << to_string(x) << '\n';
}

void complain(const std::string& program, const std::string& text) {
  std::cout.flush();
  // One write, so that lines of several programs do not mix.
  std::cerr << program + ": " + printable(text) + '\n' << std::flush;
}

} // namespace supercache::app
