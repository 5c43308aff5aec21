#pragma once

/// Every actor of a node, and every message it takes: the topology on one page.
///
///     application ──► CACHE (on the sender's thread) ──► calls ──► executor ──► stores, peers
///        │               └──► PARTITION (one each): waits for items, expiry; apply, ask
///        └─ cache handle ──────────────────► calls
///     lazy_put ──► buffer ──► BUFFER (one per scheduler worker) ──► executor
///     stores ──► feed ──► WATCHES ──► listeners of the application
///     NODE MONITOR ──► dialers, heartbeats; FLUSHER ──► what async writes left   (in a cluster)
///
/// Which threads they run on: actors/README.md in the sources.
///
/// Requests that fail are answered with an error of category "supercache": see error.hpp. `ttl`
/// and `timeout` are in milliseconds. A ttl means what it does in `write_options`: 0 = for ever, or
/// as it was. `mode` is a read mode: local, primary, quorum. `limit`: at most so many, 0 = all.
/// `partition` is the value of the partition element; messages without it work where `key_pos` and
/// `partition_pos` are the same, or, for reads and removals, ask every partition.

#include <supercache/type_ids.hpp>

namespace supercache::inline SUPERCACHE_ABI {

// CAF's own atoms that we use, and their values, in our namespace like our own.
using caf::add_atom;
using caf::add_atom_v;
using caf::flush_atom;
using caf::flush_atom_v;
using caf::get_atom;
using caf::get_atom_v;
using caf::put_atom;
using caf::put_atom_v;
using caf::reset_atom;
using caf::reset_atom_v;
using caf::tick_atom;
using caf::tick_atom_v;
using caf::update_atom;
using caf::update_atom_v;

using record_list = std::vector<record>;

/// PARTITION: does what must be ordered or awaited for one partition, what takes long, and keeps it
/// tidy. Of `cache::partition`.
using partition_actor = compat::iface<
  // Performs one write; answers what `op` says.
  caf::result<value>(apply_atom, operation),
  // Performs one read.
  caf::result<answer>(ask_atom, query, read_options),
  // The next item of a queue, waiting up to `timeout` for one; errc::timeout when none came.
  caf::result<value>(wait_atom, std::string, std::int64_t timeout),
  // INTERNAL: the queue, which a caller waits for, has items.
  caf::result<void>(ready_atom, std::string),
  // INTERNAL: does something once that queue may have items, or after some milliseconds.
  caf::result<void>(ready_atom, std::string, std::int64_t, local_job),
  // INTERNAL: does something that takes long.
  caf::result<void>(run_atom, local_job),
  // INTERNAL: reclaims expired records, ends waits.
  caf::result<void>(tick_atom),
  // INTERNAL: answers all waiting callers and ends.
  caf::result<void>(stop_atom)>;

/// BUFFER: writes the records that `lazy_put` left, in batches.
using buffer_actor = compat::iface<
  // INTERNAL: there is something to write.
  caf::result<void>(wake_atom),
  // Answers when everything buffered before is written.
  caf::result<void>(flush_atom)>;

/// The part of CACHE that stores tuples.
using tuple_actor = compat::iface<
  caf::result<void>(put_atom, record), caf::result<void>(put_atom, record, std::int64_t ttl),
  caf::result<void>(put_atom, batch_atom, record_list),
  caf::result<void>(put_atom, batch_atom, record_list, std::int64_t ttl),
  caf::result<void>(lazy_atom, record), caf::result<void>(lazy_atom, record, std::int64_t ttl),
  caf::result<void>(flush_atom), caf::result<bool>(insert_atom, record, std::int64_t ttl),
  caf::result<record_list>(get_atom, value),
  caf::result<record_list>(get_atom, value, read_options),
  caf::result<record_list>(get_atom, value, value partition),
  caf::result<record_list>(get_atom, value, value partition, read_options),
  caf::result<std::vector<record_list>>(get_atom, batch_atom, std::vector<value>),
  caf::result<std::vector<record_list>>(get_atom, batch_atom, std::vector<value>, read_options),
  caf::result<record_list>(get_atom, value, std::string mode),
  caf::result<record_list>(get_atom, value, value partition, std::string mode),
  caf::result<std::vector<record_list>>(get_atom, batch_atom, std::vector<value>, std::string mode),
  caf::result<record_list>(take_atom, value),
  caf::result<record_list>(take_atom, value, value partition),
  caf::result<std::uint64_t>(remove_atom, value),
  caf::result<std::uint64_t>(remove_atom, value, value partition),
  // Replaces elements; answers whether there was a record.
  caf::result<bool>(update_atom, value, std::vector<element_change>),
  caf::result<bool>(update_atom, value, value partition, std::vector<element_change>),
  // Adds to the integer at a position; answers the sum.
  caf::result<std::int64_t>(counter_atom, value, std::uint32_t position, std::int64_t step),
  caf::result<std::int64_t>(counter_atom, value, value partition, std::uint32_t position,
                            std::int64_t step),
  // The same, with the record that a missing one starts from.
  caf::result<std::int64_t>(counter_atom, value, std::uint32_t position, std::int64_t step,
                            record initial, std::int64_t ttl),
  caf::result<std::int64_t>(counter_atom, value, value partition, std::uint32_t position,
                            std::int64_t step, record initial, std::int64_t ttl),
  // What a pattern binds, in all partitions or one.
  caf::result<std::vector<bindings>>(match_atom, pattern),
  caf::result<std::vector<bindings>>(match_atom, pattern, read_options),
  caf::result<std::vector<bindings>>(match_atom, value partition, pattern),
  caf::result<std::vector<bindings>>(match_atom, value partition, pattern, read_options),
  // The records that match.
  caf::result<record_list>(select_atom, pattern),
  caf::result<record_list>(select_atom, pattern, read_options),
  caf::result<record_list>(select_atom, value partition, pattern),
  caf::result<record_list>(select_atom, value partition, pattern, read_options),
  caf::result<std::vector<bindings>>(match_atom, pattern, std::uint64_t limit),
  caf::result<std::vector<bindings>>(match_atom, pattern, std::uint64_t limit, read_options),
  caf::result<std::vector<bindings>>(match_atom, value partition, pattern, std::uint64_t limit),
  caf::result<std::vector<bindings>>(match_atom, value partition, pattern, std::uint64_t limit,
                                     read_options),
  caf::result<record_list>(select_atom, pattern, std::uint64_t limit),
  caf::result<record_list>(select_atom, pattern, std::uint64_t limit, read_options),
  caf::result<record_list>(select_atom, value partition, pattern, std::uint64_t limit),
  caf::result<record_list>(select_atom, value partition, pattern, std::uint64_t limit,
                           read_options),
  // How many match.
  caf::result<std::uint64_t>(count_atom, match_atom, pattern),
  caf::result<std::uint64_t>(count_atom, match_atom, pattern, read_options),
  caf::result<std::uint64_t>(count_atom, match_atom, value partition, pattern),
  caf::result<std::uint64_t>(count_atom, match_atom, value partition, pattern, read_options),
  // Records with keys from `low` to `high`, both included.
  caf::result<record_list>(range_atom, value low, value high),
  caf::result<record_list>(range_atom, value low, value high, read_options),
  caf::result<std::uint64_t>(remove_atom, match_atom, pattern),
  caf::result<std::uint64_t>(remove_atom, match_atom, value partition, pattern),
  caf::result<std::uint64_t>(clear_atom),
  // Straight to the partition with an index or a name.
  caf::result<void>(put_atom, index_atom, std::uint64_t index, record),
  caf::result<void>(put_atom, index_atom, std::uint64_t index, record, std::int64_t ttl),
  caf::result<record_list>(get_atom, index_atom, std::uint64_t index, value),
  caf::result<record_list>(get_atom, index_atom, std::uint64_t index, value, read_options),
  caf::result<std::uint64_t>(remove_atom, index_atom, std::uint64_t index, value),
  caf::result<void>(put_atom, index_atom, std::string name, record, std::int64_t ttl),
  caf::result<record_list>(get_atom, index_atom, std::string name, value),
  caf::result<record_list>(get_atom, index_atom, std::string name, value, read_options),
  caf::result<std::uint64_t>(remove_atom, index_atom, std::string name, value)>;

/// The part of CACHE that keeps key-value namespaces; the first string is the namespace.
using kv_actor = compat::iface<
  caf::result<void>(kv_atom, put_atom, std::string, value key, value x, std::int64_t ttl),
  caf::result<void>(kv_atom, batch_atom, std::string, std::vector<value> keys,
                    std::vector<value> xs),
  caf::result<void>(kv_atom, batch_atom, std::string, std::vector<value> keys,
                    std::vector<value> xs, std::int64_t ttl),
  caf::result<bool>(kv_atom, add_atom, std::string, value key, value x, std::int64_t ttl),
  // All values under the key; none, one, or many in a bag.
  caf::result<std::vector<value>>(kv_atom, get_atom, std::string, value key),
  caf::result<std::vector<value>>(kv_atom, get_atom, std::string, value key, read_options),
  caf::result<std::vector<value>>(kv_atom, get_atom, std::string, value key, std::string mode),
  // What each key has, `otherwise` where there is none.
  caf::result<std::vector<value>>(kv_atom, get_atom, batch_atom, std::string,
                                  std::vector<value> keys, value otherwise),
  caf::result<std::vector<value>>(kv_atom, get_atom, batch_atom, std::string,
                                  std::vector<value> keys, value otherwise, read_options),
  caf::result<std::vector<value>>(kv_atom, get_atom, batch_atom, std::string,
                                  std::vector<value> keys, value otherwise, std::string mode),
  // Stores, whether there was one or not; in a bag in place of all.
  caf::result<void>(kv_atom, update_atom, std::string, value key, value x, std::int64_t ttl),
  // Appends to a string or list; answers the new length.
  caf::result<std::uint64_t>(kv_atom, append_atom, std::string, value key, value what,
                             std::int64_t ttl),
  caf::result<bool>(kv_atom, replace_atom, std::string, value key, value x),
  caf::result<bool>(kv_atom, cas_atom, std::string, value key, value expected, value desired),
  caf::result<bool>(kv_atom, cas_atom, std::string, value key, value expected, value desired,
                    std::int64_t ttl),
  caf::result<std::int64_t>(kv_atom, counter_atom, std::string, value key, std::int64_t initial,
                            std::int64_t step),
  caf::result<std::int64_t>(kv_atom, counter_atom, std::string, value key, std::int64_t initial,
                            std::int64_t step, std::int64_t ttl),
  caf::result<std::uint64_t>(kv_atom, remove_atom, std::string, value key),
  caf::result<std::uint64_t>(kv_atom, remove_atom, batch_atom, std::string,
                             std::vector<value> keys),
  caf::result<std::uint64_t>(kv_atom, clear_atom, std::string),
  caf::result<std::uint64_t>(kv_atom, count_atom, std::string),
  caf::result<std::uint64_t>(kv_atom, count_atom, std::string, read_options),
  // All pairs, as {key, value}.
  caf::result<record_list>(kv_atom, list_atom, std::string),
  caf::result<record_list>(kv_atom, list_atom, std::string, read_options),
  caf::result<bool>(kv_atom, expire_atom, std::string, value key, std::int64_t ttl),
  // Milliseconds left; -1 for ever.
  caf::result<std::int64_t>(kv_atom, ttl_atom, std::string, value key),
  caf::result<std::int64_t>(kv_atom, ttl_atom, std::string, value key, read_options)>;

/// The part of CACHE that keeps queues and stacks; the string is the name.
using queue_actor = compat::iface<
  caf::result<std::uint64_t>(queue_atom, push_atom, std::string, std::vector<value>),
  caf::result<std::vector<value>>(queue_atom, pop_atom, std::string, std::uint64_t n),
  // One item, waiting up to `timeout` for it; errc::timeout when none came.
  caf::result<value>(queue_atom, wait_atom, std::string, std::int64_t timeout),
  caf::result<std::vector<value>>(queue_atom, peek_atom, std::string),
  caf::result<std::vector<value>>(queue_atom, peek_atom, std::string, read_options),
  caf::result<std::uint64_t>(queue_atom, count_atom, std::string),
  caf::result<std::uint64_t>(queue_atom, count_atom, std::string, read_options),
  caf::result<std::vector<value>>(queue_atom, drain_atom, std::string),
  caf::result<std::uint64_t>(stack_atom, push_atom, std::string, std::vector<value>),
  caf::result<std::vector<value>>(stack_atom, pop_atom, std::string, std::uint64_t n),
  caf::result<std::uint64_t>(stack_atom, count_atom, std::string),
  caf::result<std::uint64_t>(stack_atom, count_atom, std::string, read_options),
  caf::result<std::vector<value>>(stack_atom, drain_atom, std::string)>;

/// The part of CACHE that keeps structs, as records {key, {field, …}}; the string is the type. As a
/// record says its key, a type needs no `init` here; once it is initialised on any node, a record
/// whose key is not the key field is refused with `key_mismatch`.
using struct_actor
  = compat::iface<caf::result<void>(struct_atom, init_atom, std::string, std::uint64_t key_field),
                  caf::result<void>(struct_atom, put_atom, std::string, record),
                  caf::result<void>(struct_atom, put_atom, std::string, record, std::int64_t ttl),
                  caf::result<record_list>(struct_atom, get_atom, std::string, value key),
                  caf::result<record_list>(struct_atom, get_atom, std::string, value key,
                                           read_options),
                  caf::result<record_list>(struct_atom, list_atom, std::string),
                  caf::result<record_list>(struct_atom, list_atom, std::string, read_options),
                  caf::result<std::uint64_t>(struct_atom, remove_atom, std::string, value key),
                  caf::result<std::uint64_t>(struct_atom, clear_atom, std::string)>;

/// A listener of the application: an actor that is told of what it watches. One message at a time;
/// the next comes when this one was answered, which CAF does by itself when the handler ends.
using change_listener
  = compat::iface<caf::result<void>(changes_atom, std::uint64_t watch, std::vector<change>)>;

/// A listener of the application that is told when nodes come and go: see `cache::watch_nodes`.
using node_listener = compat::iface<caf::result<void>(node_up_atom, std::string name),
                                    caf::result<void>(node_down_atom, std::string name)>;

/// The part of CACHE by which changes are watched: see `cache::watch`.
using watchable_actor = compat::iface<
  // Tells a `change_listener` of changes from the answer on; the answer is the number of the watch.
  caf::result<std::uint64_t>(watch_atom, interest, caf::actor listener),
  // Answers whether there was such a watch.
  caf::result<bool>(unwatch_atom, std::uint64_t watch),
  // Tells a `node_listener` of nodes.
  caf::result<void>(watch_atom, caf::actor listener),
  // Answers whether it was a listener.
  caf::result<bool>(unwatch_atom, caf::actor listener)>;

/// WATCHES: sends listeners, and other nodes, the changes that they watch.
using watch_actor = compat::iface<
  // INTERNAL: there are some.
  caf::result<void>(wake_atom)>;

/// The part of CACHE that tells about itself.
using info_actor = compat::iface<
  // A map: see `cache::stats`, and `stats.hpp` for the form of each.
  caf::result<value>(stats_atom), caf::result<value>(stats_atom, std::string section),
  caf::result<void>(stats_atom, reset_atom),
  // The configuration in force: a map of option names to texts, or one text.
  caf::result<value>(config_atom), caf::result<std::string>(config_atom, std::string name),
  // Changes an option while the cache runs: `debug_log`. Errors: `invalid_config`.
  caf::result<void>(config_atom, std::string name, std::string text),
  // A page of a walk over everything: kind of space ("tuples", "kv", "structs"), its name, and nil
  // or what the last page said. Records stored meanwhile may or may not be met.
  caf::result<page>(page_atom, std::string kind, std::string name, value next),
  // The same for records whose keys are strings with a prefix, about `limit` at a time (0: 1000);
  // with `keys_only` a record of each key alone.
  caf::result<page>(page_atom, std::string kind, std::string name, value next, std::string prefix,
                    std::uint64_t limit, bool keys_only),
  // Names in use, sorted: of "kv", "queue", "stack" or "structs".
  caf::result<std::vector<value>>(list_atom, std::string kind),
  // The same for names with a prefix, at most `limit`, after a name or, with nil, from the first.
  caf::result<std::vector<value>>(list_atom, std::string kind, value behind, std::string prefix,
                                  std::uint64_t limit)>;

/// The part of CACHE by which a backup is made and put back; `partition` is an index.
using backup_actor = compat::iface<
  // A part of the partition as it was when part 0 was asked for under this number of a snapshot: a
  // list, or nothing, see `ask::snapshot`. Errors: `not_found`, `overloaded`: begin again, with
  // another number.
  caf::result<value>(page_atom, index_atom, std::uint64_t partition, std::uint64_t snapshot,
                     std::uint64_t number),
  // Does one of `op::restore`, `op::extend`, `op::wipe`, and `op::clear` of a queue or stack.
  caf::result<value>(apply_atom, index_atom, std::uint64_t partition, operation),
  // The struct types that are initialised: a list of [type, position of the key among the fields].
  caf::result<value>(struct_atom, init_atom)>;

/// The part of CACHE by which the nodes of a cluster find each other, and people steer it.
using member_actor = compat::iface<
  // A node dials: its hello, and the actor that takes frames for it. Answers the same of this node.
  // Errors: `invalid_config`, why it is refused.
  caf::result<wire_frame, caf::actor>(join_atom, wire_frame, caf::actor),
  // "members", "partitions": tables, as lists of maps. "leave", "sync"; "force-primary" with the
  // index of a partition: answers nil when it is done.
  caf::result<value>(admin_atom, std::string what, value argument)>;

/// The part of CACHE by which clients are served: see `cache::connect`.
using service_actor = compat::iface<
  // Where data is, as this node sees it, for a client that speaks this version of the protocol: a
  // `cluster_view`. Errors: `invalid_config`: another version.
  caf::result<wire_frame>(view_atom, std::uint64_t version),
  // Writes and reads of a client, for partitions of which this node should be the primary. The
  // client gets each answer when it is there, as `(frame_atom, wire_frame)`. Errors: `malformed`.
  caf::result<void>(frame_atom, wire_frame, caf::actor client)>;

/// NODE MONITOR: dials peers, sends heartbeats, keeps time for all partitions. Detached. In a
/// client: dials nodes, asks them where data is, keeps time for requests.
using monitor_actor = compat::iface<
  // INTERNAL: time passes.
  caf::result<void>(tick_atom),
  // The nodes to have from now on, each `name@host:port`.
  caf::result<void>(reset_atom, std::vector<std::string>),
  // INTERNAL: the connection to a node broke; is it dead?
  caf::result<void>(node_down_atom, std::string name),
  // INTERNAL: ends it.
  caf::result<void>(stop_atom)>;

/// FLUSHER: sends what async writes left, a thousand times a second while there is any.
using flusher_actor = compat::iface<
  // INTERNAL
  caf::result<void>(tick_atom)>;

/// CACHE: the whole cache for actors, on this node or another; what `cache::actor()` is.
using cache_actor = tuple_actor::extend_with<kv_actor>::extend_with<queue_actor>::extend_with<
  struct_actor>::extend_with<watchable_actor>::extend_with<info_actor>::extend_with<backup_actor>::
  extend_with<member_actor>::extend_with<service_actor>;

} // namespace supercache::inline SUPERCACHE_ABI
