#include <supercache/cluster/messages.hpp>

namespace supercache {

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
    s += ", installs " + to_string(m.transfer) + " up to " + text(*m.installing);
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
