#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace supercache::app {

/// Lines from a person, with editing, history and completion, or from a file or pipe without. There
/// is one at a time.
///
/// From a terminal come UTF-8 and only UTF-8, whatever the locale is. While a command runs the
/// terminal passes on what is typed or pasted meanwhile without echo and without its bound of 4 kB
/// for a line.
class line_reader {
public:
  /// What may stand behind the beginning of a line; nothing: names of files.
  using completion = std::vector<std::string> (*)(std::string_view before);

  explicit line_reader(completion c);
  ~line_reader();
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;

  bool person() const noexcept { return person_; }
  /// False at the end. Throws `usage_error` for a line that is no UTF-8.
  bool next(std::string& line);

private:
  bool ask_person(std::string& line);
  void remember(const std::string& line);

  bool person_;
  std::string file_; ///< of the history
};

} // namespace supercache::app
