#pragma once

#include <supercache/store/result.hpp>

#include <new>

namespace supercache::detail {

/// What `read` answers, or the `error` it throws; running out of memory is `too_large`.
template <class T, class F>
result<T> guarded(F&& read) {
  try {
    return read();
  } catch (const error& e) {
    return {e.code(), e.what()};
  } catch (const std::bad_alloc&) {
    return {errc::too_large, "out of memory"};
  }
}

} // namespace supercache::detail
