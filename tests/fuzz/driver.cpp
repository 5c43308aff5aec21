#include "fuzz/corpus.hpp"
#include "fuzz/decode_fuzz.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

// Runs decode_fuzz without libFuzzer: mutates the corpus for a while, the same way for the same
// seed. The input that crashed is left in the file decode_fuzz.crash.

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr char usage[] = R"(usage: decode_fuzz [--seconds N] [--runs N] [--seed S] [--corpus DIR]
       decode_fuzz FILE...
       decode_fuzz --make-corpus DIR

Tries the files of the corpus, then changes them at random until the time (default 10 seconds) or
the number of runs is over, whichever comes first. With FILE, tries just these.

  --seed S           where randomness starts (default: one of its own, printed first)
  --corpus DIR       what to start from (default: none, only random bytes)
  --make-corpus DIR  write the small files that the corpus begins with, one per kind of input
)";

using bytes = std::vector<std::uint8_t>;

constexpr std::size_t longest_input = 4096;

// -- the input that crashes -----------------------------------------------------------------------

const std::uint8_t* current_data = nullptr; // for keep_input, which may do very little
std::size_t current_size = 0;

void keep_input() {
  const int file = open("decode_fuzz.crash", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0)
    return;
  [[maybe_unused]] auto written = write(file, current_data, current_size);
  close(file);
  constexpr std::string_view note = "decode_fuzz: the input is in decode_fuzz.crash\n";
  written = write(STDERR_FILENO, note.data(), note.size());
}

void on_signal(int signal) {
  keep_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// A sanitizer has handlers of its own, and tells when it gives up.
void keep_input_of_crashes() {
  if (__sanitizer_set_death_callback) {
    __sanitizer_set_death_callback(keep_input);
    return;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE})
    std::signal(signal, on_signal);
}

/// An exception is a finding like any other crash.
void try_one(const bytes& input) noexcept {
  current_data = input.data();
  current_size = input.size();
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// -- inputs ---------------------------------------------------------------------------------------

bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<bytes> read_corpus(const std::string& folder) {
  std::vector<bytes> inputs;
  if (folder.empty())
    return {{}};
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end()); // the same order on every machine
  inputs.reserve(paths.size());
  for (const auto& path : paths)
    inputs.push_back(read_file(path));
  if (inputs.empty())
    throw std::runtime_error(folder + " has no files");
  return inputs;
}

class mutator {
public:
  mutator(std::vector<bytes> corpus, std::uint64_t seed)
    : corpus_(std::move(corpus)), random_(seed) {}

  bytes next() {
    bytes x = corpus_[below(corpus_.size())];
    for (std::size_t n = 1 + below(8); n > 0; --n)
      change(x);
    x.resize(std::min(x.size(), longest_input));
    return x;
  }

private:
  std::size_t below(std::size_t n) { return n ? static_cast<std::size_t>(random_() % n) : 0; }
  std::ptrdiff_t place(const bytes& x) { return static_cast<std::ptrdiff_t>(below(x.size() + 1)); }

  /// Often a byte that means something in MessagePack or JSON.
  std::uint8_t any_byte() {
    constexpr std::uint8_t telling[]
      = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x90, 0x91, 0x92, 0x93, 0xa0, 0xa1, 0xc0, 0xc1, 0xc3, 0xc4,
         0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcc, 0xcf, 0xd0, 0xd3, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd,
         0xde, 0xdf, 0xe0, 0xff, '"',  '$',  '[',  ']',  '{',  '}',  ',',  ':',  '\\', '-',  '.'};
    const auto i = below(2 * std::size(telling));
    return i < std::size(telling) ? telling[i] : static_cast<std::uint8_t>(random_());
  }

  void change(bytes& x) {
    const auto at = x.begin() + place(x);
    switch (below(7)) {
      case 0: // a bit
        if (at != x.end())
          *at ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1: // a byte
        if (at != x.end())
          *at = any_byte();
        break;
      case 2: x.insert(at, any_byte()); break;
      case 3: // the same byte many times, which nests
        x.insert(at, below(300), any_byte());
        break;
      case 4:
        x.erase(
          at, at + static_cast<std::ptrdiff_t>(below(static_cast<std::size_t>(x.end() - at) + 1)));
        break;
      case 5: { // a piece of another
        const bytes& other = corpus_[below(corpus_.size())];
        const auto from = place(other);
        const auto size = below(other.size() - static_cast<std::size_t>(from) + 1);
        const auto begin = other.begin() + from;
        x.insert(at, begin, begin + static_cast<std::ptrdiff_t>(size));
        break;
      }
      default: { // a piece of itself
        const bytes piece(x.begin(), at);
        x.insert(x.begin() + place(x), piece.begin(), piece.end());
      }
    }
  }

  std::vector<bytes> corpus_;
  std::mt19937_64 random_;
};

// -- the command line -----------------------------------------------------------------------------

struct options {
  std::uint64_t seconds = 10;
  std::uint64_t runs = UINT64_MAX;
  std::uint64_t seed = std::random_device{}();
  std::string corpus;
  std::string make_corpus;
  std::vector<std::string> files;
};

options read_options(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (!name.starts_with("--")) {
      o.files.push_back(name);
      continue;
    }
    if (i + 1 == argc)
      throw std::invalid_argument(name + " needs an argument");
    const std::string x = argv[++i];
    if (name == "--seconds")
      o.seconds = std::stoull(x);
    else if (name == "--runs")
      o.runs = std::stoull(x);
    else if (name == "--seed")
      o.seed = std::stoull(x, nullptr, 0);
    else if (name == "--corpus")
      o.corpus = x;
    else if (name == "--make-corpus")
      o.make_corpus = x;
    else
      throw std::invalid_argument("there is no " + name);
  }
  return o;
}

void fuzz(const options& o) {
  using clock = std::chrono::steady_clock;
  std::cout << "seed " << o.seed << std::endl;
  const auto corpus = read_corpus(o.corpus);
  for (const bytes& input : corpus)
    try_one(input);
  mutator inputs{corpus, o.seed};
  const auto end = clock::now() + std::chrono::seconds(o.seconds);
  std::uint64_t runs = 0;
  while (runs < o.runs && (runs % 64 != 0 || clock::now() < end)) {
    try_one(inputs.next());
    ++runs;
  }
  std::cout << corpus.size() << " files and " << runs << " changed inputs tried" << std::endl;
}

int run(int argc, char** argv) {
  if (argc == 2 && std::string{argv[1]} == "--help") {
    std::cout << usage;
    return 0;
  }
  const auto o = read_options(argc, argv);
  if (!o.make_corpus.empty()) {
    std::cout << make_corpus(o.make_corpus) << " files written" << std::endl;
    return 0;
  }
  keep_input_of_crashes();
  for (const auto& file : o.files)
    try_one(read_file(file));
  if (o.files.empty())
    fuzz(o);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "decode_fuzz: " << e.what() << "; see --help\n";
    return 2;
  }
}
