#pragma once

#include <supercache/store/abi.hpp>

/// Every idiom that CAF 1.x spells differently. The rest of the project names none of them, so
/// moving to 1.x is an edit of this header.

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/expected.hpp>
#include <caf/meta/annotation.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/result.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace supercache::inline SUPERCACHE_ABI::compat {

static_assert(CAF_VERSION >= 1700 && CAF_VERSION < 1800,
              "written for CAF 0.17; see the notes in this header for later versions");

// -- typed interfaces: `iface<caf::result<R>(A, B), …>`, as 1.x writes them ---------------------

template <class>
struct signature;
template <class... Rs, class... Ts>
struct signature<caf::result<Rs...>(Ts...)> {
  using type = typename caf::replies_to<Ts...>::template with<Rs...>;
};
template <class... Ts>
struct signature<caf::result<void>(Ts...)> {
  using type = caf::reacts_to<Ts...>;
};
template <class... Fs>
using iface = caf::typed_actor<typename signature<Fs>::type...>;

// -- sending ------------------------------------------------------------------------------------

template <class Self, class To, class... Ts>
void tell(Self&& self, const To& to, Ts&&... xs) {
  self->send(to, std::forward<Ts>(xs)...);
}
template <class Self, class To, class... Ts>
void tell_later(Self&& self, const To& to, caf::timespan delay, Ts&&... xs) {
  self->delayed_send(to, delay, std::forward<Ts>(xs)...);
}
template <class Self, class To, class... Ts>
auto ask(Self&& self, const To& to, caf::timespan timeout, Ts&&... xs) {
  return self->request(to, timeout, std::forward<Ts>(xs)...);
}
/// Takes the answer to a request of a blocking actor, if it comes within a time. It may be called
/// again.
template <class Reply, class F, class E>
void receive_within(Reply& reply, caf::timespan longest, F f, E on_error) {
  caf::blocking_actor::accept_one_cond once;
  reply.self()->varargs_receive(
    once, reply.id(), std::move(f), std::move(on_error), caf::after(longest) >> [] {});
}
/// Asks an actor that always answers.
template <class Self, class To, class... Ts>
auto ask_patiently(Self&& self, const To& to, Ts&&... xs) {
  return self->request(to, caf::infinite, std::forward<Ts>(xs)...);
}
/// Answers a request of `self`, by its `id()`, in place of an actor that is gone: CAF does not if
/// it was on another node.
template <class Self>
void give_up(Self&& self, caf::message_id id) {
  self->ctrl()->enqueue(nullptr, id, caf::make_message(caf::error{caf::sec::request_receiver_down}),
                        nullptr);
}
template <class To, class... Ts>
void tell_from_anywhere(const To& to, Ts&&... xs) {
  caf::anon_send(to, std::forward<Ts>(xs)...);
}
/// Sends a request under a number of the caller's, for an actor that has no behaviour; the response
/// comes to it as a message, whose `request_of` is that number.
template <class To, class... Ts>
void ask_for(const caf::actor& from, const To& to, std::uint64_t number, Ts&&... xs) {
  caf::actor_cast<caf::strong_actor_ptr>(to)->enqueue(
    caf::actor_cast<caf::strong_actor_ptr>(from),
    caf::message_id{number}.with_category(caf::message_id::normal_message_category),
    caf::make_message(std::forward<Ts>(xs)...), nullptr);
}
inline std::uint64_t request_of(caf::message_id response) noexcept {
  return response.request_id().integer_value();
}
template <class To>
void end(const To& to) {
  caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
}
/// Calls `f(address)` when an actor that `self` monitors ends.
template <class Self, class F>
void on_down(Self&& self, F f) {
  self->set_down_handler([f](caf::down_msg& dm) { f(dm.source); });
}
/// A request that is answered later, from any thread.
struct request_parts {
  caf::message content;
  caf::strong_actor_ptr source, receiver;
  caf::message_id id;
};
using deferred_request = std::shared_ptr<request_parts>;
/// Hands every message that no clause matches to `take(deferred_request)`, which sees to an answer.
template <class Self, class F>
void defer_unmatched(Self&& self, F take) {
  self->set_default_handler(
    [take](caf::scheduled_actor* me, caf::message_view& view) -> caf::result<caf::message> {
      auto* actor = static_cast<caf::event_based_actor*>(me);
      auto r = std::make_shared<request_parts>();
      r->id = actor->current_mailbox_element()->mid;
      r->source = actor->current_sender();
      r->receiver = actor->ctrl();
      r->content = view.move_content_to_message();
      actor->make_response_promise(); // so that nothing is answered now
      take(std::move(r));
      return caf::delegated<caf::message>{};
    });
}
/// Answers what a behaviour made of the content; nothing: no clause matched.
inline void answer(const deferred_request& r, caf::optional<caf::message> x) {
  if (!r->source || !r->id.is_request())
    return;
  if (!x)
    x = caf::make_message(caf::error{caf::sec::unexpected_message});
  r->source->enqueue(r->receiver, r->id.response_id(), std::move(*x), nullptr);
}
template <class Self>
auto& state(Self&& self) {
  return self->state;
}

// -- errors -------------------------------------------------------------------------------------

