#pragma once

#include "cluster.hpp"

#include <string>

namespace sim {

/// Misfortune: every now and then something fails, or is repaired.
class nemesis {
public:
  explicit nemesis(cluster& c) : c_(c) {}

  void start();
  void stop() noexcept;
  /// Whether, for what was done here, something that was acknowledged need not be there in the
  /// end (async).
  bool data_was_lost() const noexcept { return lost_; }

private:
  std::string any_name() { return c_.names()[c_.w.random.below(c_.names().size())]; }
  bool one_way() { return c_.w.random.chance(c_.p.one_way_percent); }
  void next();
  void strike();
  void crash(const std::string& name);
  void break_one();
  void cut();
  void isolate();
  void isolate(const std::string& name, std::size_t percent = 100);
  void split();
  void pause();
  void hunt_primary(const std::string& name);
  void hunt_changer(const std::string& name);
  void heal_later(const std::string& name, std::int64_t in_us);
  void change_nodes();
  bool everybody_joined(std::size_t nodes);
  void await_end(const member& who);

  cluster& c_;
  bool stopped_ = false;
  bool lost_ = false;
  std::string leaving_;
};

} // namespace sim
