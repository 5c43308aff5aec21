#pragma once

#include <supercache/cluster/log.hpp>
#include <supercache/store/result.hpp>

#include <map>
#include <optional>

namespace supercache {

/// What each client's latest writes to a partition answered, so that a request that is sent again
/// is answered again and not done again. Part of the replicated state: every replica keeps the same
/// by applying the same entries.
///
/// Answers are kept until the client says it has them, and sessions until they were idle for an
/// hour of the log's time; a client gives up on a request long before. Source: Ongaro's
/// dissertation, §6.3. Not thread-safe. Cost: two lookups in small maps.
class sessions {
public:
  static constexpr std::int64_t idle_ms = 3'600'000;

  struct outcome {
    log_index index = 0; ///< of the entry; the answer holds once this is committed
    value answer;
    bool operator==(const outcome&) const = default;
  };
  /// The outcome of a request that was done, else nullptr.
  const outcome* find(const request_id& r) const;
  /// Whether the client said that it has the answer: the request comes late and must be ignored.
  bool over(const request_id& r) const;
  /// Notes what the entry at `index` answered. @pre r.client != 0
  void done(const request_id& r, log_index index, value answer, std::int64_t stamp_ms);
  /// Forgets clients that were idle for too long at the time of an entry.
  void expire(std::int64_t stamp_ms);
  void clear() { *this = {}; }
  std::size_t size() const noexcept;

  friend void encode(wire_writer& w, const sessions& s);
  friend void decode(wire_reader& r, sessions& s);
  bool operator==(const sessions&) const = default;

private:
  struct client {
    std::uint64_t done = 0;
    std::int64_t last_ms = 0;
    std::map<std::uint64_t, outcome> answers;
    bool operator==(const client&) const = default;
  };
  std::map<member_id, client> clients_;
  std::int64_t expired_ms_ = 0; ///< when idle clients were looked for
};

} // namespace supercache
