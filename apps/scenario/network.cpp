#include "network.hpp"

#include "wire.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace supercache::app {

namespace {

using pair = std::pair<std::string, std::string>;

pair swapped(const pair& p) { return {p.second, p.first}; }

struct door {
  std::uint16_t port = 0;   ///< where it listens
  std::uint16_t target = 0; ///< the node behind it
  int listener = -1;
};

} // namespace

class network::mover {
public:
  mover() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread_ = std::thread{[this] { run(); }};
  }
  ~mover() {
    {
      const std::lock_guard hold{lock_};
      stopping_ = true;
    }
    nudge();
    thread_.join();
    for (const auto& [between, d] : doors_)
      ::close(d.listener);
    ::close(wake_);
  }
  mover(const mover&) = delete;
  mover& operator=(const mover&) = delete;

  std::uint16_t add(const pair& between, std::uint16_t target) {
    const std::lock_guard hold{lock_};
    door& d = doors_[between];
    d.target = target;
    if (d.listener < 0) {
      d.listener = wire::listen_anywhere(d.port);
      nudge();
    }
    return d.port;
  }
  void set(const pair& between, flow f) {
    const std::lock_guard hold{lock_};
    if (f.is == flow::kind::forgotten) {
      for (connection& c : connections_)
        c.forgotten = c.forgotten || c.between == between || swapped(c.between) == between;
      f.is = flow::kind::open;
    }
    flows_[between] = f;
    changed_ = true;
    nudge();
  }
  flow of(const pair& between) const {
    const std::lock_guard hold{lock_};
    return flow_of(between);
  }
  void heal() {
    const std::lock_guard hold{lock_};
    flows_.clear();
    changed_ = true;
    nudge();
  }

private:
  struct connection {
    pair between; ///< the node that dials, and the one it dials
    wire::tube tube;
    bool forgotten = false;
  };

  flow flow_of(const pair& between) const {
    const auto at = flows_.find(between);
    return at == flows_.end() ? flow{} : at->second;
  }
  flow there(const pair& p) const { return flow_of(p); }
  flow back(const pair& p) const { return flow_of(swapped(p)); }
  bool refuses(const pair& p) const {
    return there(p).is == flow::kind::refused || back(p).is == flow::kind::refused;
  }
  bool silences(const pair& p) const {
    return there(p).is == flow::kind::silent || back(p).is == flow::kind::silent;
  }
  void nudge() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
  }

  void run() {
    std::vector<pollfd> polled;
    for (;;) {
      polled.assign(1, {wake_, POLLIN, 0});
      int wait = -1;
      {
        const std::lock_guard hold{lock_};
        if (stopping_)
          return connections_.clear();
        wait = gather(polled);
      }
      ::poll(polled.data(), polled.size(), wait);
      std::uint64_t ignored;
      [[maybe_unused]] const auto n = ::read(wake_, &ignored, sizeof ignored);
      const std::lock_guard hold{lock_};
      apply_changes(); // first, so that nothing passes a wire that was already cut
      for (connection& c : connections_)
        c.tube.move(polled);
      accept_all(polled);
      std::erase_if(connections_, [](const connection& c) { return c.tube.over(); });
    }
  }

  /// Call with the lock.
  void apply_changes() {
    if (!std::exchange(changed_, false))
      return;
    for (connection& c : connections_) {
      if (refuses(c.between))
        c.tube.reset();
      if (c.forgotten)
        c.tube.set({flow::kind::silent}, {flow::kind::silent});
      else
        c.tube.set(there(c.between), back(c.between));
    }
    std::erase_if(connections_, [](const connection& c) { return c.tube.over(); });
  }

  int gather(std::vector<pollfd>& polled) {
    int wait = -1;
    // While nothing passes, a dialling node waits in the system's queue.
    for (const auto& [between, d] : doors_)
      polled.push_back({silences(between) && !refuses(between) ? -1 : d.listener, POLLIN, 0});
    for (connection& c : connections_)
      c.tube.gather(polled, wait);
    return wait;
  }

  void accept_all(const std::vector<pollfd>& polled) {
    for (const auto& [between, d] : doors_) {
      if (std::ranges::none_of(
            polled, [fd = d.listener](const pollfd& p) { return p.fd == fd && p.revents; }))
        continue;
      for (int fd; (fd = wire::accept_from(d.listener)) >= 0;) {
        if (refuses(between)) {
          wire::reset(fd);
          continue;
        }
        connections_.push_back({between, wire::tube{fd, d.target}});
        connections_.back().tube.set(there(between), back(between));
      }
    }
  }

  const int wake_;
  mutable std::mutex lock_; ///< of all below
  std::map<pair, door> doors_;
  std::map<pair, flow> flows_;
  bool changed_ = false, stopping_ = false;
  std::vector<connection> connections_;
  std::thread thread_;
};

network::network() : mover_(std::make_unique<mover>()) {}
network::~network() = default;

std::uint16_t network::add(const std::string& from, const std::string& to, std::uint16_t port) {
  return mover_->add({from, to}, port);
}
void network::set(const std::string& from, const std::string& to, flow f) {
  mover_->set({from, to}, f);
}
flow network::of(const std::string& from, const std::string& to) const {
  return mover_->of({from, to});
}
void network::heal() { mover_->heal(); }

} // namespace supercache::app
