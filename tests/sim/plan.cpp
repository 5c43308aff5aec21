#include "plan.hpp"

#include <array>
#include <variant>

namespace sim {

using workload::dice;

namespace {

/// What makes rare orders of events less rare.
void draw_pace(plan& p, dice& d) {
  if (d.chance(40))
    p.stagger_ms = static_cast<std::int64_t>(d.below(20));
  if (d.chance(40))
    p.calm_ms = 300 + d.below(500);
  if (d.chance(50))
    p.stray_percent = static_cast<unsigned>(d.below(30));
  if (d.chance(40))
    p.entry_bytes = 1 + d.below(100);
  if (d.chance(40))
    p.piece_bytes = 1 + d.below(50);
  if (d.chance(40))
    p.down_ms = 400;
  p.hunt = p.cuts && d.chance(50);
  if (d.chance(30))
    p.replace_ms = static_cast<std::int64_t>(1'000 + d.below(5'000));
  p.tick_ms = static_cast<std::int64_t>(20 + d.below(40));
}

/// Messages that decide much and are few.
void draw_held(plan& p, dice& d) {
  if (!d.chance(40))
    return;
  const std::array kinds{message{take_over{}}.index(),       message{retire{}}.index(),
                         message{progress_report{}}.index(), message{vote_reply{}}.index(),
                         message{vote_request{}}.index(),    message{install_snapshot{}}.index(),
                         message{append{}}.index()};
  p.held_kind = kinds[d.below(d.chance(70) ? 3 : kinds.size())];
  const bool few = p.held_kind == kinds[0] || p.held_kind == kinds[1];
  p.held_percent = static_cast<unsigned>(few ? 30 + d.below(71) : 1 + d.below(15));
}

/// What clients write.
void draw_data(plan& p, dice& d) {
  if (d.chance(30))
    p.queues = 30 + d.below(300);
  if (d.chance(40)) {
    p.batch_rows = 20 + d.below(400);
    p.table_rows = 100 + d.below(1'500);
  }
  if (d.chance(50))
    p.clear_percent = static_cast<unsigned>(d.below(15));
  p.expiry = d.chance(40);
}

} // namespace

plan draw(replication_mode mode, dice& d) {
  plan p;
  p.mode = mode;
  p.type = static_cast<table_type>(d.below(4));
  p.nodes = 1 + d.below(5);
  if (d.chance(70))
    p.nodes = 3;
  p.factor = d.chance(75) ? 3 : 1 + d.below(4);
  p.partitions = 1 + d.below(3);
  p.log_bytes = std::size_t{1} << (10 + d.below(6));
  p.delay_us = static_cast<std::int64_t>(100 + d.below(3'000));
  if (d.chance(50))
    p.drop_percent = static_cast<unsigned>(d.below(10));
  if (d.chance(40))
    p.duplicate_percent = static_cast<unsigned>(d.below(10));
  if (d.chance(40))
    p.reorder_percent = static_cast<unsigned>(d.below(30));
  p.crashes = d.chance(60);
  p.cuts = d.chance(60);
  if (p.cuts && d.chance(50))
    p.one_way_percent = static_cast<unsigned>(d.below(60));
  p.pauses = d.chance(40);
  p.joins = d.chance(40);
  if (p.joins)
    p.more_nodes = d.below(3);
  if (d.chance(30))
    p.skew_ms = 3'600'000;
  p.chaos_ms
    = static_cast<std::int64_t>(d.chance(20) ? 10'000 + d.below(20'000) : 4'000 + d.below(8'000));
  draw_pace(p, d);
  draw_held(p, d);
  draw_data(p, d);
  return p;
}

std::string plan::text() const {
  std::string s = std::string{to_string(mode)} + ", " + std::string{to_string(type)} + ", "
                  + std::to_string(nodes) + "+" + std::to_string(more_nodes) + " nodes, factor "
                  + std::to_string(factor) + ", " + std::to_string(partitions)
                  + " partitions, log of " + std::to_string(log_bytes) + " bytes, delay "
                  + std::to_string(delay_us) + " us, drop " + std::to_string(drop_percent)
                  + "%, duplicate " + std::to_string(duplicate_percent) + "%, reorder "
                  + std::to_string(reorder_percent) + "%";
  for (const auto& [on, name] :
       {std::pair{crashes, ", crashes"}, std::pair{cuts, ", cuts"}, std::pair{pauses, ", pauses"},
        std::pair{joins, ", joins"}, std::pair{expiry, ", expiry"}})
    if (on)
      s += name;
  if (one_way_percent)
    s += ", one way " + std::to_string(one_way_percent) + "%";
  s += ", strays " + std::to_string(stray_percent) + "%, at once " + std::to_string(entry_bytes)
       + " bytes of entries, " + std::to_string(piece_bytes) + " of pieces, ticks of "
       + std::to_string(tick_ms) + " ms, down after " + std::to_string(down_ms) + " ms"
       + (hunt ? ", hunt" : "");
  s += ", staggered by " + std::to_string(stagger_ms) + " ms, calm for " + std::to_string(calm_ms)
       + " ms";
  if (replace_ms)
    s += ", replaced after " + std::to_string(replace_ms) + " ms";
  if (skew_ms)
    s += ", clocks an hour apart";
  if (held_kind)
    s += ", holds " + std::to_string(held_percent) + "% of message kind "
         + std::to_string(*held_kind);
  s += ", " + std::to_string(queues) + " queues";
  if (batch_rows)
    s += ", batches of " + std::to_string(batch_rows) + " of " + std::to_string(table_rows)
         + " rows, clear " + std::to_string(clear_percent) + "%";
  if (streams)
    s += ", streams";
  return s;
}

} // namespace sim
