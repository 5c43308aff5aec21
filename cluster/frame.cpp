#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/handshake.hpp>

namespace supercache::frame {

namespace {

void write(wire_writer& w, const heartbeat& x) {
  w.number(x.claims_version);
  w.flag(x.leaving);
}
void write(wire_writer&, const ask_claims&) {}
void write(wire_writer& w, const all_claims& x) {
  w.number(x.version);
  w.number(x.claims.size());
  for (const claim& c : x.claims)
    supercache::write(w, c);
  supercache::write(w, x.gone);
}
void write(wire_writer& w, const one_claim& x) {
  w.number(x.version);
  supercache::write(w, x.claim);
}
void write(wire_writer& w, const peer_message& x) {
  w.number(x.partition);
  supercache::write(w, x.what);
}
void write(wire_writer& w, const request& x) {
  w.number(x.id);
  w.number(x.partition);
  w.number(x.who.client);
  w.number(x.who.number);
  w.number(x.who.done);
  w.item(x.what);
}
void write(wire_writer& w, const failure& x) {
  w.number(static_cast<std::uint64_t>(x.code));
  w.text(x.message);
}
void write(wire_writer& w, const reply& x) {
  w.number(x.id);
  write(w, x.why);
  supercache::write(w, x.at);
  w.item(x.answer);
}
void write(wire_writer& w, const question& x) {
  w.number(x.id);
  w.number(x.partition);
  w.flag(x.at_primary);
  w.number(x.hold_ms);
  supercache::write(w, x.what);
}
void write(wire_writer& w, const found& x) {
  w.number(x.id);
  write(w, x.why);
  supercache::write(w, x.at.last);
  supercache::write(w, x.at.group);
  supercache::write(w, x.what);
}

void write(wire_writer& w, const watching& x) {
  w.number(x.version);
  w.flag(x.anew);
  w.number(x.what.size());
  for (const interest& i : x.what)
    supercache::write(w, i);
}
void write(wire_writer& w, const watched& x) { w.number(x.version); }
void write(wire_writer& w, const changes& x) {
  w.number(x.what.size());
  for (const transition& t : x.what)
    supercache::write(w, t);
}
void write(wire_writer& w, const known_nodes& x) {
  w.number(x.nodes.size());
  for (const node_address& a : x.nodes)
    supercache::write(w, a);
}

constexpr std::uint64_t message_tag = 4;
static_assert(std::is_same_v<std::variant_alternative_t<message_tag, item>, peer_message>);

failure read_failure(wire_reader& r) {
  const auto code = static_cast<errc>(r.number_below(64, "error code"));
  return {code, r.text()};
}

all_claims read_all_claims(wire_reader& r) {
  all_claims x;
  x.version = r.number();
  for (std::size_t n = r.count(); n > 0 && r.ok(); --n)
    x.claims.push_back(read_claim(r));
  x.gone = read_members(r);
  return x;
}

request read_request(wire_reader& r, std::size_t partitions) {
  request x;
  x.id = r.number();
  x.partition = r.number_below(partitions, "partition");
  x.who.client = r.number();
  x.who.number = r.number();
  x.who.done = r.number();
  x.what = r.read_operation();
  return x;
}

reply read_reply(wire_reader& r) {
  reply x;
  x.id = r.number();
  x.why = read_failure(r);
  x.at = read_position(r);
  x.answer = r.read_value();
  return x;
}

question read_question(wire_reader& r, std::size_t partitions) {
  question x;
  x.id = r.number();
  x.partition = r.number_below(partitions, "partition");
  x.at_primary = r.flag();
  x.hold_ms = r.number();
  x.what = read_query(r);
  return x;
}

found read_found(wire_reader& r) {
  found x;
  x.id = r.number();
  x.why = read_failure(r);
  x.at.last = read_position(r);
  x.at.group = read_group(r);
  x.what = read_answer(r);
  return x;
}

watching read_watching(wire_reader& r) {
  watching x;
  x.version = r.number();
  x.anew = r.flag();
  for (std::size_t n = r.count(); n > 0 && r.ok(); --n)
    x.what.push_back(read_interest(r));
  return x;
}

changes read_changes(wire_reader& r) {
  changes x;
  for (std::size_t n = r.count(); n > 0 && r.ok(); --n)
    x.what.push_back(read_transition(r));
  return x;
}

known_nodes read_known_nodes(wire_reader& r) {
  known_nodes x;
  for (std::size_t n = r.count(); n > 0 && r.ok(); --n)
    x.nodes.push_back(read_node_address(r));
  return x;
}

} // namespace

void write(wire_writer& w, const header& h) {
  w.number(h.session);
  w.number(h.received);
}

void write(wire_writer& w, const item& i) {
  w.number(i.index());
  std::visit([&](const auto& x) { write(w, x); }, i);
}

void write_message(wire_writer& w, std::uint64_t partition, const message& m) {
  w.number(message_tag);
  w.number(partition);
  supercache::write(w, m);
}

header read_header(wire_reader& r) {
  header h;
  h.session = r.number();
  h.received = r.number();
  return h;
}

item read_item(wire_reader& r, std::size_t partitions) {
  switch (r.number_below(std::variant_size_v<item>, "kind of item")) {
    case 0: {
      const auto version = r.number();
      return heartbeat{version, r.flag()};
    }
    case 2: return read_all_claims(r);
    case 3: {
      const auto version = r.number();
      return one_claim{version, read_claim(r)};
    }
    case message_tag: {
      const auto partition = r.number_below(partitions, "partition");
      return peer_message{partition, read_message(r)};
    }
    case 5: return read_request(r, partitions);
    case 6: return read_reply(r);
    case 7: return read_question(r, partitions);
    case 8: return read_found(r);
    case 9: return read_watching(r);
    case 10: return watched{r.number()};
    case 11: return read_changes(r);
    case 12: return read_known_nodes(r);
    default: return ask_claims{};
  }
}

} // namespace supercache::frame
