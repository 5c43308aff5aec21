#include <supercache/cluster/messages.hpp>

// A message is its number in the variant and its fields in the order of their declaration. Each
// writer and reader unpacks all fields, so that a new one cannot be forgotten.

namespace supercache {

namespace {

void put(wire_writer& w, const vote_request& m) {
  const auto& [proposed, last, pre, handed_over, partial, initial_members, counted_ms] = m;
  write(w, proposed);
  write(w, last);
  w.flag(pre);
  w.flag(handed_over);
  w.flag(partial);
  write(w, initial_members);
  w.number(counted_ms);
}
void get(wire_reader& r, vote_request& m) {
  auto& [proposed, last, pre, handed_over, partial, initial_members, counted_ms] = m;
  proposed = read_epoch(r);
  last = read_position(r);
  pre = r.flag();
  handed_over = r.flag();
  partial = r.flag();
  initial_members = read_members(r);
  counted_ms = r.number();
}

void put(wire_writer& w, const vote_reply& m) {
  const auto& [proposed, pre, granted, promised, has_data, last] = m;
  write(w, proposed);
  w.flag(pre);
  w.flag(granted);
  write(w, promised);
  w.flag(has_data);
  write(w, last);
}
void get(wire_reader& r, vote_reply& m) {
  auto& [proposed, pre, granted, promised, has_data, last] = m;
  proposed = read_epoch(r);
  pre = r.flag();
  granted = r.flag();
  promised = read_epoch(r);
  has_data = r.flag();
  last = read_position(r);
}

void put(wire_writer& w, const entry_batch& b) {
  w.number(b.runs.size());
  for (const auto& run : b.runs) {
    write(w, run.epoch);
    w.number(run.count);
  }
  w.bytes(b.bytes);
}
void get(wire_reader& r, entry_batch& b) {
  b.runs.resize(r.count());
  for (auto& run : b.runs) {
    run.epoch = read_epoch(r);
    run.count = r.number();
  }
  const auto bytes = r.bytes();
  b.bytes.assign(bytes.begin(), bytes.end());
}

void put(wire_writer& w, const append& m) {
  const auto& [epoch, previous, commit, time_ms, entries] = m;
  write(w, epoch);
  write(w, previous);
  w.number(commit);
  w.number(static_cast<std::uint64_t>(time_ms));
  put(w, entries);
}
void get(wire_reader& r, append& m) {
  auto& [epoch, previous, commit, time_ms, entries] = m;
  epoch = read_epoch(r);
  previous = read_position(r);
  commit = r.number();
  time_ms = static_cast<std::int64_t>(r.number());
  get(r, entries);
}

void put(wire_writer& w, const progress_report& m) {
  const auto& [epoch, accepted, match, last, diverged, asking, transfer, installing, at, given_up]
    = m;
  write(w, epoch);
  w.flag(accepted);
  w.number(match);
  write(w, last);
  w.flag(diverged);
  w.flag(asking);
  write(w, transfer);
  w.flag(installing);
  if (installing)
    write(w, at);
  w.number(given_up);
}
void get(wire_reader& r, progress_report& m) {
  auto& [epoch, accepted, match, last, diverged, asking, transfer, installing, at, given_up] = m;
  epoch = read_epoch(r);
  accepted = r.flag();
  match = r.number();
  last = read_position(r);
  diverged = r.flag();
  asking = r.flag();
  transfer = read_transfer_id(r);
  installing = r.flag();
  if (installing)
    at = read_point(r);
  given_up = r.number();
}

void put(wire_writer& w, const install_snapshot& m) {
  const auto& [epoch, transfer, begin, at, epochs, commit, time_ms, stamp_ms, who, who_index, from,
               to, piece, sessions]
    = m;
  write(w, epoch);
  write(w, transfer);
  w.flag(begin);
  write(w, at);
  write(w, epochs);
  w.number(commit);
  w.number(static_cast<std::uint64_t>(time_ms));
  w.number(static_cast<std::uint64_t>(stamp_ms));
  write(w, who);
  w.number(who_index);
  write(w, from);
  write(w, to);
  w.bytes(piece);
  w.bytes(sessions);
}
void get(wire_reader& r, install_snapshot& m) {
  auto& [epoch, transfer, begin, at, epochs, commit, time_ms, stamp_ms, who, who_index, from, to,
         piece, sessions]
    = m;
  epoch = read_epoch(r);
  transfer = read_transfer_id(r);
  begin = r.flag();
  at = read_position(r);
  epochs = read_epochs(r);
  commit = r.number();
  time_ms = static_cast<std::int64_t>(r.number());
  stamp_ms = static_cast<std::int64_t>(r.number());
  who = read_group(r);
  who_index = r.number();
  from = read_point(r);
  to = read_point(r);
  const auto p = r.bytes();
  piece.assign(p.begin(), p.end());
  const auto s = r.bytes();
  sessions.assign(s.begin(), s.end());
}

void put(wire_writer& w, const take_over& m) {
  const auto& [epoch] = m;
  write(w, epoch);
}
void get(wire_reader& r, take_over& m) {
  auto& [epoch] = m;
  epoch = read_epoch(r);
}

void put(wire_writer& w, const retire& m) {
  const auto& [epoch, index] = m;
  write(w, epoch);
  w.number(index);
}
void get(wire_reader& r, retire& m) {
  auto& [epoch, index] = m;
  epoch = read_epoch(r);
  index = r.number();
}

template <std::size_t... Is>
void emplace(message& m, std::size_t index, std::index_sequence<Is...>) {
  ((index == Is ? (m.emplace<Is>(), 0) : 0), ...);
}

} // namespace

void write(wire_writer& w, const message& m) {
  w.number(m.index());
  std::visit([&](const auto& x) { put(w, x); }, m);
}

message read_message(wire_reader& r) {
  constexpr auto kinds = std::variant_size_v<message>;
  message m;
  emplace(m, r.number_below(kinds, "kind of message"), std::make_index_sequence<kinds>{});
  std::visit([&](auto& x) { get(r, x); }, m);
  return m;
}

// -- text ---------------------------------------------------------------------------------------

namespace {

std::string text(const transfer_point& p) {
  if (p.complete)
    return "end";
  return std::string{to_string(p.where.kind)} + '/' + p.where.name + to_string(p.inner);
}

std::string text(const vote_request& m) {
  std::string s = m.pre ? "pre-vote for " : "vote for ";
  s += to_string(m.proposed) + ", log ends at " + to_string(m.last);
  if (m.handed_over)
    s += ", handed over";
  if (m.partial)
    s += ", with a part of the data";
  if (!m.initial_members.empty())
    s += ", bootstrapping " + to_string(m.initial_members);
  return s;
}
std::string text(const vote_reply& m) {
  return std::string{m.granted ? "yes" : "no"} + (m.pre ? ", to the pre-vote for " : ", for ")
         + to_string(m.proposed) + "; promised " + to_string(m.promised)
         + (m.has_data ? ", has data" : "");
}
std::string text(const append& m) {
  return "append " + std::to_string(m.entries.count()) + " behind " + to_string(m.previous) + " in "
         + to_string(m.epoch) + ", commit " + std::to_string(m.commit);
}
std::string text(const progress_report& m) {
  std::string s = m.accepted ? "have " + std::to_string(m.match) : m.asking ? "asks" : "refused";
  s += ", log ends at " + to_string(m.last) + ", in " + to_string(m.epoch);
  if (m.diverged)
    s += ", diverged";
  if (m.installing)
    s += ", installs " + to_string(m.transfer) + " up to " + text(m.at);
  return s;
}
std::string text(const install_snapshot& m) {
  return (m.begin ? "begin " : "") + to_string(m.transfer) + ": snapshot at " + to_string(m.at)
         + ", from " + text(m.from) + " to " + text(m.to) + ", " + std::to_string(m.piece.size())
         + " bytes, in " + to_string(m.epoch);
}
std::string text(const take_over& m) { return "take over from " + to_string(m.epoch); }
std::string text(const retire& m) {
  return "retire, by " + std::to_string(m.index) + " in " + to_string(m.epoch);
}

} // namespace

std::string to_string(const message& m) {
  return std::visit([](const auto& x) { return text(x); }, m);
}

} // namespace supercache
