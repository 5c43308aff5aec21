#include "common/whole_file.hpp"
#include "support/checks.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace supercache::app {

namespace fs = std::filesystem;

namespace {

/// A folder of its own, removed with this object.
struct folder {
  fs::path path = fs::temp_directory_path() / ("whole_file_" + std::to_string(::getpid()));
  folder() { fs::create_directory(path); }
  ~folder() { fs::remove_all(path); }
  std::size_t files() const {
    return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{path}, fs::directory_iterator{}));
  }
};

std::string text_of(const fs::path& p) {
  std::ifstream in{p, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void put(const fs::path& p, const std::string& text) { std::ofstream{p, std::ios::binary} << text; }

} // namespace

TEST_CASE("a file takes its place when it is whole, and not before") {
  const folder at;
  const fs::path target = at.path / "dump";
  put(target, "old");
  {
    whole_file out{target};
    out.write(std::string(1'000'000, 'x'));
    CHECK(text_of(target) == "old");
    out.commit();
  }
  CHECK(text_of(target) == std::string(1'000'000, 'x'));
  CHECK(at.files() == 1);
}

TEST_CASE("an unfinished file leaves the old one in place, and nothing beside it") {
  const folder at;
  const fs::path target = at.path / "dump", fresh = at.path / "fresh";
  put(target, "old");
  {
    whole_file out{target}, none{fresh};
    out.write(std::string(1'000'000, 'x'));
    none.write("x");
  }
  CHECK(text_of(target) == "old");
  CHECK(at.files() == 1);
}

TEST_CASE("written bytes can be taken back") {
  const folder at;
  const fs::path target = at.path / "dump";
  whole_file out{target};
  REQUIRE(out.can_shrink());
  out.write("good");
  const auto mark = out.size();
  out.write(std::string(1'000'000, 'x'));
  out.shrink(mark);
  CHECK(out.size() == 4);
  out.write(" again");
  out.commit();
  CHECK(text_of(target) == "good again");
}

TEST_CASE("a link stays one, and its target keeps its permissions") {
  const folder at;
  const fs::path target = at.path / "dump", link = at.path / "link";
  put(target, "old");
  fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("dump", link);
  whole_file out{link};
  out.write("new");
  out.commit();
  CHECK(fs::is_symlink(link));
  CHECK(text_of(target) == "new");
  CHECK(fs::status(target).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a device or pipe is written to and never replaced") {
  const folder at;
  const fs::path null = "/dev/null", pipe = at.path / "pipe";
  whole_file out{null};
  CHECK_FALSE(out.can_shrink());
  out.write("x");
  out.commit();
  CHECK(fs::is_character_file(null));
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  whole_file into{pipe};
  into.write("through");
  into.commit();
  char text[16] = {};
  CHECK(::read(reader, text, sizeof text) == 7);
  CHECK(std::string{text} == "through");
  CHECK(fs::is_fifo(pipe));
  ::close(reader);
}

TEST_CASE("a failure to write is reported in one sentence") {
  const folder at;
  CHECK_FAILS_WITH(whole_file{"/nonexistent/x"}, errc::io_error,
                   "cannot write /nonexistent/x: No such file or directory");
  CHECK_FAILS_WITH(whole_file{at.path}, errc::io_error,
                   "cannot write " + at.path.string() + ": Is a directory");
  CHECK_FAILS_WITH(
    [] {
      whole_file out{"/dev/full"};
      out.write("x");
      out.commit();
    }(),
    errc::io_error, "cannot write /dev/full: No space left on device");
}

TEST_CASE("two names of one file are the same file") {
  const folder at;
  const fs::path one = at.path / "one", other = at.path / "other", link = at.path / "link";
  put(one, "x");
  put(other, "x");
  fs::create_symlink(one, link);
  fs::create_hard_link(one, at.path / "hard");
  CHECK(is_same_file(one, one));
  CHECK(is_same_file(one, link));
  CHECK(is_same_file(one, at.path / "hard"));
  CHECK_FALSE(is_same_file(one, other));
  CHECK_FALSE(is_same_file(one, at.path / "none"));
  CHECK_FALSE(is_same_file(fs::path{"/dev/null"}, fs::path{"/dev/null"}));
}

} // namespace supercache::app
