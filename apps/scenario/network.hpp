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
    silent,  ///< bytes stay in flight until it is open again, as when a cable is pulled
    /// The present connections never carry anything again, whatever comes; new ones do. As when a
    /// firewall on the way has lost its state.
    forgotten,
  };
  kind is = kind::open;
  std::chrono::milliseconds delay{0}; ///< of what is sent while it is open

  bool operator==(const flow&) const = default;
};

/// The wires between nodes. Each ordered pair that was added has a port of the loopback interface,
/// at which the first node reaches the second, and which can be cut.
///
/// Thread: any. Has its own thread, which moves the bytes.
class network {
public:
  network();
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  /// The address at which `from` finds `to`, which listens at `port`. The same pair gets the same
  /// port. Throws `error` when no port is left.
  std::uint16_t add(const std::string& from, const std::string& to, std::uint16_t port);
  /// From now on this is the fate of what `from` sends to `to`, over any connection.
  void set(const std::string& from, const std::string& to, flow f);
  flow of(const std::string& from, const std::string& to) const;
  /// Opens all pairs again.
  void heal();

private:
  class mover;
  std::unique_ptr<mover> mover_;
};

} // namespace supercache::app
