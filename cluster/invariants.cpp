#include <supercache/cluster/invariants.hpp>

#include <algorithm>
#include <functional>
#include <string_view>

namespace supercache {

std::vector<std::string> violations(const replica& r) {
  std::vector<std::string> out;
  const auto check = [&](bool good, const char* what) {
    if (!good)
      out.emplace_back(what);
  };
  const position last = r.log_.last(), base = r.log_.base();
  check(r.commit_ <= last.index, "the commit index is behind the end of the log");
  check(base.index <= last.index, "the log begins behind its end");
  check(last.epoch <= r.promised_, "the log has an entry of an epoch that was never promised");
  check(!r.leads() || r.promised_.owner == r.options_.self.id, "leads in the epoch of another");
  check(!r.leads() || !r.installing_, "leads while it installs a snapshot");
  check(!r.leads() || last.epoch == r.promised_, "leads without an entry of its own epoch");
  check(!r.leads() || r.primary_ == 0, "leads and follows");
  check(r.leads() || r.peers_.empty(), "keeps the progress of others without leading");
  check(r.leads() || !r.hand_over_to_, "hands over without leading");
  check(!r.blank() || r.group_.members.empty(), "is blank and a member");
  check(std::ranges::is_sorted(r.group_.members), "the members are not in order");
  check(r.group_index_ <= last.index, "the group is from behind the end of the log");
  check(r.group_.joint <= !r.group_.before.empty(), "decides together with nobody");
  check(r.group_.joint || r.group_.before.empty() || r.group_index_ > r.commit_,
        "those who were replaced are kept though it is committed");
  for (const auto& [id, p] : r.peers_) {
    check(p.next > p.match, "an entry would be sent that is known to be there");
    check(p.next <= last.index + 1, "an entry would be sent that is not there");
    check(p.match <= last.index, "a peer has more than there is");
    check(p.phase != progress::phases::snapshot || p.match == 0,
          "a peer counts while it installs a snapshot");
  }
  return out;
}

std::vector<std::string> partition_watch::look(member_id who, const replica& r) {
  std::vector<std::string> wrong = violations(r);
  seen& before = last_[who];
  if (r.promised() < before.promised)
    wrong.push_back("the promised epoch fell from " + to_string(before.promised) + " to "
                    + to_string(r.promised()));
  if (mode_ != replication_mode::async && r.commit() < before.commit && !r.blank())
    wrong.push_back("the commit index fell from " + std::to_string(before.commit) + " to "
                    + std::to_string(r.commit()));
  if (r.leads()) {
    const auto [at, fresh] = leaders_.try_emplace(r.promised(), who);
    if (!fresh && at->second != who)
      wrong.push_back("two lead in " + to_string(r.promised()));
  }
  look_at_entries(r, before, wrong);
  if (mode_ != replication_mode::async && r.leads() && r.commit() > before.commit
      && r.log().knows(r.commit()) && r.log().at(r.commit()).epoch != r.promised())
    wrong.push_back("commits " + to_string(r.log().at(r.commit()))
                    + " of a former epoch by counting copies");
  if (mode_ != replication_mode::async && r.leads() && !before.lead)
    for (const auto& [i, c] : committed_)
      if (c.in < r.promised()
          && (i > r.log().last().index || (r.log().has(i) && r.log().at(i) != c.at))) {
        wrong.push_back("begins to lead without the committed entry " + to_string(c.at));
        break;
      }
  before = {r.promised(), r.commit(), r.leads(), r.log().last()};
  return wrong;
}

void partition_watch::look_at_entries(const replica& r, seen& before,
                                      std::vector<std::string>& wrong) {
  const entry_log& log = r.log();
  log_index i = log.first_index(); // of what is new since the last look
  if (log.has(before.last) && log.base() <= before.last)
    i = before.last.index + 1;
  for (; i <= log.last().index; ++i) {
    const byte_view bytes = log.encoded(i);
    const content found{
      std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()}),
      log.at(i - 1)};
    const auto [at, fresh] = entries_.try_emplace(log.at(i), found);
    if (!fresh && at->second.digest != found.digest)
      wrong.push_back("the entry " + to_string(log.at(i)) + " differs from what it is elsewhere");
    if (!fresh && at->second.previous != found.previous)
      wrong.push_back("the entry " + to_string(log.at(i))
                      + " stands behind another than elsewhere");
  }
  if (mode_ == replication_mode::async)
    return;
  for (log_index k = std::max(before.commit + 1, log.first_index()); k <= r.commit(); ++k) {
    const auto [at, fresh] = committed_.try_emplace(k, commitment{log.at(k), r.promised()});
    commitment& c = at->second;
    c.in = std::min(c.in, r.promised());
    if (!fresh && c.at != log.at(k))
      wrong.push_back("both " + to_string(c.at) + " and " + to_string(log.at(k))
                      + " are committed");
  }
}

} // namespace supercache
