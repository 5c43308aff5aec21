#pragma once

#include <supercache/store/encoding.hpp>
#include <supercache/store/operation.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace supercache {
class wire_reader;
class wire_writer;
} // namespace supercache

/// Changes of tables, for watchers.
namespace supercache::inline SUPERCACHE_ABI {

/// What became of a record. Sent on the wire: never renumber.
enum class change_kind : std::uint8_t {
  stored = 0,  ///< it is there now
  removed = 1, ///< it was there
  expired = 2, ///< it was there, and its time was over
  missed = 3,  ///< changes may have been lost, or told and then undone: look again
};
SUPERCACHE_API std::string_view to_string(change_kind k) noexcept;

template <>
inline constexpr enum_range range_of<change_kind>{4, "kind of change"};

/// What a watcher is told. `row` is the record that is or was there; none with `missed`.
struct change {
  change_kind kind = change_kind::missed;
  space where;
  record row;
};

/// What to watch: all of a space, one key of it, or what matches a pattern. Queues and stacks
/// cannot be watched.
struct interest {
  space where;
  std::optional<value> key{};
  std::optional<pattern> what{};
  static constexpr auto fields(auto&& f) {
    return f(&interest::where, &interest::key, &interest::what);
  }
};

/// One change, with what was there before. An empty record: nothing.
struct transition {
  space where;
  change_kind kind = change_kind::missed;
  record before, after;
  static constexpr auto fields(auto&& f) {
    return f(&transition::where, &transition::kind, &transition::before, &transition::after);
  }
};

/// Receives the changes of tables.
class change_sink {
public:
  virtual ~change_sink() = default;
  /// Called with the lock of the key held, and so in the order of the changes of one key: must be
  /// quick and must not call the table. Thread: any.
  virtual void changed(transition t) = 0;
  /// The records of a key may be about to change: `had()` is all of them, in order. Called like
  /// `changed`, before it.
  virtual void changing(const space& where, const value& key, std::uint64_t hash,
                        const std::function<std::vector<record>()>& had) {
    static_cast<void>(where), static_cast<void>(key), static_cast<void>(hash);
    static_cast<void>(had);
  }
};

/// A checked interest, which filters changes.
class change_filter {
public:
  /// `key_pos`: of tuples. Errors: `invalid_argument` for a space that cannot be watched and a
  /// pattern that makes no sense.
  static result<change_filter> make(interest i, std::size_t key_pos);
  const interest& of() const noexcept { return of_; }
  /// The change to report for `t`, if any. A record that no longer matches because it was replaced
  /// counts as removed.
  std::optional<change> sees(const transition& t) const;

private:
  bool wants(const record& r) const;
  interest of_;
  std::size_t key_pos_ = 0;
  std::optional<compiled_pattern> what_;
};

void encode(wire_writer& w, const change& c);
void decode(wire_reader& r, change& c);
/// An empty record travels as `false`, another one behind `true`.
void encode(wire_writer& w, const transition& t);
/// Errors show in the reader.
void decode(wire_reader& r, transition& t);

/// For messages of actors, as `encode` and `decode_value`.
SUPERCACHE_API void encode(const change& x, byte_buffer& out);
SUPERCACHE_API void encode(const interest& x, byte_buffer& out);
SUPERCACHE_API result<change> decode_change(byte_view& in);
SUPERCACHE_API result<interest> decode_interest(byte_view& in);

} // namespace supercache::inline SUPERCACHE_ABI
