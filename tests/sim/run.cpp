#include "run.hpp"

#include "nemesis.hpp"

namespace sim {

namespace {

void heal(cluster& c) {
  c.heal_all();
  c.lossy = 0;
  c.release_all();
  for (const auto& name : c.names())
    c.resume(name);
  for (const auto& name : c.declared())
    if (!c.alive(name))
      c.start(name);
}

/// Lets the clients write and read while the nemesis is at work, heals everything, and checks what
/// is there in the end.
void play(world& w, const plan& p, cluster& c, workload& load, nemesis& n, bool async) {
  constexpr std::int64_t begin_ms = 3'000; // most nodes are there by then
  for (std::size_t i = 0; i < 3 + w.random.below(6); ++i)
    load.start_client(i);
  w.after(begin_ms * 1'000, [&] { n.start(); });
  w.run_until_ms(begin_ms + p.chaos_ms);
  n.stop();
  w.note([] { return "LIVENESS"; });
  heal(c);
  std::string why = "not looked";
  // Clients go on for a while, then everything has to come to rest.
  w.run_until_ms(w.now_ms() + 2'000);
  load.stop();
  const std::int64_t deadline = w.now_ms() + 60'000;
  while (w.wrong.empty() && !(load.idle() && c.settled(&why))) {
    if (w.now_ms() >= deadline) {
      w.fail("liveness", "not at rest a minute after everything was healed: " + why);
      break;
    }
    w.run_until_ms(w.now_ms() + 500);
  }
  if (w.wrong.empty())
    load.check(!async || !(n.data_was_lost() || c.was_split()));
}

} // namespace

report run_seed(replication_mode mode, std::uint64_t seed, std::size_t trace_lines, bool deep) {
  world w{seed};
  w.trace_lines = trace_lines;
  plan p = draw(mode, w.random);
  p.streams = seed % 4 == 3; // not drawn: other seeds go as they did
  cluster c{w, p};
  c.deep = deep;
  workload load{c};
  nemesis n{c};
  try {
    play(w, p, c, load, n, mode == replication_mode::async);
  } catch (const error& e) { // such as an answer to another operation
    w.fail("answers", e.what());
  }
  return {seed,      p.text(),     w.wrong,      w.trace,        w.events(),      w.now_ms(),
          load.done, load.refused, load.unknown, load.read_done, load.read_failed};
}

} // namespace sim
