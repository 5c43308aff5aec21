#pragma once

#include <cstdint>

namespace supercache::detail {

/// The time for all that lasts or is due on this node, on its own or in a cluster: milliseconds
/// since the epoch by the wall clock when this was first asked, and from then on by one that nobody
/// sets. It counts while the machine is suspended, too, so that what was to end meanwhile has, and
/// who wakes up knows that others may have taken over. Thread: any. Cost: some 30 ns.
std::int64_t system_ms() noexcept;

} // namespace supercache::detail
