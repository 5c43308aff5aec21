#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace fixture {

/// A configuration file with these bytes, for as long as it lives; one at a time.
class config_file {
public:
  explicit config_file(const std::string& text)
    : path_(std::filesystem::temp_directory_path()
            / ("supercache-config-" + std::to_string(::getpid()) + ".ini")) {
    std::ofstream{path_, std::ios::binary} << text;
  }
  ~config_file() { std::filesystem::remove(path_); }
  config_file(const config_file&) = delete;
  config_file& operator=(const config_file&) = delete;
  std::string path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace fixture
