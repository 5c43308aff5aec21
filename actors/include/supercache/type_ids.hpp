#pragma once

/// All types that travel in CAF messages, with how they are serialised, and the atoms that name
/// operations. Values, records, patterns and operations travel as their one encoding
/// (store/encoding.hpp), so nothing but bytes and integers meets CAF's own format.

#include <supercache/call_options.hpp>
#include <supercache/compat.hpp>
#include <supercache/error.hpp>
#include <supercache/store/change.hpp>
#include <supercache/store/encoding.hpp>
#include <supercache/store/query.hpp>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

// In type_ids.cpp, so that not every file that includes this one compiles the decoder.
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, value& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, record& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, pattern& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, operation& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, change& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, interest& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, query& x);
SUPERCACHE_API compat::inspected load(const byte_buffer& bytes, answer& x);
SUPERCACHE_API void encode(const query& x, byte_buffer& bytes);
SUPERCACHE_API void encode(const answer& x, byte_buffer& bytes);
SUPERCACHE_API compat::inspected load(std::uint8_t mode, std::int64_t timeout_ms, read_options& x);

template <class T>
void save(const T& x, byte_buffer& bytes) {
  encode(x, bytes);
}

/// What travels as its encoding.
template <class T>
concept travels_encoded = std::same_as<T, value> || std::same_as<T, record> || std::
  same_as<T, pattern> || std::same_as<T, operation> || std::same_as<T, query> || std::same_as<
    T, answer> || std::same_as<T, change> || std::same_as<T, interest>;

} // namespace detail

template <class Inspector, detail::travels_encoded T>
typename Inspector::result_type inspect(Inspector& f, T& x) {
  return compat::inspect_bytes(
    f, byte_buffer{}, [&](byte_buffer& bytes) { detail::save(x, bytes); },
    [&](const byte_buffer& bytes) { return detail::load(bytes, x); });
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_options& x) {
  auto mode = static_cast<std::uint8_t>(x.mode);
  std::int64_t timeout_ms = x.timeout.count();
  if constexpr (Inspector::reads_state) {
    return f(mode, timeout_ms);
  } else {
    if (auto err = f(mode, timeout_ms))
      return err;
    return detail::load(mode, timeout_ms, x);
  }
}

/// One page of a walk over a table: see `page_atom`.
struct page {
  std::vector<record> rows;
  value next; ///< where the next page begins; nil after the last one
};
SUPERCACHE_INSPECT(page, x.rows, x.next)

/// What nodes send each other, encoded by the cluster's own codec; see cluster/frame.hpp.
struct wire_frame {
  byte_buffer bytes;
};
SUPERCACHE_INSPECT(wire_frame, x.bytes)

/// Work for an actor of the same process.
using local_job = std::shared_ptr<std::function<void()>>;

/// `update_element` changes in a message.
using element_change = std::pair<std::uint32_t, value>;

} // namespace supercache::inline SUPERCACHE_ABI

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(supercache::local_job)

// The ids begin at 400, so that an application's own block, which begins at
// caf::first_custom_type_id, has room before them.
CAF_BEGIN_TYPE_ID_BLOCK(supercache, caf::first_custom_type_id + 400)
CAF_ADD_TYPE_ID(supercache, (supercache::value))
CAF_ADD_TYPE_ID(supercache, (supercache::record))
CAF_ADD_TYPE_ID(supercache, (supercache::pattern))
CAF_ADD_TYPE_ID(supercache, (supercache::operation))
CAF_ADD_TYPE_ID(supercache, (supercache::page))
CAF_ADD_TYPE_ID(supercache, (supercache::wire_frame))
CAF_ADD_TYPE_ID(supercache, (std::vector<supercache::value>))
CAF_ADD_TYPE_ID(supercache, (std::vector<supercache::record>))
CAF_ADD_TYPE_ID(supercache, (std::vector<std::vector<supercache::value>>))
CAF_ADD_TYPE_ID(supercache, (std::vector<std::vector<supercache::record>>))
CAF_ADD_TYPE_ID(supercache, (std::vector<supercache::element_change>))

