#include "../core.hpp"
#include "node.hpp"

// When data that waits for peers is sent: at the end of the work that caused it, or soon.

namespace supercache::detail {

thread_local batch* batch::current_ = nullptr;

void batch::note(link& l, bool urgent) {
  for (waiting& x : links_)
    if (x.to == &l) {
      x.urgent = x.urgent || urgent;
      return;
    }
  links_.push_back({&l, urgent});
}

void batch::end() {
  // Still the outermost while it sends: what sending causes is sent too.
  for (std::size_t i = 0; i < links_.size(); ++i)
    if (const waiting x = links_[i]; x.urgent || !x.to->awaits_answers())
      x.to->flush();
    else
      soon_ = true; // in case the peer never answers
  current_ = nullptr;
  if (soon_)
    node_.soon();
}

void node::soon() {
  if (flushing_.exchange(true))
    return;
  const std::lock_guard hold{actors_lock_};
  if (!flusher_)
    return;
  if (const auto a = flusher_->get())
    compat::tell_from_anywhere(a, caf::tick_atom_v);
}

void node::flush_all() {
  for (link* l : links())
    if (l->has_work())
      l->flush_patiently();
}

flusher_actor::behavior_type flusher_behavior(flusher_actor::pointer self,
                                              std::shared_ptr<node> of) {
  auto idle = std::make_shared<int>(0);
  return {[self, of, idle](caf::tick_atom) {
    // While writes come, it looks once a millisecond and no thread has to wake it.
    constexpr int patience = 20;
    node& n = *of;
    *idle = n.has_work() ? 0 : *idle + 1;
    n.flush_all();
    if (*idle < patience) {
      compat::tell_later(self, flusher_actor{self}, std::chrono::milliseconds{1}, caf::tick_atom_v);
      return;
    }
    *idle = 0;
    n.flusher_sleeps();
  }};
}

bool node::has_work() {
  for (link* l : links())
    if (l->has_work())
      return true;
  return false;
}

void node::flusher_sleeps() {
  flushing_ = false;
  if (has_work())
    soon();
}

} // namespace supercache::detail
