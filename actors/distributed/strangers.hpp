#pragma once

#include <caf/actor_system.hpp>

#include <cstdint>
#include <memory>

namespace supercache::detail {

/// Ends connections whose other side does not become a peer or a client: it says nothing, stopped
/// in the middle of CAF's handshake, or sent what is none. CAF itself would keep them for ever, and
/// some of what they may send would end the process.
///
/// Clients that finished the handshake may be silent as long as they like. Thread: any, one at a
/// time.
class strangers {
public:
  /// How long a handshake may take.
  static constexpr std::int64_t patience_ms = 3'000;

  explicit strangers(caf::actor_system& system);

  /// Ends those that are there for too long; to be called often, looks once a second.
  void sweep();

private:
  struct book;

  caf::actor_system& system_;
  std::shared_ptr<book> book_; ///< of CAF's I/O thread
  std::int64_t next_ms_ = 0;
};

} // namespace supercache::detail