CAF_ADD_ATOM(supercache, supercache, admin_atom, "admin")
CAF_ADD_ATOM(supercache, supercache, apply_atom, "apply")
CAF_ADD_ATOM(supercache, supercache, batch_atom, "batch")
CAF_ADD_ATOM(supercache, supercache, cas_atom, "cas")
CAF_ADD_ATOM(supercache, supercache, clear_atom, "clear")
CAF_ADD_ATOM(supercache, supercache, config_atom, "config")
CAF_ADD_ATOM(supercache, supercache, count_atom, "count")
CAF_ADD_ATOM(supercache, supercache, counter_atom, "counter")
CAF_ADD_ATOM(supercache, supercache, drain_atom, "drain")
CAF_ADD_ATOM(supercache, supercache, frame_atom, "frame")
CAF_ADD_ATOM(supercache, supercache, expire_atom, "expire")
CAF_ADD_ATOM(supercache, supercache, index_atom, "index")
CAF_ADD_ATOM(supercache, supercache, join_atom, "join")
CAF_ADD_ATOM(supercache, supercache, insert_atom, "insert")
CAF_ADD_ATOM(supercache, supercache, kv_atom, "kv")
CAF_ADD_ATOM(supercache, supercache, lazy_atom, "lazy")
CAF_ADD_ATOM(supercache, supercache, list_atom, "list")
CAF_ADD_ATOM(supercache, supercache, match_atom, "match")
CAF_ADD_ATOM(supercache, supercache, page_atom, "page")
CAF_ADD_ATOM(supercache, supercache, peek_atom, "peek")
CAF_ADD_ATOM(supercache, supercache, pop_atom, "pop")
CAF_ADD_ATOM(supercache, supercache, push_atom, "push")
CAF_ADD_ATOM(supercache, supercache, queue_atom, "queue")
CAF_ADD_ATOM(supercache, supercache, run_atom, "run")
CAF_ADD_ATOM(supercache, supercache, ready_atom, "ready")
CAF_ADD_ATOM(supercache, supercache, remove_atom, "remove")
CAF_ADD_ATOM(supercache, supercache, replace_atom, "replace")
CAF_ADD_ATOM(supercache, supercache, select_atom, "select")
CAF_ADD_ATOM(supercache, supercache, stack_atom, "stack")
CAF_ADD_ATOM(supercache, supercache, stats_atom, "stats")
CAF_ADD_ATOM(supercache, supercache, stop_atom, "stop")
CAF_ADD_ATOM(supercache, supercache, struct_atom, "struct")
CAF_ADD_ATOM(supercache, supercache, take_atom, "take")
CAF_ADD_ATOM(supercache, supercache, ttl_atom, "ttl")
CAF_ADD_ATOM(supercache, supercache, wait_atom, "wait")
CAF_ADD_ATOM(supercache, supercache, wake_atom, "wake")
CAF_ADD_TYPE_ID(supercache, (supercache::change))
CAF_ADD_TYPE_ID(supercache, (supercache::interest))
CAF_ADD_TYPE_ID(supercache, (std::vector<supercache::change>))
CAF_ADD_ATOM(supercache, supercache, changes_atom, "changes")
CAF_ADD_ATOM(supercache, supercache, unwatch_atom, "unwatch")
CAF_ADD_ATOM(supercache, supercache, watch_atom, "watch")
CAF_ADD_ATOM(supercache, supercache, range_atom, "range")
CAF_ADD_ATOM(supercache, supercache, init_atom, "init")
CAF_ADD_ATOM(supercache, supercache, node_up_atom, "node_up")
CAF_ADD_ATOM(supercache, supercache, node_down_atom, "node_down")
CAF_ADD_TYPE_ID(supercache, (supercache::read_options))
CAF_ADD_TYPE_ID(supercache, (supercache::query))
CAF_ADD_TYPE_ID(supercache, (supercache::answer))
CAF_ADD_ATOM(supercache, supercache, ask_atom, "ask")
CAF_ADD_ATOM(supercache, supercache, append_atom, "append")
CAF_ADD_ATOM(supercache, supercache, view_atom, "view")
CAF_END_TYPE_ID_BLOCK(supercache)

namespace supercache::inline SUPERCACHE_ABI {

/// Makes the types known to an actor system that talks to others over the network; for the
/// constructor of your `actor_system_config`. Messages within one process do not need it.
SUPERCACHE_API void add_message_types(caf::actor_system_config& cfg);

} // namespace supercache::inline SUPERCACHE_ABI
