#include "cache_async.hpp"

#include "access.hpp"
#include "cache_backup.hpp"
#include "distributed/remote.hpp"

#include <caf/message_handler.hpp>

namespace supercache::detail {

namespace {

using std::chrono::steady_clock;

/// Answers with what `convert` makes of the value, or with the failure; and counts the call.
template <class T, class Convert>
void answer_with(core& c, compat::deferred_request r, metric what, later<T> x, Convert convert) {
  const auto began = steady_clock::now();
  std::move(x).then([&c, r = std::move(r), what, began, convert](result<T> got) {
    c.metrics().add(what);
    c.metrics().sample(what, steady_clock::now() - began);
    if (!got)
      c.metrics().fail(what);
    compat::answer(r, got ? convert(*std::move(got)) : caf::make_message(to_caf(got.why())));
  });
}

caf::message as_nothing(const value&) { return caf::make_message(); }
caf::message as_truth(const value& x) { return caf::make_message(*remote::as_bool(x)); }
caf::message as_int(const value& x) { return caf::make_message(x.as_int()); }
caf::message as_size(const value& x) {
  return caf::make_message(static_cast<std::uint64_t>(x.as_int()));
}
caf::message as_it_is(const value& x) { return caf::make_message(x); }
caf::message as_values(const value& x) {
  return caf::make_message(value_list(x.items().begin(), x.items().end()));
}
caf::message as_rows(const std::vector<record>& rows) { return caf::make_message(rows); }
caf::message as_second_elements(const std::vector<record>& rows) {
  value_list out;
  for (const record& r : rows)
    out.push_back(r[1]);
  return caf::make_message(std::move(out));
}

/// One operation. Every function here sees to its answer, and says that it did.
struct single {
  core& c;
  compat::deferred_request r;
  metric what;

