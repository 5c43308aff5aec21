#include "conversation.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

// Each file of conversations/ is a test: what comes of its commands must be what it says. With
// SUPERCACHE_REWRITE set, the files are rewritten instead; read the difference before you keep it.

namespace {

std::string read(const std::filesystem::path& p) {
  std::ifstream in{p};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("every scripted conversation goes as written") {
  std::set<std::filesystem::path> files;
  for (const auto& f : std::filesystem::directory_iterator{CONVERSATIONS})
    if (f.path().extension() == ".txt")
      files.insert(f.path());
  CHECK(files.size() >= 10);
  for (const auto& f : files) {
    CAPTURE(f.filename().string());
    const std::string script = read(f), real = conversation::perform(script);
    if (std::getenv("SUPERCACHE_REWRITE"))
      std::ofstream{f} << real;
    else
      CHECK(real == script);
  }
}

TEST_CASE("a conversation that goes differently than written is shown as it went") {
  const std::string script
    = "nodes a b\nbootstrap a b\nput a k 1?\n    at 7@1/001a: nil\nget b k?\n";
  CHECK(conversation::perform(script)
        == "nodes a b\nbootstrap a b\nput a k 1?\n    at 2@1/001a: nil\nget b k?\n    nil\n");
  CHECK_THROWS(conversation::perform("dance a"));
}
