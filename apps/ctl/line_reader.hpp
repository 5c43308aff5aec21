#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace supercache::app {

/// Lines from a person, with editing, history and completion; or from a file or pipe, without them.
/// One instance at a time.
///
/// Input from a terminal is UTF-8 and nothing else, whatever the locale is. While a command runs,
/// the terminal passes on what is typed or pasted without echo and without its limit of 4 kB per
/// line.
class line_reader {
public:
  /// What may follow the beginning of a line; nothing: file names.
  using completion = std::vector<std::string> (*)(std::string_view before);

  explicit line_reader(completion c);
  ~line_reader();
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;

  bool person() const noexcept { return person_; }
  /// False at the end. Throws `usage_error` for a line that is not UTF-8.
  bool next(std::string& line);

private:
  bool ask_person(std::string& line);
  void remember(const std::string& line);

  bool person_;
  std::string file_; ///< of the history
};

} // namespace supercache::app
