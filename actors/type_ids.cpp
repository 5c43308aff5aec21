#include <supercache/type_ids.hpp>

namespace supercache::inline SUPERCACHE_ABI {

namespace detail {

namespace {

template <class T, class Decode>
compat::inspected load_whole(const byte_buffer& bytes, T& x, Decode decode) {
  byte_view in{bytes};
  auto decoded = decode(in);
  if (!decoded)
    return to_caf(decoded.why());
  if (!in.empty())
    return to_caf({errc::malformed, "bytes behind the end of an encoding"});
  x = *std::move(decoded);
  return compat::inspected_well();
}

} // namespace

compat::inspected load(const byte_buffer& bytes, value& x) {
  return load_whole(bytes, x, decode_value);
}
compat::inspected load(const byte_buffer& bytes, record& x) {
  return load_whole(bytes, x, decode_record);
}
compat::inspected load(const byte_buffer& bytes, pattern& x) {
  return load_whole(bytes, x, decode_pattern);
}
compat::inspected load(const byte_buffer& bytes, operation& x) {
  return load_whole(bytes, x, decode_operation);
}
compat::inspected load(const byte_buffer& bytes, change& x) {
  return load_whole(bytes, x, decode_change);
}
compat::inspected load(const byte_buffer& bytes, interest& x) {
  return load_whole(bytes, x, decode_interest);
}

} // namespace detail

void add_message_types(caf::actor_system_config& cfg) {
  cfg.add_message_types<caf::id_block::supercache>();
  cfg.add_error_category(compat::error_category, render_error);
}

} // namespace supercache::inline SUPERCACHE_ABI
