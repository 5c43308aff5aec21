#include <supercache/cluster/frame.hpp>
#include <supercache/cluster/handshake.hpp>
#include <supercache/store/wire_fields.hpp>

#include <algorithm>

namespace supercache {

// Whoever changes what is sent raises `hello::present_version`, says there what changed, and pins
// the new digest here. Entries and operations are also what a log on disk consists of.
static_assert(is_unchanged<digest_of<std::pair<hello, frame::item>>(), 0xe40c956e6f0e2d37>::value);
static_assert(is_unchanged<digest_of<frame::header>(), 0x3180317cc5824b80>::value);
static_assert(is_unchanged<digest_of<entry>(), 0xb20365267d5c6fdb>::value);

static_assert(is_unchanged<digest_of<cluster_view>(), 0xd6671b1ba542d854>::value);

std::string speaker_of(byte_view hello) {
  constexpr std::size_t longest = 255;
  const auto printable = [](const std::string& s) {
    return !s.empty() && s.size() <= longest
           && std::ranges::all_of(s, [](char c) { return c > ' ' && c <= '~'; });
  };
  wire_reader r{hello};
  r.number();
  const auto a = decode<node_address>(r);
  return r.ok() && printable(a.name) && printable(a.host) ? to_string(a) : "of unknown name";
}

namespace {

template <class T>
byte_buffer in_bytes(const T& x) {
  byte_buffer out;
  wire_writer w{out};
  encode(w, x);
  return out;
}

} // namespace

byte_buffer encode_hello(const hello& h) { return in_bytes(h); }

namespace {

status check_version(byte_view bytes) {
  wire_reader version{bytes};
  if (const auto v = version.number(); version.ok() && v != hello::present_version)
    return {errc::invalid_config, "the other node speaks version " + std::to_string(v)
                                    + " of the protocol; this one speaks "
                                    + std::to_string(hello::present_version)};
  return ok();
}

} // namespace

byte_buffer encode_view(const cluster_view& v) { return in_bytes(v); }

result<cluster_view> decode_view(byte_view bytes) {
  if (auto s = check_version(bytes); !s)
    return s.why();
  wire_reader r{bytes};
  cluster_view v = decode<cluster_view>(r);
  if (r.ok() && (v.self.id == 0 || v.partitions.empty()))
    r.fail("a view without an incarnation or partitions");
  if (auto s = r.finish(); !s)
    return s.why();
  return v;
}

result<hello> decode_hello(byte_view bytes) {
  if (auto s = check_version(bytes); !s)
    return s.why();
  wire_reader r{bytes};
  hello h = decode<hello>(r);
  if (r.ok() && (h.incarnation == 0 || !is_plain_name(h.node.name) || !is_host(h.node.host)))
    r.fail("a node without a name, a host or an incarnation");
  if (auto s = r.finish(); !s)
    return s.why();
  return h;
}

// -- what must be the same ----------------------------------------------------------------------

namespace {

constexpr auto nothing = "nothing";

std::string text_in(const structure& s, const std::string& name) {
  const auto at = std::ranges::find(s, name, [](const auto& x) { return x.first; });
  return at == s.end() ? nothing : at->second;
}

} // namespace

void differences::differs(const std::string& name, const std::string& here,
                          const std::string& there, const std::string& who) {
  auto at = std::ranges::find(found_, name, &difference::name);
  if (at == found_.end())
    at = found_.insert(at, {name, here, {}});
  auto& others = at->others;
  const auto same = std::ranges::find(others, there, [](const auto& x) { return x.first; });
  if (same == others.end())
    others.emplace_back(there, who);
  else
    same->second += ", " + who;
}

void differences::add(const structure& there, const node_address& who) {
  for (const auto& [name, text] : here_)
    if (const auto other = text_in(there, name); other != text)
      differs(name, text, other, to_string(who));
  for (const auto& [name, text] : there)
    if (text_in(here_, name) == nothing && text != nothing)
      differs(name, nothing, text, to_string(who));
}

status differences::verdict() const {
  if (none())
    return ok();
  std::string text;
  for (const auto& [name, here, others] : found_) {
    text += (text.empty() ? "" : "; ") + name + ": " + here + " here";
    for (const auto& [there, who] : others)
      text += ", " + there + " at " + who;
  }
  return {errc::invalid_config, "nodes of one cluster need the same options: " + text};
}

std::string reason_in(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    if (word.find('@') == std::string_view::npos)
      (out += word) += ' ';
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return out;
}

status check_hello(const hello& here, const hello& there) {
  if (there.node.name == here.node.name)
    return {errc::invalid_config, "another node is called '" + here.node.name + "' too, at "
                                    + there.node.host + ":" + std::to_string(there.node.port)
                                    + "; node.name must be unique in a cluster"};
  differences all{here.structure};
  all.add(there.structure, there.node);
  return all.verdict();
}

} // namespace supercache
