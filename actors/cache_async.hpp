#pragma once

#include "core.hpp"

#include <caf/behavior.hpp>

namespace supercache::detail {

/// The operations that CACHE does in a cluster without a thread that waits: those of one key, queue
/// or stack, and batches of records. Each is sent on its way at once, and answered by the thread
/// that hears of its end, so that one actor may have any number under way.
///
/// Writes of one sender to one partition are done in the order of its messages, as long as the
/// partition's primary stays where it is.
class asynchronous {
public:
  explicit asynchronous(std::shared_ptr<core> c);
  /// Does it, if it is such an operation.
  bool take(const compat::deferred_request& r);

private:
  /// The request that the clauses work on; they see no more than its content.
  struct current {
    compat::deferred_request request;
    bool taken = false;
  };
  std::shared_ptr<current> now_;
  caf::behavior clauses_;
};

} // namespace supercache::detail
