#pragma once

#include <supercache/store/record.hpp>

#include <string>
#include <vector>

namespace supercache::app {

/// One JSON document on a line of standard output.
void print_json(const value& x);
value list_of(const std::vector<record>& rows);
value list_of(const std::vector<value>& xs);
/// For people: `{"user", 1, "Alice"}`, one per line.
void print_lines(const std::vector<record>& rows);
void print_lines(const std::vector<value>& xs);
/// Writes a line to standard error; controls in it are escaped, so it is one line.
void complain(const std::string& program, const std::string& text);

} // namespace supercache::app
