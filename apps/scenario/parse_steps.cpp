#include "common/nearest.hpp"
#include "parsing.hpp"
#include "texts.hpp"

#include <supercache/store/result.hpp>

#include <algorithm>
#include <functional>

// Each step is an object; one of its members is the verb.

namespace supercache::app {

namespace {

using namespace std::chrono_literals;

using reader = std::function<action(parsing&, fields&)>;

action read_start(parsing& p, fields& f, const std::string& verb) {
  start_step s;
  s.anew = verb == "restart";
  s.joins = verb == "join";
  if (s.joins) {
    const json* name = f.find(verb);
    check_node_name(f, *name);
    p.nodes.insert(name->get<std::string>());
    s.who = {{selector::kind::name, name->get<std::string>(), 0}};
  } else {
    s.who = read_selection(p, f, verb);
  }
  s.options = read_options(f);
  s.refused = f.text("refused");
  s.within = f.ms("within_ms", s.within);
  return s;
}

action read_stop(parsing& p, fields& f) {
  stop_step s;
  s.who = read_selection(p, f, "stop");
  s.forget = f.flag("forget");
  s.within = f.ms("within_ms", s.within);
  return s;
}

void read_ends(const parsing& p, fields& f, const std::string& verb, wire_step& s) {
  const json& x = *f.find(verb);
  if (!x.is_array() || x.size() != 2)
    f.refuse(verb, x, "a list of two: [nodes, nodes]");
  s.from = selection_from(p, f, verb, x[0]);
  s.to = selection_from(p, f, verb, x[1]);
  s.one_way = f.flag("one_way");
}

action read_cut(parsing& p, fields& f) {
  wire_step s;
  read_ends(p, f, "cut", s);
  const auto how = f.one_of("how", {"refused", "silent", "forgotten"}, "refused");
  s.how.is = how == "silent"      ? flow::kind::silent
             : how == "forgotten" ? flow::kind::forgotten
                                  : flow::kind::refused;
  return s;
}

action read_slow(parsing& p, fields& f) {
  wire_step s;
  read_ends(p, f, "slow", s);
  s.how.delay = f.ms("ms", 200ms);
  return s;
}

action read_heal(parsing& p, fields& f) {
  wire_step s;
  if (const json& x = *f.find("heal"); x == "all")
    return s;
  read_ends(p, f, "heal", s);
  return s;
}

action read_load(parsing& p, fields& f) {
  using kind = load_options::kind;
  load_step s;
  auto& o = s.options;
  o.name = f.need_text("load");
  if (o.name == "all" || p.loads.contains(o.name))
    f.refuse("load", o.name, "a name that no other load has, but not all");
  const auto word
    = f.one_of("kind", {"put", "increment", "compare_exchange", "queue", "stack"}, "put");
  for (const auto k :
       {kind::put, kind::increment, kind::compare_exchange, kind::queue, kind::stack})
    if (word == to_string(k))
      o.is = k;
  const auto number = [&](const char* name, std::int64_t least, std::int64_t most, std::size_t x) {
    return static_cast<std::size_t>(f.number_or(name, least, most, static_cast<std::int64_t>(x)));
  };
  o.workers = number("workers", 1, 64, o.workers);
  o.rate = number("rate", 1, 100'000, o.rate);
  if (o.is == kind::queue || o.is == kind::stack) {
    if (o.workers < 2)
      f.refuse("a " + word + " needs two workers at least: one that puts in, one that takes out");
  } else {
    o.keys = number("keys", 1, 100'000, o.is == kind::put ? 50 : 10);
  }
  if (o.is == kind::put) {
    o.removes = number("removes", 0, 100, o.removes);
    o.reads = number("reads", 0, 100, o.reads);
    o.read_mode = f.one_of("read_mode", {"local", "primary", "quorum"}, o.read_mode);
    o.batch = number("batch", 1, 10'000, o.batch);
    if (o.batch > 1 && (o.removes || o.reads))
      f.refuse("batches have neither removes nor reads");
    if (f.has("partition"))
      o.partition = read_partition(p, f, "partition");
  }
  o.partitions = p.partitions;
  o.key_pos = p.key_pos;
  o.partition_pos = p.partition_pos;
  o.timeout = f.ms("timeout_ms", o.timeout);
  s.at = read_optional(p, f, "at");
  if (f.has("for_ms"))
    s.lasts = f.ms("for_ms", 0ms);
  p.loads.insert(o.name);
  return s;
}

std::string known_load(const parsing& p, fields& f, const std::string& verb) {
  const auto name = f.need_text(verb);
  if (p.loads.contains(name))
    return name;
  f.refuse(verb, name,
           p.loads.empty() ? "a load that was begun before; there is none" : joined(p.loads));
}

action read_end(parsing& p, fields& f) {
  if (*f.find("end") == "all")
    return end_step{"all"};
  return end_step{known_load(p, f, "end")};
}

action read_wait(parsing&, fields& f) { return wait_step{f.ms("wait_ms", 1ms)}; }

action read_until(parsing& p, fields& f) {
  using kind = until_step::kind;
  until_step s;
  const auto word
    = f.one_of("wait_until", {"settled", "members", "primary", "primaries", "copies"}, "");
  s.is = word == "settled"     ? kind::settled
         : word == "members"   ? kind::members
         : word == "primary"   ? kind::primary
         : word == "primaries" ? kind::primaries
                               : kind::copies;
  if (s.is == kind::primary) {
    s.partition = read_partition(p, f, "partition");
    s.is_not = f.has("is_not");
    if (s.is_not == f.has("is"))
      f.refuse("'is' or 'is_not' must say which node");
    s.node = read_selection(p, f, s.is_not ? "is_not" : "is");
  } else if (s.is == kind::copies) {
    s.node = read_selection(p, f, "node");
  }
  if (s.is == kind::members || s.is == kind::copies)
    s.count = read_bounds(f, "count");
  s.at = read_optional(p, f, "at");
  s.within = f.ms("within_ms", s.within);
  return s;
}

action read_expect(parsing& p, fields& f) {
  expect_step s;
  s.load = known_load(p, f, "expect");
  s.acknowledged = read_bounds(f, "acknowledged");
  s.failed = read_bounds(f, "failed");
  s.unknown = read_bounds(f, "unknown");
  s.reads = read_bounds(f, "reads");
  s.longest_gap_ms = f.number("longest_gap_ms", 1, 3'600'000);
  s.p50_ms = f.number("p50_ms", 1, 3'600'000);
  s.read_p50_ms = f.number("read_p50_ms", 1, 3'600'000);
  s.may_lose = f.flag("may_lose");
  s.look = !f.has("look") || f.flag("look");
  s.at = read_optional(p, f, "at");
  s.within = f.ms("within_ms", s.within);
  return s;
}

action read_call(parsing& p, fields& f, call_step::kind k, const std::string& verb) {
  call_step s;
  s.is = k;
  s.key = f.need_text(verb);
  if (k == call_step::kind::write)
    s.number = f.number_or("value", INT64_MIN, INT64_MAX, 1);
  if (k == call_step::kind::read) {
    s.number = f.number("value", INT64_MIN, INT64_MAX); // nothing: the key must be absent
    s.within = f.ms("within_ms", 5'000ms);
  } else {
    s.result = f.one_of("result", {"acknowledged", "refused", "unknown", "any"}, "acknowledged");
  }
  s.at = f.has("at") ? read_selection(p, f, "at") : selection{{selector::kind::awake, {}, 0}};
  s.timeout = f.ms("timeout_ms", s.timeout);
  return s;
}

action read_force(parsing& p, fields& f) {
  force_step s;
  s.partition = read_partition(p, f, "force_primary");
  s.at = read_selection(p, f, "at");
  return s;
}

action read_break_discovery(parsing& p, fields& f) {
  discovery_step s;
  s.who = read_selection(p, f, "break_discovery");
  const auto how = f.one_of("how", {"gone", "garbled", "empty"}, "gone");
  s.found = how == "gone"      ? cluster::list::gone
            : how == "garbled" ? cluster::list::garbled
                               : cluster::list::empty;
  return s;
}

action read_leave(parsing& p, fields& f) {
  leave_step s;
  s.who = read_selection(p, f, "leave");
  s.within = f.ms("within_ms", s.within);
  return s;
}

action read_memory(parsing& p, fields& f) {
  memory_step s;
  s.who = read_selection(p, f, "memory");
  s.mark = f.text("mark").value_or("memory");
  s.grows = f.number("grows_mib", 0, 1'000'000);
  return s;
}

action read_repeat(parsing& p, fields& f, const std::string& verb) {
  repeat_step s;
  parsing inner = p;
  if (verb == "repeat") {
    s.times = static_cast<std::size_t>(f.number_or("repeat", 1, 10'000, 1));
  } else {
    s.each = read_selection(p, f, "for_each");
    inner.within_each = true;
  }
  const json* steps = f.find("steps");
  if (!steps || !steps->is_array() || steps->empty())
    f.refuse("'steps' must be a list of at least one step");
  s.steps = read_steps(inner, *steps, f.where().substr(f.where().find(' ') + 1) + '.');
  p.nodes = inner.nodes;
  p.loads = inner.loads;
  return s;
}

const std::vector<std::pair<std::string, reader>>& readers() {
  using call = call_step::kind;
  const auto named
    = [](auto f, auto... xs) { return [=](parsing& p, fields& r) { return f(p, r, xs...); }; };
  using text = std::string;
  static const std::vector<std::pair<std::string, reader>> all{
    {"start", named(read_start, text{"start"})},
    {"restart", named(read_start, text{"restart"})},
    {"join", named(read_start, text{"join"})},
    {"kill", [](parsing& p, fields& f) { return kill_step{read_selection(p, f, "kill")}; }},
    {"pause",
     [](parsing& p, fields& f) {
       return pause_step{read_selection(p, f, "pause"), false};
     }},
    {"resume",
     [](parsing& p, fields& f) {
       return pause_step{read_selection(p, f, "resume"), true};
     }},
    {"stop", read_stop},
    {"leave", read_leave},
    {"cut", read_cut},
    {"slow", read_slow},
    {"heal", read_heal},
    {"break_discovery", read_break_discovery},
    {"mend_discovery",
     [](parsing& p, fields& f) {
       return discovery_step{read_selection(p, f, "mend_discovery"), cluster::list::whole};
     }},
    {"load", read_load},
    {"end", read_end},
    {"expect", read_expect},
    {"write", named(read_call, call::write, text{"write"})},
    {"remove", named(read_call, call::remove, text{"remove"})},
    {"read", named(read_call, call::read, text{"read"})},
    {"wait_ms", read_wait},
    {"wait_until", read_until},
    {"force_primary", read_force},
    {"memory", read_memory},
    {"repeat", named(read_repeat, text{"repeat"})},
    {"for_each", named(read_repeat, text{"for_each"})},
  };
  return all;
}

/// `cut a, b how=silent`.
std::string text_of(const json& j, const std::string& verb) {
  const auto plain = [](const json& x) {
    std::string out;
    for (const char c : x.is_string() ? x.get<std::string>() : x.dump())
      if (c != '"')
        out += c;
    return out;
  };
  std::string out = verb + ' ' + plain(j.at(verb));
  for (const auto& [name, x] : j.items())
    if (name != verb && name != "steps")
      out += ' ' + name + '=' + plain(x);
  return out;
}

} // namespace

std::vector<step> read_steps(parsing& p, const json& list, const std::string& before) {
  std::vector<step> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    step s;
    s.number = before + std::to_string(i + 1);
    const json& j = list[i];
    fields f{j, "step " + s.number};
    const auto verb
      = std::ranges::find_if(readers(), [&](const auto& r) { return f.has(r.first); });
    if (verb == readers().end()) {
      std::vector<std::string> verbs;
      for (const auto& [name, r] : readers())
        verbs.push_back(name);
      const auto first = j.empty() ? std::string{} : j.begin().key();
      const auto hint = did_you_mean(first, verbs);
      f.refuse('\'' + first + "' is nothing to do"
               + (hint.empty() ? "; there are " + joined(verbs) : hint));
    }
    s.text = text_of(j, verb->first);
    s.what = verb->second(p, f);
    f.finish();
    out.push_back(std::move(s));
  }
  return out;
}

} // namespace supercache::app
