#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace supercache::app {

/// What one node sends to another.
struct flow {
  enum class kind {
    open,
    refused, ///< connections break and new ones are refused, as when a process or a port is gone
    silent,  ///< bytes stay under way until it is open again, as when a cable is pulled
    /// The connections that are there carry nothing any more, whatever comes; new ones do. As when
    /// a firewall on the way has lost its memory.
    forgotten,
  };
  kind is = kind::open;
  std::chrono::milliseconds delay{0}; ///< of what is sent while it is open

  bool operator==(const flow&) const = default;
};

/// The wires between nodes: for each ordered pair that was added a port of the loopback interface,
/// at which the one reaches the other, and which can be cut.
///
/// Thread: any. Has one of its own, that moves the bytes.
class network {
public:
  network();
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  /// Where `from` finds `to`, which listens at `port`. The same port for the same pair. Throws
  /// `error` when there is no port left.
  std::uint16_t add(const std::string& from, const std::string& to, std::uint16_t port);
  /// From now on what `from` sends to `to` fares like this, over whosever connections.
  void set(const std::string& from, const std::string& to, flow f);
  flow of(const std::string& from, const std::string& to) const;
  /// All pairs are open again.
  void heal();

private:
  class mover;
  std::unique_ptr<mover> mover_;
};

} // namespace supercache::app
