#pragma once

#include "guard.hpp"
#include "inflow.hpp"
#include "network_limits.hpp"
#include "outflow.hpp"

#include <supercache/store/result.hpp>

#include <caf/behavior.hpp>
#include <caf/io/basp_broker.hpp>

#include <exception>
#include <map>
#include <string>

namespace supercache::detail {

/// The guard of one broker; see guard.hpp. Thread: CAF's I/O thread.
class broker_guard {
public:
  broker_guard(caf::io::basp_broker& broker, const network_limits& l);

  /// The clauses that run before, or in place of, CAF's. @pre called once
  caf::message_handler clauses();
  /// A message of this content threw.
  void failed(caf::type_erased_tuple& content, const std::exception& e) noexcept;
  /// Does what CAF does.
  caf::match_case::result forward(caf::detail::invoke_result_visitor& f,
                                  caf::type_erased_tuple& content);

private:
  using handle = caf::io::connection_handle;
  using header = caf::io::basp::header;
  using bytes = std::vector<char>;

  // -- what comes, and what is sent: broker_guard.cpp ---------------------------------------------
  void on_connection(caf::io::new_connection_msg& m);
  void on_data(caf::io::new_data_msg& m);
  void on_header(caf::io::new_data_msg& m);
  void on_piece(caf::io::new_data_msg& m);
  void on_payload(caf::io::new_data_msg& m);
  void read_on(handle c);
  void await_header(handle c);
  const char* objection(handle c, const header& h);
  bool is_for_here(const header& h, const bytes& payload);
  bool is_own_call(const header& h, const bytes& payload);
  void hand_over(handle c, const header& h, const bytes& payload);
  bool learn_route(const bytes& payload);
  bool deny(handle c, const failure& why);
  void pass_on(caf::io::new_data_msg& m, const header& h);
  bool is_sound(handle c, const header& h, const bytes& payload);
  void take_back(const caf::strong_actor_ptr& from, const caf::strong_actor_ptr& to,
                 caf::message_id id);

  // -- connections that end, and what is looked after: guard_sweep.cpp ----------------------------
  void on_closed(handle c);
  void end(handle c, const char* why);
  void forget(handle c, const caf::node_id& node);
  void forget_node(const caf::node_id& node);
  void forget_nodes_out_of_reach();
  void end_silent(const caf::node_id& to, bool all);
  void sweep();
  void end_late_handshakes();
  void end_stalled();
  void end_greedy();
  void free_buffers();
  void release();
  void look_at_descriptors();
  void close_doors(bool closed);
  void admit_at_most(std::size_t handshakes);

  std::string name_of(handle c);
  bool is_known(handle c) const;
  static std::int64_t now_ms();

  caf::io::basp_broker& broker_;
  const network_limits limits_;
  caf::behavior theirs_;
  inflow inflow_{limits_};
  outflow outflow_;
  caf::node_id last_hop_; ///< of the message that is being delivered
  /// The connections whose other side has not said what it is, and since when.
  std::map<handle, std::int64_t> strangers_;
  const bool has_descriptors_; ///< a connection's handle is its descriptor
  const bool beats_;           ///< CAF sends heartbeats
  std::size_t descriptors_ = 0;
  bool crowded_ = false;        ///< no connection is let in
  std::int64_t crowded_ms_ = 0; ///< when it was so last; 0: the log says that it is over
  std::uint64_t sweeps_ = 0;
};

} // namespace supercache::detail