/// The category of our error codes; 1.x knows it by the type of the enum.
inline constexpr auto error_category = caf::atom("supercache");
inline caf::error make_error(std::uint8_t code, std::string text) {
  return {code, error_category, caf::make_message(std::move(text))};
}
/// The type in which a renderer of errors gets the category.
using error_category_type = caf::atom_value;
inline bool is_ours(const caf::error& e) { return e.category() == error_category; }
/// The sentence that `make_error` put into an error's context.
inline std::string sentence_in(const caf::message& context) {
  return context.match_elements<std::string>() ? context.get_as<std::string>(0) : std::string{};
}
inline std::string message_of(const caf::error& e) { return sentence_in(e.context()); }
/// Why an actor ended.
inline std::string reason_of(const caf::error& e) {
  if (is_ours(e))
    return message_of(e);
  if (e.category() == caf::atom("exit"))
    return to_string(static_cast<caf::exit_reason>(e.code()));
  return e.category() == caf::atom("system") ? to_string(static_cast<caf::sec>(e.code()))
                                             : to_string(e);
}

// -- configuration ------------------------------------------------------------------------------

/// Names of CAF's own options: 1.x puts "caf." before them.
inline void set_option(caf::actor_system_config& cfg, const std::string& name, auto x) {
  cfg.set(name, x);
}
inline void low_latency_scheduler(caf::actor_system_config& cfg) {
  cfg.set("scheduler.policy", caf::atom("sharing")).set("middleman.workers", std::size_t{0});
}
/// Sends heartbeats, and gives up connections that were silent for `timeout`; 0 = never.
inline void watch_connections(caf::actor_system_config& cfg, caf::timespan heartbeat,
                              caf::timespan timeout) {
  cfg.set("middleman.heartbeat-interval", heartbeat).set("middleman.connection-timeout", timeout);
}
/// Whether CAF sends heartbeats over all connections.
inline bool sends_heartbeats(const caf::actor_system_config& cfg) {
  return caf::get_or(cfg, "middleman.heartbeat-interval", caf::timespan{0}).count() > 0;
}
inline std::string_view scheduler_threads_option() { return "scheduler.max-threads"; }
/// Whether an actor system can receive a type over the network.
template <class T>
bool knows_type(const caf::actor_system& system) {
  const auto& all = system.types();
  return all.portable_name(caf::type_nr<T>::value, &typeid(T)) != all.default_type_name();
}
/// How many threads run actors.
inline std::size_t workers_of(const caf::actor_system& system) {
  return const_cast<caf::actor_system&>(system).scheduler().num_workers();
}
/// The configuration file in force, which need not exist, and what is in one.
inline const std::string& config_file_of(const caf::actor_system_config& cfg) {
  return cfg.config_file_path;
}
inline auto read_config_file(const std::string& path) {
  return caf::actor_system_config::parse_config_file(path.c_str());
}

// -- the actor of CAF's own that has the connections ----------------------------------------------

template <class Broker>
auto connections_of(auto& middleman) {
  return middleman.template named_broker<Broker>(caf::atom("BASP"));
}

// -- inspecting ---------------------------------------------------------------------------------

/// What an inspector answers.
using inspected = caf::error;
inline inspected inspected_well() { return caf::none; }

/// An inspector of our own: calls `field(x)` of `Self` for every field that an `inspect` visits, in
/// order, and `named(text)` with the type's name. Their exceptions pass through. `loads`: the
/// fields are written, not read.
template <class Self, bool loads>
class field_visitor {
public:
  using result_type = inspected;
  static constexpr bool reads_state = !loads;
  static constexpr bool writes_state = loads;

  template <class... Ts>
  result_type operator()(Ts&&... xs) {
    (visit(xs), ...);
    return inspected_well();
  }

private:
  template <class T>
  void visit(T& x) {
    using plain = std::remove_cvref_t<T>;
    if constexpr (std::is_same_v<plain, caf::meta::type_name_t>)
      static_cast<Self*>(this)->named(x.value);
    else if constexpr (!std::is_base_of_v<caf::meta::annotation, plain>)
      static_cast<Self*>(this)->field(x);
  }
};
/// Shows the fields of `x` to a visitor. Answers the error of the `inspect`, if any.
template <class Visitor, class T>
inspected visit_fields(Visitor& v, T& x) {
  return inspect(v, x);
}

/// A type that travels as bytes: `save(bytes)` writes them, `load(bytes)` answers the error.
template <class Inspector, class Bytes>
typename Inspector::result_type inspect_bytes(Inspector& f, Bytes bytes, auto save, auto load) {
  if constexpr (Inspector::reads_state) {
    save(bytes);
    return f(bytes);
  } else {
    if (auto err = f(bytes))
      return err;
    return load(bytes);
  }
}

} // namespace supercache::inline SUPERCACHE_ABI::compat

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(supercache::compat::deferred_request)

/// Fields of a struct that travels in messages.
#define SUPERCACHE_INSPECT(type, ...)                                                              \
  template <class Inspector>                                                                       \
  typename Inspector::result_type inspect(Inspector& f, type& x) {                                 \
    return                                                                                         \
      [&](auto&... fields) { return f(caf::meta::type_name(#type), fields...); }(__VA_ARGS__);     \
  }
