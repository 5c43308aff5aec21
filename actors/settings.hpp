#pragma once

#include <supercache/options.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace supercache::detail {

/// An option with how to read and write it.
struct field : setting {
  std::function<bool(options&, std::string_view)> read; ///< false: not of the type or range
  std::function<std::string(const options&)> write;
};

/// Every option there is.
const std::vector<field>& fields();

std::string_view trim(std::string_view s);
/// The text of a file without the byte order mark that some editors put before it.
std::string_view without_mark(std::string_view text);
std::string joined(const std::vector<std::string>& xs);
/// What is meant by a section of a file that is none of ours and whose name is nearly one, e.g.
/// `supercache.wal` for `supercahe.wal`; empty: it is another program's.
std::string section_meant(std::string_view name);
/// Finds what CAF itself would pass over in the text of its configuration file: an option that is
/// given twice, a section that is nearly one of ours; and where CAF cannot go on. Errors:
/// `invalid_config` with the line before the sentence.
status check_caf_file(const std::string& text);
/// A text file of bounded size, without a byte order mark. Errors, with what to say of the file:
/// `io_error` if it cannot be read, or is a folder; `invalid_config` if it is no text.
result<std::string> read_text(const std::string& path);

} // namespace supercache::detail
