#pragma once

namespace bench {

/// The processor time, in ns, that this process and all its descendants have used.
double cpu_ns();

} // namespace bench
