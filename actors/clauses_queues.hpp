#pragma once

#include "clauses.hpp"
#include "distributed/remote.hpp"

namespace supercache::detail {

/// Queues and stacks, except waiting, which CACHE does itself: cache_distributor.cpp. In a cluster
/// CACHE itself also puts items in and takes them out: cache_async.cpp.
inline auto queue_clauses(handle_source c) {
  const auto h = [c] { return handle_of(c); };
  return std::tuple{
    [=](queue_atom, push_atom, std::string& name, const value_list& items) {
      auto q = h().queue(std::move(name));
      auto done = q.try_add_batch(items);
      return reply(done ? q.try_count() : caf::expected<std::size_t>{std::move(done.error())});
    },
    [=](queue_atom, pop_atom, std::string& name, std::uint64_t n) {
      return reply(h().queue(std::move(name)).try_out_batch(n));
    },
    [=](queue_atom, peek_atom, const std::string& name) -> caf::result<value_list> {
      if (auto s = c->check_running(); !s)
        return to_caf(s.why());
      if (c->cluster()) {
        const auto got = remote::ask(*c, c->home_index(name),
                                     remote::reading(ask::peek{}, {space_kind::queue, name}));
        if (!got)
          return to_caf(got.why());
        return value_list(got->one.items().begin(), got->one.items().end());
      }
      value front;
      const bool any = c->home_of(name).queues().peek(name, front);
      return any ? value_list{std::move(front)} : value_list{};
    },
    [=](queue_atom, count_atom, std::string& name) {
      return reply(h().queue(std::move(name)).try_count());
    },
    [=](queue_atom, drain_atom, std::string& name) {
      return reply(h().queue(std::move(name)).try_get_all());
    },
    [=](stack_atom, push_atom, std::string& name, const value_list& items) {
      auto s = h().stack(std::move(name));
      auto done = s.try_push_batch(items);
      return reply(done ? s.try_count() : caf::expected<std::size_t>{std::move(done.error())});
    },
    [=](stack_atom, pop_atom, std::string& name, std::uint64_t n) {
      return reply(h().stack(std::move(name)).try_pop_batch(n));
    },
    [=](stack_atom, count_atom, std::string& name) {
      return reply(h().stack(std::move(name)).try_count());
    },
    [=](stack_atom, drain_atom, std::string& name) {
      return reply(h().stack(std::move(name)).try_get_all());
    },
  };
}

} // namespace supercache::detail
