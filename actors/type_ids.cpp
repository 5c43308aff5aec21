#include <supercache/store/wire_fields.hpp>
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

namespace {

/// What has no form of its own but that of frames between nodes.
template <class T>
compat::inspected load_fields(const byte_buffer& bytes, T& x) {
  wire_reader r{bytes};
  T out;
  decode(r, out);
  if (!r.ok())
    return to_caf(r.status().why());
  if (!r.at_end())
    return to_caf({errc::malformed, "bytes behind the end of an encoding"});
  x = std::move(out);
  return compat::inspected_well();
}

} // namespace

compat::inspected load(const byte_buffer& bytes, query& x) { return load_fields(bytes, x); }
compat::inspected load(const byte_buffer& bytes, answer& x) { return load_fields(bytes, x); }
void encode(const query& x, byte_buffer& bytes) {
  wire_writer w{bytes};
  supercache::encode(w, x);
}
void encode(const answer& x, byte_buffer& bytes) {
  wire_writer w{bytes};
  supercache::encode(w, x);
}

compat::inspected load(std::uint8_t mode, std::int64_t timeout_ms, read_options& x) {
  if (mode > static_cast<std::uint8_t>(read_mode::quorum))
    return to_caf({errc::malformed, "no read mode has number " + std::to_string(mode)});
  x = {static_cast<read_mode>(mode), std::chrono::milliseconds{timeout_ms}};
  return compat::inspected_well();
}

} // namespace detail

void add_message_types(caf::actor_system_config& cfg) {
  cfg.add_message_types<caf::id_block::supercache>();
  cfg.add_error_category(compat::error_category, render_error);
}

} // namespace supercache::inline SUPERCACHE_ABI
