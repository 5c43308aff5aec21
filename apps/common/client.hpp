#pragma once

#include "address.hpp"

#include <supercache/store/change.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace supercache::app {

/// A cluster, or a single node, from outside: the messages of interfaces.hpp as calls that block.
/// It needs no CAF header. What is about data goes on when the node dies that was connected to, if
/// it is a client of the whole cluster; what is about a node (`stats`, `config`, `members`, `leave`
/// and the like) is asked of that node. Every call waits for `timeout` at most and throws `error`
/// when it fails. A call that would change something and gets no answer throws `outcome_unknown`,
/// and says so.
///
/// Thread: one. What a client holds is freed on another thread, which may have to wait for a
/// connection that hangs; so a program that had a client ends with `end_process`.
class client {
public:
  using milliseconds = std::chrono::milliseconds;
  /// The partition value that a call is about; without it, all partitions or the key's.
  using partition = std::optional<value>;
  /// Waits for what was sent ahead; throws like a call.
  using answer = std::function<void()>;

  /// Whether the user has interrupted. Then calls end with `outcome_unknown`: a wait for an event
  /// at once, a wait for an answer after a second.
  using stopper = std::function<bool()>;

  /// Whom calls about data are made to: the primaries of the cluster that the node belongs to, as
  /// `cache::connect` does it; or the node, whatever it does then.
  enum class talks_to { cluster, node };

  /// Throws `error` with one sentence when the node cannot be reached within `timeout`.
  client(const address& node, milliseconds timeout, const stopper& given_up = {},
         talks_to whom = talks_to::cluster);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Whether nobody is left to talk to, or a call was abandoned; a lost client never recovers.
  bool lost() const noexcept;
  void set_timeout(milliseconds timeout) noexcept;

  // -- tuples ------------------------------------------------------------------------------------
  void put(record r, milliseconds ttl);
  answer put_ahead(std::vector<record> rows);
  /// `mode`: where it is read, "local", "primary" or "quorum".
  std::vector<record> get(const value& key, const partition& in, const std::string& mode = "local");
  std::uint64_t remove(const value& key, const partition& in);
  std::uint64_t remove_match(const pattern& p, const partition& in);
  std::uint64_t remove_all();
  /// `limit`: at most so many; 0 = all.
  std::vector<bindings> match(const pattern& p, const partition& in, std::uint64_t limit);
  std::vector<record> select(const pattern& p, const partition& in, std::uint64_t limit);
  std::uint64_t count_match(const pattern& p, const partition& in);

  // -- key-value namespaces ----------------------------------------------------------------------
  void kv_put(const std::string& ns, const value& key, value x, milliseconds ttl);
  answer kv_put_ahead(const std::string& ns, std::vector<value> keys, std::vector<value> xs,
                      milliseconds ttl = {});
  bool kv_add_new(const std::string& ns, const value& key, value x, milliseconds ttl);
  std::vector<value> kv_get(const std::string& ns, const value& key);
  bool kv_cas(const std::string& ns, const value& key, const value& expected, value desired);
  bool kv_replace(const std::string& ns, const value& key, value x);
  std::int64_t kv_increment(const std::string& ns, const value& key, std::int64_t initial,
                            std::int64_t step, milliseconds ttl = {});
  std::uint64_t kv_append(const std::string& ns, const value& key, value what);
  std::uint64_t kv_remove(const std::string& ns, const value& key);
  std::uint64_t kv_clear(const std::string& ns);
  std::uint64_t kv_count(const std::string& ns);
  bool kv_expire(const std::string& ns, const value& key, milliseconds ttl);
  /// Milliseconds left; -1 for ever.
  std::int64_t kv_ttl(const std::string& ns, const value& key);

  // -- queues and stacks -------------------------------------------------------------------------
  enum class line { queue, stack };
  std::uint64_t push(line kind, const std::string& name, std::vector<value> items);
  std::vector<value> pop(line kind, const std::string& name, std::uint64_t n);
  std::uint64_t count(line kind, const std::string& name);
  std::vector<value> drain(line kind, const std::string& name);
  std::vector<value> queue_peek(const std::string& name);
  /// Throws `error` with `errc::timeout` when no item comes within `wait`.
  value queue_wait(const std::string& name, milliseconds wait);

  // -- watching ----------------------------------------------------------------------------------
  /// Calls `told` for every change from now on until it returns false. Also calls it without a
  /// change when the watch has begun, and every 100 ms without changes. Throws `error` when the
  /// connection is lost.
  void watch(const interest& what, const std::function<bool(const change*)>& told);

  // -- structs -----------------------------------------------------------------------------------
  answer struct_put_ahead(const std::string& type, std::vector<record> rows);

  // -- about the cache ---------------------------------------------------------------------------
  value stats(const std::string& section);
  value config();
  /// Changes an option while the node runs. Throws `error`: only `debug_log` can be changed.
  void set_config(const std::string& name, const std::string& text);
  /// Names in use of "kv", "queue", "stack" or "structs", sorted, a page at a time: at most `limit`
  /// names with the prefix, and only names after `behind` unless that is nil.
  std::vector<value> names(const std::string& kind, const value& behind, const std::string& prefix,
                           std::uint64_t limit);
  struct rows_page {
    std::vector<record> rows;
    value next; ///< nil after the last page
  };
  /// Which page: about `limit` of the rows whose keys are strings with a prefix.
  struct page_of {
    std::string kind, name; ///< of the space
    std::string prefix{};
    std::uint64_t limit = 1'000;
    bool keys_only = false; ///< a row of each key alone
  };
  rows_page next_page(const page_of& which, const value& from);

  // -- backups -----------------------------------------------------------------------------------
  /// See `backup_actor`; `index` is that of a partition.
  value snapshot_part(std::uint64_t index, std::uint64_t snapshot, std::uint64_t number);
  answer restore_ahead(std::uint64_t index, const operation& what);
  value struct_keys();
  void struct_init(const std::string& type, std::uint64_t field);

  // -- the cluster -------------------------------------------------------------------------------
  // All throw `error` with `invalid_argument` when the node is not in a cluster.
  /// Lists of maps: node, state, address, primaries, replicas; and partition, primary, epoch,
  /// replicas, coming, last, commit, records.
  value members();
  value placement();
  /// Wait up to `longest` for the effect; errors: `timeout`, which says what is missing.
  void leave(milliseconds longest);
  value sync(milliseconds longest);
  void force_primary(std::uint64_t index);

private:
  value administer(const std::string& what, value argument, milliseconds wait, const char* unknown);
  struct link;
  std::unique_ptr<link> link_;
};

} // namespace supercache::app
