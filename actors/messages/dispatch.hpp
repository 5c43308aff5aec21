#pragma once

#include "../calls.hpp"

#include <supercache/interfaces.hpp>

#include <caf/make_message.hpp>

#include <map>
#include <tuple>
#include <type_traits>
#include <vector>

/// How messages become calls. A row says for one message of CACHE's interface which call it is;
/// the compiler checks that the rows are those of the interface, no more, no fewer.
namespace supercache::detail {

/// What a message is answered with.
using reply = future<caf::message>;

/// One message of the interface.
struct row {
  std::size_t key = 0; ///< see `key_of`
  bool (*matches)(const caf::message&) = nullptr;
  reply (*run)(core&, caf::message&) = nullptr;
  bool takes_longer = false; ///< depends on how much data there is
};

/// All messages of the interface. Thread: any, once it is made.
class dispatch_table {
public:
  void add(const row& r) { rows_.emplace(r.key, r); }
  /// Null for a message that is not of the interface.
  const row* find(const caf::message& m) const;

private:
  std::multimap<std::size_t, row> rows_; ///< few have one key
};

/// By the number of elements and the atoms at the beginning.
std::size_t key_of(std::size_t size, caf::atom_value first, caf::atom_value second) noexcept;

// -- answers as messages --------------------------------------------------------------------------

// What a call answers, and the type in which it travels.
inline caf::message to_message(unit) { return caf::make_message(); }
inline caf::message to_message(std::size_t n) {
  return caf::make_message(static_cast<std::uint64_t>(n));
}
inline caf::message to_message(const records& rs) { return caf::make_message(rs.to_vector()); }
inline caf::message to_message(const std::vector<records>& all) {
  std::vector<record_list> out;
  for (const records& rs : all)
    out.push_back(rs.to_vector());
  return caf::make_message(std::move(out));
}
inline caf::message to_message(caf::message m) { return m; }
template <class T>
caf::message to_message(T x) {
  return caf::make_message(std::move(x));
}

template <class T>
struct travels_as {
  using type = caf::output_tuple<T>;
};
template <>
struct travels_as<unit> {
  using type = caf::output_tuple<void>;
};
template <>
struct travels_as<records> {
  using type = caf::output_tuple<record_list>;
};
template <>
struct travels_as<std::vector<records>> {
  using type = caf::output_tuple<std::vector<record_list>>;
};

// -- rows -----------------------------------------------------------------------------------------

template <class T>
struct is_atom : std::false_type {};
template <caf::atom_value A>
struct is_atom<caf::atom_constant<A>> : std::true_type {};
template <class T>
constexpr caf::atom_value atom_in = caf::atom_value{};
template <caf::atom_value A>
constexpr caf::atom_value atom_in<caf::atom_constant<A>> = A;

/// One row before it is known that it belongs to the interface. `F` has no state.
template <class F, class... Ts>
struct typed_row {
  static constexpr std::size_t size = sizeof...(Ts);

  /// Calls the function with the arguments, out of which it may move.
  template <std::size_t... Is>
  static auto invoke(core& c, caf::message& m, std::index_sequence<Is...>) {
    return std::apply([&](auto&... xs) { return F{}(c, xs...); },
                      std::tuple_cat(argument<Is>(m)...));
  }
  template <std::size_t I>
  static auto argument(caf::message& m) {
    using type = std::tuple_element_t<I, std::tuple<Ts...>>;
    if constexpr (is_atom<type>::value)
      return std::tuple<>{};
    else
      return std::tie(m.get_mutable_as<type>(I));
  }
  using future_type = decltype(invoke(std::declval<core&>(), std::declval<caf::message&>(),
                                      std::make_index_sequence<size>{}));
  using answer_type = typename future_type::value_type;
  using signature
    = caf::typed_mpi<caf::detail::type_list<Ts...>, typename travels_as<answer_type>::type>;

  static reply run(core& c, caf::message& m) {
    return reply_of(future<answer_type>{invoke(c, m, std::make_index_sequence<size>{})});
  }
  static reply reply_of(future<answer_type> x) {
    return std::move(x).map(
      [](answer_type y) -> result<caf::message> { return to_message(std::move(y)); });
  }
  static bool matches(const caf::message& m) { return m.match_elements<Ts...>(); }
  static row make(bool takes_longer) {
    constexpr caf::atom_value atoms[] = {atom_in<Ts>..., caf::atom_value{}};
    return {key_of(size, atoms[0], atoms[1]), &matches, &run, takes_longer};
  }
  bool takes_longer = false;
};

/// A message `(Ts…)`, which `f(core, arguments that are no atoms…)` does.
template <class... Ts, class F>
auto on(F) {
  return std::tuple{typed_row<F, Ts...>{}};
}
/// The same for what takes longer the more data there is.
template <class... Ts, class F>
auto on_long(F) {
  return std::tuple{typed_row<F, Ts...>{true}};
}

/// `F` with the options that are meant if a message has none.
template <class F>
struct with_defaults {
  auto operator()(core& c, auto&... xs) const { return F{}(c, xs..., read_options{}); }
};
/// A read, as the message `(Ts…)` and as `(Ts…, read_options)`.
template <class... Ts, class F>
auto on_read(F) {
  return std::tuple{typed_row<with_defaults<F>, Ts...>{}, typed_row<F, Ts..., read_options>{}};
}
template <class... Ts, class F>
auto on_long_read(F) {
  return std::tuple{typed_row<with_defaults<F>, Ts...>{true},
                    typed_row<F, Ts..., read_options>{true}};
}

template <class Signature, class... Rows>
constexpr std::size_t rows_for
  = (std::size_t{std::is_same_v<Signature, typename Rows::signature>} + ... + 0);
template <class Interface>
struct rows_of_interface;
template <class... Signatures>
struct rows_of_interface<caf::typed_actor<Signatures...>> {
  template <class... Rows>
  static constexpr bool are
    = sizeof...(Rows) == sizeof...(Signatures) && ((rows_for<Signatures, Rows...> == 1) && ...);
};

/// Adds the rows of one part of the interface.
template <class Part>
void add_rows(dispatch_table& to, auto... groups) {
  std::apply(
    [&]<class... Rows>(const Rows&... rows) {
      static_assert(rows_of_interface<Part>::template are<Rows...>,
                    "each message of this part of CACHE's interface needs one row, which answers "
                    "what the interface says");
      (to.add(Rows::make(rows.takes_longer)), ...);
    },
    std::tuple_cat(groups...));
}

// The parts; each file of this folder has some.
void add_tuple_rows(dispatch_table& to);
void add_kv_rows(dispatch_table& to);
void add_queue_rows(dispatch_table& to);
void add_struct_rows(dispatch_table& to);
void add_watch_rows(dispatch_table& to);
void add_info_rows(dispatch_table& to);
void add_backup_rows(dispatch_table& to);
void add_member_rows(dispatch_table& to);
void add_service_rows(dispatch_table& to);

// -- arguments ------------------------------------------------------------------------------------

inline write_options living(std::int64_t ttl_ms) {
  return {.ttl = std::chrono::milliseconds{ttl_ms}};
}
inline std::size_t index_in(std::uint64_t i) { return static_cast<std::size_t>(i); }
result<read_options> mode_named(const std::string& name);

} // namespace supercache::detail
