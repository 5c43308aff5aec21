#include <supercache/cluster/frame.hpp>
#include <supercache/store/wire_fields.hpp>

namespace supercache::frame {

namespace {

constexpr std::uint64_t message_tag = 4;
static_assert(std::is_same_v<std::variant_alternative_t<message_tag, item>, peer_message>);

} // namespace

void encode(wire_writer& w, const header& h) { supercache::encode(w, h); }

header decode_header(wire_reader& r) { return supercache::decode<header>(r); }

void encode(wire_writer& w, const item& i) { supercache::encode(w, i); }

void encode_message(wire_writer& w, std::uint64_t partition, const message& m) {
  w.number(message_tag);
  w.number(partition);
  supercache::encode(w, m);
}

item decode_item(wire_reader& r, std::size_t partitions) {
  auto i = supercache::decode<item>(r);
  std::visit(
    [&](const auto& x) {
      if constexpr (requires { x.partition; })
        if (r.ok() && x.partition >= partitions)
          r.fail("partition is " + std::to_string(x.partition) + "; allowed is 0 to "
                 + std::to_string(partitions - 1));
    },
    i);
  return i;
}

} // namespace supercache::frame
