#include "dispatcher.hpp"

#include "../companion.hpp"
#include "../pool.hpp"

#include <caf/system_messages.hpp>

#include <utility>

namespace supercache::detail {

dispatcher::dispatcher(std::shared_ptr<core> c) : core_(std::move(c)) {
  add_tuple_rows(rows_);
  add_kv_rows(rows_);
  add_queue_rows(rows_);
  add_struct_rows(rows_);
  add_watch_rows(rows_);
  add_info_rows(rows_);
  add_backup_rows(rows_);
  add_member_rows(rows_);
  add_service_rows(rows_);
}

cache_actor dispatcher::spawn(caf::actor_system& system, const std::shared_ptr<dispatcher>& f) {
  const auto actor
    = caf::actor_cast<cache_actor>(system.spawn<caf::actor_companion, caf::hidden>());
  companion_behind(actor).on_enqueue(
    [f, self = actor.address()](caf::mailbox_element_ptr e) { f->take(std::move(e), self); });
  return actor;
}

void dispatcher::end(const cache_actor& who) {
  if (!who)
    return;
  auto& companion = companion_behind(who);
  // What still comes is answered, without the cache.
  companion.on_enqueue([self = who.address()](caf::mailbox_element_ptr e) {
    const auto from = std::make_shared<compat::request_parts>();
    from->source = e->sender;
    from->receiver = caf::actor_cast<caf::strong_actor_ptr>(self);
    from->id = e->mid;
    compat::answer(from, caf::make_message(to_caf({errc::not_started, "the cache is stopped"})));
  });
  companion.cleanup(caf::exit_reason::user_shutdown, nullptr);
}

/// What comes while the early ones begin is one of them: it must not overtake those of its sender.
void dispatcher::open() {
  for (;;) {
    std::vector<request> early;
    {
      const std::lock_guard hold{opening_};
      early.swap(early_);
      open_ = early.empty();
    }
    if (early.empty())
      return;
    for (auto& r : early)
      route(std::move(r));
  }
}

void dispatcher::take(caf::mailbox_element_ptr e, const caf::actor_addr& self) {
  auto& content = e->content();
  if (content.match_elements<caf::exit_msg>() || content.match_elements<caf::down_msg>())
    return; // only the cache ends it
  request r{std::make_shared<compat::request_parts>()};
  r.from->id = e->mid;
  r.from->source = std::move(e->sender);
  r.from->receiver = caf::actor_cast<caf::strong_actor_ptr>(self);
  r.from->content = e->move_content_to_message();
  r.what = rows_.find(r.from->content);
  if (!r.what) {
    compat::answer(r.from, caf::make_message(caf::make_error(caf::sec::unexpected_message)));
    return;
  }
  {
    const std::lock_guard hold{opening_};
    if (!open_) {
      early_.push_back(std::move(r));
      return;
    }
  }
  route(std::move(r));
}

dispatcher::lane& dispatcher::lane_of(const compat::deferred_request& r) {
  constexpr std::uintptr_t apart = 64; // of two actors in memory, at least
  return lanes_[reinterpret_cast<std::uintptr_t>(r->source.get()) / apart % lanes_.size()];
}

void dispatcher::route(request r) {
  lane& l = lane_of(r.from);
  {
    const std::lock_guard hold{l.lock};
    if (l.busy || r.what->takes_longer) {
      l.waiting.push_back(std::move(r));
      if (std::exchange(l.busy, true))
        return;
      core_->pool().run([me = shared_from_this(), &l] { me->drain(l); });
      return;
    }
  }
  begin(r);
}

/// Thread: the pool.
void dispatcher::drain(lane& l) {
  for (;;) {
    request next;
    {
      const std::lock_guard hold{l.lock};
      if (l.waiting.empty()) {
        l.busy = false;
        return;
      }
      next = std::move(l.waiting.front());
      l.waiting.pop_front();
    }
    begin(next);
  }
}

void dispatcher::begin(request& r) const {
  if (r.from->content.match_elements<queue_atom, wait_atom, std::string, std::int64_t>())
    return await_item(r.from);
  const auto answer = [](const compat::deferred_request& to, result<caf::message> x) {
    compat::answer(to, x ? *std::move(x) : caf::make_message(to_caf(x.why())));
  };
  try {
    auto x = r.what->run(*core_, r.from->content);
    if (x.here())
      return answer(r.from, std::move(x).wait());
    std::move(x).then(
      [from = std::move(r.from), answer](result<caf::message> y) { answer(from, std::move(y)); });
  } catch (const error& e) {
    answer(r.from, failure{e.code(), e.what()});
  } catch (const std::bad_alloc&) {
    answer(r.from, out_of_memory());
  } catch (const std::exception& e) {
    answer(r.from, failure{errc::internal, e.what()});
  }
}

/// PARTITION waits, and answers in place of CACHE.
void dispatcher::await_item(const compat::deferred_request& r) const {
  const auto& name = r->content.get_as<std::string>(2);
  if (const auto p = core_->partition(home_of(*core_, {space_kind::queue, name})))
    p->enqueue(r->source, r->id,
               caf::make_message(wait_atom_v, name, r->content.get_as<std::int64_t>(3)), nullptr);
  else
    compat::answer(r, caf::make_message(to_caf(core_->check_running().why())));
}

// -- the table of rows ----------------------------------------------------------------------------

std::size_t key_of(std::size_t size, caf::atom_value first, caf::atom_value second) noexcept {
  return size + 31 * static_cast<std::size_t>(first) + 1'009 * static_cast<std::size_t>(second);
}

const row* dispatch_table::find(const caf::message& m) const {
  const auto atom_at = [&](std::size_t i) {
    return i < m.size() && m.match_element<caf::atom_value>(i) ? m.get_as<caf::atom_value>(i)
                                                               : caf::atom_value{};
  };
  const auto [first, last] = rows_.equal_range(key_of(m.size(), atom_at(0), atom_at(1)));
  for (auto i = first; i != last; ++i)
    if (i->second.matches(m))
      return &i->second;
  return nullptr;
}

result<read_options> mode_named(const std::string& name) {
  const auto mode = read_mode_from(name);
  if (!mode)
    return {errc::invalid_argument,
            "no read mode '" + name + "'; there are local, primary, quorum"};
  return read_options{.mode = *mode};
}

} // namespace supercache::detail
