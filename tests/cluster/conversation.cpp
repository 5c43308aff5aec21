#include "conversation.hpp"

#include "stage.hpp"

#include <algorithm>
#include <functional>
#include <sstream>
#include <stdexcept>

namespace conversation {

namespace {

using namespace supercache;
using words = std::vector<std::string>;

value value_of(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos ? value{std::stoll(text)}
                                                                   : value{text};
}

class director {
public:
  /// Answers the lines that a command prints.
  words perform(const words& command) {
    const auto at = verbs_.find(command.front());
    if (at == verbs_.end())
      throw std::runtime_error{"no such command: " + command.front()};
    words out = (this->*at->second)({command.begin() + 1, command.end()});
    for (const auto& what : play_.wrong())
      out.push_back("WRONG: " + what);
    return out;
  }

private:
  using verb = words (director::*)(const words&);

  words mode(const words& w) {
    play_.mode = *replication_mode_from(w.at(0));
    return {};
  }
  words log(const words& w) {
    play_.log_bytes = std::stoul(w.at(0));
    return {};
  }
  words pieces(const words& w) {
    play_.budget.pieces = std::stoul(w.at(0));
    return {};
  }
  words nodes(const words& w) {
    play_.add(w);
    return {};
  }
  words bootstrap(const words& w) {
    play_.bootstrap(w);
    return {};
  }
  words crash(const words& w) {
    play_.crash(w.at(0));
    return {};
  }
  words restart(const words& w) {
    play_.restart(w.at(0));
    return {};
  }
  words cut(const words& w) {
    play_.cut(w.at(0), w.at(1));
    return {};
  }
  words break_between(const words& w) {
    play_.break_between(w.at(0), w.at(1));
    return {};
  }
  words down(const words& w) {
    play_.core(w.at(0)).peer_down(play_.self(w.at(1)).id, play_.now);
    return {};
  }
  words heal(const words& w) {
    play_.heal(w.at(0), w.at(1));
    return {};
  }
  words steer(const words& w) {
    play_.core(w.at(0)).steer(play_.selves({w.begin() + 1, w.end()}), play_.now);
    return {};
  }
  words hear(const words& w) {
    play_.core(w.at(0)).heard_of(play_.core(w.at(1)).promised(), play_.now);
    return {};
  }
  words force(const words& w) {
    const status s = play_.core(w.at(0)).force(play_.now);
    return {s ? "forced" : s.why().message};
  }
  static words outcome(const result<proposal>& done) {
    if (!done)
      return {std::string{to_string(done.why().code)} + ": " + done.why().message};
    return {"at " + to_string(done->at) + ": " + to_string(done->answer)};
  }
  words put(const words& w) {
    return outcome(play_.put(w.at(0), value_of(w.at(1)), value_of(w.at(2))));
  }
  words put_large(const words& w) {
    return outcome(
      play_.put(w.at(0), value_of(w.at(1)), value{std::string(std::stoul(w.at(2)), 'x')}));
  }
  words push(const words& w) {
    return outcome(play_.core(w.at(0)).propose(
      {}, {{space_kind::queue, "q"}, op::push{{value_of(w.at(1)), value_of(w.at(1))}}}, play_.now));
  }
  words request(const words& w) {
    const request_id who{std::stoul(w.at(1)), std::stoul(w.at(2)), std::stoul(w.at(3))};
    const value key = value_of(w.at(4));
    return outcome(play_.write(w.at(0), op::update_counter{key, 1, 1, record{key, 0}}, who));
  }
  words get(const words& w) { return {to_string(play_.get(w.at(0), value_of(w.at(1))))}; }
  words show(const words& w) {
    words out;
    for (const auto& name : w)
      out.push_back(play_.show(name));
    return out;
  }

  static words lines(const std::vector<stage::envelope>& es) {
    words out;
    for (const auto& e : es)
      out.push_back(e.from.node + " -> " + e.to.node + ": " + to_string(e.what));
    return out;
  }
  words deliver(const words& w) { return lines(play_.pass(w.at(0), w.at(1))); }
  words lose(const words& w) { return lines(play_.take(w.at(0), w.at(1))); }
  words hold(const words& w) {
    auto es = play_.take(w.at(0), w.at(1));
    const words out = lines(es);
    auto& kept = held_[w.at(2)];
    std::ranges::move(es, std::back_inserter(kept));
    return out;
  }
  words release(const words& w) {
    play_.deliver(held_.at(w.at(0)));
    return lines(held_.at(w.at(0)));
  }
  words settle(const words&) {
    play_.settle();
    return {};
  }
  words pass_time(const words& w) {
    play_.run(std::stol(w.at(0)), false);
    return {};
  }
  words run(const words& w) {
    play_.run(std::stol(w.at(0)), true);
    return {};
  }

  stage::play play_;
  std::map<std::string, std::vector<stage::envelope>> held_;
  std::map<std::string, verb> verbs_{{"mode", &director::mode},
                                     {"log", &director::log},
                                     {"pieces", &director::pieces},
                                     {"nodes", &director::nodes},
                                     {"bootstrap", &director::bootstrap},
                                     {"crash", &director::crash},
                                     {"restart", &director::restart},
                                     {"cut", &director::cut},
                                     {"break", &director::break_between},
                                     {"down", &director::down},
                                     {"heal", &director::heal},
                                     {"steer", &director::steer},
                                     {"hear", &director::hear},
                                     {"force", &director::force},
                                     {"put", &director::put},
                                     {"push", &director::push},
                                     {"put-large", &director::put_large},
                                     {"request", &director::request},
                                     {"get", &director::get},
                                     {"show", &director::show},
                                     {"deliver", &director::deliver},
                                     {"lose", &director::lose},
                                     {"hold", &director::hold},
                                     {"release", &director::release},
                                     {"settle", &director::settle},
                                     {"pass", &director::pass_time},
                                     {"run", &director::run}};
};

} // namespace

std::string perform(const std::string& script) {
  director d;
  std::istringstream in{script};
  std::string out, line;
  while (std::getline(in, line)) {
    if (line.starts_with("    ")) // the result of the last time
      continue;
    out += line + '\n';
    std::istringstream text{line};
    words command;
    for (std::string word; text >> word && word.front() != '#';)
      command.push_back(word);
    if (command.empty())
      continue;
    const bool asks = command.back().ends_with('?');
    if (asks)
      command.back().pop_back();
    if (command.back().empty())
      command.pop_back();
    for (const auto& said : d.perform(command))
      if (asks || said.starts_with("WRONG"))
        out += "    " + said + '\n';
  }
  return out;
}

} // namespace conversation
