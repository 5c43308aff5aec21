#include "access.hpp"

#include <supercache/kv.hpp>

namespace supercache {

/// Hot path of `get`: puts the value, if there is one, into `x`. False: the short way does not lead
/// to an answer, for whatever reason, or the call is to be measured.
bool kv::get_directly(const value& key, value& x, const read_options& o) const {
  detail::core& c = cache_.internals();
  if (!detail::goes_directly(c, key, o)) [[unlikely]]
    return false;
  const reclaim::pin guard;
  const auto h = detail::hash_16(key.words()[0], key.words()[1]);
  const table* t = c.of(h).find(space_kind::kv, name_, name_hash_);
  const detail::block* b = t ? t->as_set()->find_shortly(key, h) : &shelf::nothing;
  if (!b || !c.metrics().count_unless_sampled(metric::get_local, reclaim::thread_ordinal()))
    [[unlikely]]
    return false;
  if (b == &shelf::nothing)
    return c.reads_directly(); // else a stop may have emptied what was looked at
  x = b->items()[1];
  return true;
}

} // namespace supercache