  bool refuse(const failure& why) const {
    c.metrics().add(what);
    c.metrics().fail(what);
    compat::answer(r, caf::make_message(to_caf(why)));
    return true;
  }
  bool write(std::size_t partition, space target, operation_body body,
             caf::message (*convert)(const value&)) const {
    answer_with(c, r, what,
                c.cluster()->router().write(partition, {std::move(target), std::move(body)},
                                            remote::default_timeout),
                convert);
    return true;
  }
  bool read(std::size_t partition, const value& key, space target,
            caf::message (*convert)(const std::vector<record>&)) const {
    answer_with(c, r, what,
                c.cluster()->router().ask(partition,
                                          remote::reading(ask::get{{key}}, std::move(target)),
                                          read_mode::local, remote::default_timeout),
                [convert](const answer& a) {
                  return convert(a.rows.empty() ? std::vector<record>{} : a.rows.front());
                });
    return true;
  }
  bool store(std::size_t partition, space target, record row, std::int64_t ttl_ms,
             bool only_new) const {
    if (const auto ttl = ttl_of({.ttl = std::chrono::milliseconds{ttl_ms}}); !ttl)
      return refuse(ttl.why());
    return only_new
             ? write(partition, std::move(target), op::insert_new{std::move(row), ttl_ms}, as_truth)
             : write(partition, std::move(target), op::put{std::move(row), ttl_ms}, as_nothing);
  }
  bool put(record& row, std::int64_t ttl_ms, bool only_new) const {
    if (auto s = c.check(row); !s)
      return refuse(s.why());
    const auto at = c.index_of(hash(row[c.config().partition_pos]));
    return store(at, {}, std::move(row), ttl_ms, only_new);
  }
  bool put_batch(record_list& rows, std::int64_t ttl_ms) const {
    if (const auto ttl = ttl_of({.ttl = std::chrono::milliseconds{ttl_ms}}); !ttl)
      return refuse(ttl.why());
    for (const record& row : rows)
      if (auto s = c.check(row); !s)
        return refuse(s.why());
    answer_with(c, r, what,
                remote::begin_put_batch(c, std::move(rows), ttl_ms, remote::default_timeout),
                [](const std::vector<value>&) { return caf::make_message(); });
    return true;
  }
  bool put_pair(std::string& ns, const value& key, value& x, std::int64_t ttl_ms,
                bool only_new) const {
    return store(c.index_of(hash(key)), {space_kind::kv, std::move(ns)}, record{key, std::move(x)},
                 ttl_ms, only_new);
  }
  bool restore(std::uint64_t partition, operation& o) const {
    if (auto s = check_restoring(c, partition, o); !s)
      return refuse(s.why());
    return write(index_in(partition), std::move(o.target), std::move(o.body), as_it_is);
  }
  bool named(space_kind kind, std::string& name, operation_body body,
             caf::message (*convert)(const value&)) const {
    const auto at = c.home_index(name);
    return write(at, {kind, std::move(name)}, std::move(body), convert);
  }
};

// Each clause answers through `single` and notes that it did, unless it leaves the operation to
// others. `with(metric, f)` calls `f(single)`, which says whether it did it.

caf::message_handler tuple_messages(auto with) {
  return {
    [=](put_atom, record& r) {
      with(metric::put, [&](const single& s) { return s.put(r, 0, false); });
    },
    [=](put_atom, record& r, std::int64_t ttl) {
      with(metric::put, [&](const single& s) { return s.put(r, ttl, false); });
    },
    [=](insert_atom, record& r, std::int64_t ttl) {
      with(metric::put, [&](const single& s) { return s.put(r, ttl, true); });
    },
    [=](put_atom, batch_atom, record_list& rs) {
      with(metric::put, [&](const single& s) { return s.put_batch(rs, 0); });
    },
    [=](put_atom, batch_atom, record_list& rs, std::int64_t ttl) {
      with(metric::put, [&](const single& s) { return s.put_batch(rs, ttl); });
    },
    [=](remove_atom, const value& key) {
      with(metric::delete_, [&](const single& s) {
        return s.c.same_position()
               && s.write(s.c.index_of(hash(key)), {}, op::remove{key}, as_size);
      });
    },
    [=](get_atom, const value& key) {
      with(metric::get_local, [&](const single& s) {
        return s.c.same_position() && s.read(s.c.index_of(hash(key)), key, {}, as_rows);
      });
    },
  };
}

caf::message_handler kv_messages(auto with) {
  return {
    [=](kv_atom, get_atom, std::string& ns, const value& key) {
      with(metric::get_local, [&](const single& s) {
        return s.read(s.c.index_of(hash(key)), key, {space_kind::kv, std::move(ns)},
                      as_second_elements);
      });
    },
    [=](kv_atom, put_atom, std::string& ns, const value& key, value& x, std::int64_t ttl) {
      with(metric::put, [&](const single& s) { return s.put_pair(ns, key, x, ttl, false); });
    },
    [=](kv_atom, add_atom, std::string& ns, const value& key, value& x, std::int64_t ttl) {
      with(metric::put, [&](const single& s) { return s.put_pair(ns, key, x, ttl, true); });
    },
    [=](kv_atom, counter_atom, std::string& ns, const value& key, std::int64_t initial,
        std::int64_t step) {
      with(metric::update, [&](const single& s) {
        return s.write(s.c.index_of(hash(key)), {space_kind::kv, std::move(ns)},
                       op::update_counter{key, 1, step, record{key, initial}, 0}, as_int);
      });
    },
  };
}

caf::message_handler queue_messages(auto with) {
  return {
    [=](queue_atom, push_atom, std::string& name, value_list& items) {
      with(metric::queue_push, [&](const single& s) {
        return s.named(space_kind::queue, name, op::push{std::move(items)}, as_size);
      });
    },
    [=](queue_atom, pop_atom, std::string& name, std::uint64_t n) {
      with(metric::queue_pop, [&](const single& s) {
        return s.named(space_kind::queue, name, op::pop{n}, as_values);
      });
    },
    [=](stack_atom, push_atom, std::string& name, value_list& items) {
      with(metric::stack_push, [&](const single& s) {
        return s.named(space_kind::stack, name, op::push{std::move(items)}, as_size);
      });
    },
    [=](stack_atom, pop_atom, std::string& name, std::uint64_t n) {
      with(metric::stack_pop, [&](const single& s) {
        return s.named(space_kind::stack, name, op::pop{n}, as_values);
      });
    },
  };
}

caf::message_handler restoring_messages(auto with) {
  return {
    [=](apply_atom, index_atom, std::uint64_t partition, operation& o) {
      with(metric::put, [&](const single& s) { return s.restore(partition, o); });
    },
  };
}

/// An exception, e.g. that a value is too deep for a record, becomes the answer.
caf::behavior messages(core& c, auto current) {
  const auto with = [&c, current](metric what, auto f) {
    const single s{c, current->request, what};
    try {
      const auto running = c.check_running();
      current->taken = running ? f(s) : s.refuse(running.why());
    } catch (const error& e) {
      current->taken = s.refuse({e.code(), e.what()});
    } catch (const std::bad_alloc&) {
      current->taken = s.refuse(out_of_memory());
    }
  };
  return tuple_messages(with)
    .or_else(kv_messages(with))
    .or_else(queue_messages(with))
    .or_else(restoring_messages(with));
}

} // namespace

asynchronous::asynchronous(std::shared_ptr<core> c)
  : now_(std::make_shared<current>()), clauses_(messages(*c, now_)) {}

bool asynchronous::take(const compat::deferred_request& r) {
  now_->request = r;
  now_->taken = false;
  clauses_(r->content);
  now_->request = nullptr;
  return now_->taken;
}

} // namespace supercache::detail
