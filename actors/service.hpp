#pragma once

#include <supercache/cluster/requests.hpp>
#include <supercache/type_ids.hpp>

#include <caf/actor.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <variant>

/// What all that make requests, and answer those of other processes, have in common.
namespace supercache::detail {

/// Does what a step of `requests` wants done. Others wait for the effects behind one that fails: it
/// throws in the end.
template <class F>
void perform_each(request_effects& todo, F perform) {
  std::exception_ptr failed;
  for (request_effect& e : todo)
    try {
      std::visit(perform, e);
    } catch (...) {
      failed = std::current_exception();
    }
  if (failed)
    std::rethrow_exception(failed);
}

/// Sends a client an answer.
inline void tell_client(const caf::actor& client, const frame::item& i) {
  wire_frame out;
  wire_writer w{out.bytes};
  frame::encode(w, i);
  compat::tell_from_anywhere(client, frame_atom_v, std::move(out));
}

/// Whether a question about an item of a queue has to wait until there is one.
inline bool waits_for_item(const frame::question& q, const result<answer>& x) {
  return x && q.hold_ms && std::holds_alternative<ask::peek>(q.what.body) && x->one.items().empty();
}

/// For how long, at most.
inline std::chrono::milliseconds hold_of(const frame::question& q) {
  return std::chrono::milliseconds{std::min<std::uint64_t>(q.hold_ms, hold_most_ms)};
}

/// The answer to a question.
inline frame::found found_for(const frame::question& q, standing at, result<answer> x) {
  frame::found out{q.id, {errc::none, {}}, std::move(at), {}};
  if (x)
    out.what = *std::move(x);
  else
    out.why = x.why();
  return out;
}

/// The answer to a write.
inline frame::reply reply_to(std::uint64_t id, result<value> x, const position& at) {
  frame::reply out{id, {errc::none, {}}, at, {}};
  if (x)
    out.answer = *std::move(x);
  else
    out.why = x.why();
  return out;
}

} // namespace supercache::detail
