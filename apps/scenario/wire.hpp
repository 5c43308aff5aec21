#pragma once

#include "network.hpp"

#include <supercache/store/result.hpp>

#include <cstdint>
#include <deque>
#include <poll.h>
#include <utility>
#include <vector>

/// Sockets of the loopback interface, and the bytes between two of them. Nothing blocks.
namespace supercache::app::wire {

/// A listening socket; stores its port in `port`. Throws `error`.
int listen_anywhere(std::uint16_t& port);
/// -1 when no connection waits.
int accept_from(int listener);
/// Closes it so that the peer's next read fails.
void reset(int fd);

/// A connection that was accepted, and the one made for it to its target.
class tube {
public:
  tube(int accepted, std::uint16_t target);
  ~tube() { close_all(); }
  tube(tube&& other) noexcept
    : a_(std::exchange(other.a_, -1)),
      b_(std::exchange(other.b_, -1)),
      connecting_(other.connecting_),
      polled_at_(other.polled_at_),
      there_(std::move(other.there_)),
      back_(std::move(other.back_)) {}
  tube& operator=(tube&& other) noexcept {
    std::swap(a_, other.a_);
    std::swap(b_, other.b_);
    std::swap(connecting_, other.connecting_);
    std::swap(polled_at_, other.polled_at_);
    std::swap(there_, other.there_);
    std::swap(back_, other.back_);
    return *this;
  }

  void set(flow there, flow back);
  /// What to wait for; lowers `wait` to the milliseconds until something is due.
  void gather(std::vector<pollfd>& polled, int& wait);
  /// Moves what can be moved, according to `poll`.
  void move(const std::vector<pollfd>& polled);
  /// Breaks both sides.
  void reset();
  bool over() const noexcept { return a_ < 0; }

private:
  struct chunk {
    std::vector<char> bytes;
    std::size_t sent = 0;
    std::int64_t due_ms = 0;
  };
  struct direction {
    flow how;
    std::deque<chunk> chunks;
    std::size_t bytes = 0;
    bool ended = false;  ///< its source will send no more
    bool broken = false; ///< and not by an orderly end
    bool shut = false;   ///< and its sink knows
    bool due() const;
  };
  static bool pump(int from, int to, direction& d);
  bool connected();
  void close_all();

  int a_ = -1, b_ = -1;
  bool connecting_ = true;
  std::size_t polled_at_ = SIZE_MAX;
  direction there_, back_;
};

} // namespace supercache::app::wire
