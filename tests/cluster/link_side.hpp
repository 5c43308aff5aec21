#pragma once

#include <supercache/cluster/link_core.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One side of a link, with the bounds that links have, and frames as a test looks at them.
namespace link_side {

using namespace supercache;
using arrival = link_core::arrival;
using does = link_core::turn::kind;

inline constexpr link_options bounds;

/// A frame as it is read.
struct seen {
  frame::header head;
  byte_buffer body;
  std::size_t size = 0; ///< with its header
};

inline seen read(byte_view all) {
  wire_reader r{all};
  const auto h = frame::decode_header(r);
  REQUIRE(r.ok());
  return {h, {r.rest().begin(), r.rest().end()}, all.size()};
}

inline byte_buffer bytes(std::size_t size, char what = 'x') {
  return byte_buffer(size, static_cast<std::uint8_t>(what));
}
inline byte_buffer of(std::string_view t) { return {t.begin(), t.end()}; }
inline std::string text(const byte_buffer& b) { return {b.begin(), b.end()}; }

inline std::uint64_t sum(const std::vector<seen>& frames) {
  std::uint64_t n = 0;
  for (const seen& f : frames)
    n += f.size;
  return n;
}

/// One side of a link, of which a test plays the peer.
class side {
public:
  link_core core{bounds};
  std::int64_t now = 1'000;
  std::uint64_t sent = 0;                ///< in this session, heartbeats included
  std::vector<byte_buffer> parts;        ///< what a partition has; taken at the next turn
  static constexpr std::size_t part = 3; ///< that partition

  explicit side(bool dialled = false) { core.open(7, dialled); }

  bool put(byte_buffer x, bool asks = false) { return core.put(std::move(x), asks, bounds.outbox); }
  /// All that leaves now.
  std::vector<seen> flush() {
    std::vector<seen> out;
    for (bool more = true; more;) {
      auto t = core.next(now);
      if (t.is == does::gather)
        t = core.finish(gathered(std::move(t)), now);
      if (t.is == does::post)
        sent += out.emplace_back(read(t.now.bytes)).size;
      more = t.is == does::post && t.more;
    }
    return out;
  }
  seen beat(std::string_view x = "alive") {
    const seen f = read(core.beat(of(x), now));
    sent += f.size;
    return f;
  }
  /// The peer says that it has received so much, in a frame of so many bytes.
  arrival confirm(std::uint64_t received, std::size_t size = 5) {
    return core.received({core.session(), received, 0}, size, now);
  }
  /// All that leaves if the peer confirms whatever comes.
  std::vector<seen> drain() {
    std::vector<seen> out;
    for (auto some = flush(); !some.empty(); some = flush()) {
      out.insert(out.end(), some.begin(), some.end());
      confirm(sent);
    }
    return out;
  }

private:
  link_core::turn gathered(link_core::turn t) {
    for (const auto& x : std::exchange(parts, {})) {
      const auto from = t.now.bytes.size();
      t.now.bytes.insert(t.now.bytes.end(), x.begin(), x.end());
      t.took(from, false, part);
    }
    return t;
  }
};

} // namespace link_side
