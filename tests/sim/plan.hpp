#pragma once

#include "support/workload.hpp"

#include <supercache/cluster/messages.hpp>
#include <supercache/cluster/options.hpp>
#include <supercache/store/table.hpp>

#include <optional>
#include <string>

namespace sim {

using namespace supercache;

/// How a run goes; drawn from its seed.
struct plan {
  replication_mode mode = replication_mode::sync;
  table_type type = table_type::set;
  std::size_t nodes = 3;      ///< at the beginning
  std::size_t more_nodes = 0; ///< that may join later
  std::size_t factor = 3;
  std::size_t partitions = 1;
  std::size_t log_bytes = 4096; ///< small, so that transfers are needed
  std::int64_t delay_us = 300;  ///< of a frame, on average
  unsigned drop_percent = 0, duplicate_percent = 0, reorder_percent = 0;
  bool crashes = false, cuts = false, pauses = false, joins = false;
  unsigned one_way_percent = 0;    ///< of cuts: only one direction is cut
  std::int64_t skew_ms = 0;        ///< the clocks differ by up to this
  unsigned stray_percent = 0;      ///< of what is reordered: comes seconds later
  std::size_t entry_bytes = 2'000; ///< sent at once, at least
  std::size_t piece_bytes = 200;   ///< of a transfer; with few, one takes long
  std::int64_t tick_ms = 25;       ///< between two ticks of a node
  std::int64_t down_ms = 1'500;    ///< without a frame, until a peer is taken to be gone
  bool hunt = false;               ///< new primaries are cut off at once
  std::int64_t stagger_ms = 60;    ///< between campaigns; with little, many ask at once
  std::int64_t replace_ms = 0;     ///< until a node that is down is replaced; 0: never
  std::size_t calm_ms = 2'500;     ///< the most between two misfortunes
  std::int64_t chaos_ms = 20'000;

  /// Messages of this kind, an index of `message`, are held over the next change of the epoch or
  /// the group of their partition: this percentage of them.
  std::optional<std::size_t> held_kind;
  unsigned held_percent = 0;

  std::size_t queues = 2;     ///< names of queues, and of stacks
  std::size_t batch_rows = 0; ///< the most rows of a batch; 0: no batches
  std::size_t table_rows = 0; ///< keys that batches draw from
  unsigned clear_percent = 0; ///< of what is done to tables that are written in batches
  bool expiry = false;        ///< some records have a time to live

  /// Nodes talk over connections that lose nothing and keep the order, under the flow control that
  /// ships. Otherwise every message is alone: it may be lost, come twice, or in another order.
  bool streams = false;
  std::string text() const;
};
plan draw(replication_mode mode, workload::dice& d);

} // namespace sim
