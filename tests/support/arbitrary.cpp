#include "support/arbitrary_fields.hpp"
#include "support/hex.hpp"
#include "support/workload.hpp"

#include <supercache/store/encoding.hpp>

#include <doctest/doctest.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <cmath>
#include <sstream>

namespace arbitrary {

void check(const rc::detail::Property& property, std::size_t cases) {
  rc::detail::TestParams params;
  params.seed = workload::seed(1);
  params.maxSuccess = static_cast<int>(workload::scaled(cases));
  rc::detail::TestListenerAdapter quiet;
  const auto outcome
    = rc::detail::checkProperty(property, rc::detail::TestMetadata{}, params, quiet, {});
  std::ostringstream text;
  rc::detail::printResultMessage(outcome, text);
  INFO("to repeat this: SUPERCACHE_SEED=", params.seed);
  CHECK_MESSAGE(outcome.is<rc::detail::SuccessResult>(), text.str());
}

// -- values -------------------------------------------------------------------------------------

Gen<std::int64_t> integers() {
  const auto beside_power = [](int bit, int beside, bool negative) {
    const auto x = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(beside);
    return static_cast<std::int64_t>(negative ? 0 - x : x);
  };
  return rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(),
                        rc::gen::apply(beside_power, rc::gen::inRange(0, 64),
                                       rc::gen::inRange(-2, 3), rc::gen::arbitrary<bool>()));
}

Gen<double> doubles() {
  return rc::gen::oneOf(rc::gen::arbitrary<double>(),
                        rc::gen::cast<double>(rc::gen::inRange(-100, 100)),
                        rc::gen::element(0.0, -0.0, 0.5, 5e-324, 1e308, 9223372036854775808.0,
                                         HUGE_VAL, -HUGE_VAL, std::nan("")));
}

Gen<std::string> texts() {
  const auto join = [](const std::vector<std::string>& parts) {
    std::string all;
    for (const auto& part : parts)
      all += part;
    return all;
  };
  const auto characters
    = rc::gen::element<std::string>("a", "$", "\"", "\\", "\n", "\x7f", "0", "x", "ü", "€",
                                    "\u009b", "\u202e", "\U0001F600", std::string(1, '\0'));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(characters), join);
}

Gen<std::string> strings() {
  return rc::gen::oneOf(texts(), rc::gen::container<std::string>(rc::gen::arbitrary<char>()),
                        rc::gen::map(rc::gen::inRange<std::size_t>(0, 300),
                                     [](std::size_t n) { return std::string(n, 'x'); }));
}

namespace {

template <class T>
Gen<value> to_value(Gen<T> gen) {
  return rc::gen::map(std::move(gen), [](const T& x) { return value{x}; });
}

Gen<value> scalars() {
  return rc::gen::oneOf(rc::gen::just(value{}), to_value(rc::gen::arbitrary<bool>()),
                        to_value(integers()), to_value(doubles()), to_value(strings()));
}

} // namespace

Gen<value> values(unsigned depth, bool plain) {
  if (depth == 0)
    return scalars();
  using pairs = std::vector<std::pair<value, value>>;
  const auto inner = rc::gen::scale(0.4, values(depth - 1, plain));
  const auto keys = plain ? to_value(texts()) : inner;
  const auto lists = rc::gen::scale(0.4, rc::gen::container<value_list>(inner));
  const auto maps = rc::gen::scale(0.4, rc::gen::container<pairs>(rc::gen::pair(keys, inner)));
  return rc::gen::weightedOneOf<value>(
    {{4, scalars()},
     {1, rc::gen::map(lists, [](const value_list& xs) { return value::list(xs); })},
     {1, rc::gen::map(lists, [](const value_list& xs) { return value::tuple(xs); })},
     {1, rc::gen::map(maps, [](const pairs& xs) { return value::map(xs); })}});
}

Gen<record> records() {
  return rc::gen::map(
    rc::gen::nonEmpty(rc::gen::scale(0.3, rc::gen::container<value_list>(values()))),
    [](const value_list& xs) { return record::of(xs); });
}

// -- patterns -------------------------------------------------------------------------------------

namespace {

Gen<term> terms(unsigned depth = 3) {
  const auto literals = rc::gen::map(values(2), [](const value& x) { return term{x}; });
  const auto binds = rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), bind);
  if (depth == 0)
    return rc::gen::oneOf(literals, binds, rc::gen::just(any));
  const auto inner = rc::gen::scale(0.3, rc::gen::container<std::vector<term>>(terms(depth - 1)));
  const auto nested = [](const std::vector<term>& items, bool tuple) {
    term t;
    t.is = tuple ? term::what::tuple : term::what::list;
    t.items = items;
    return t;
  };
  return rc::gen::oneOf(literals, binds, rc::gen::just(any),
                        rc::gen::apply(nested, inner, rc::gen::arbitrary<bool>()));
}

Gen<guard> guards(unsigned depth = 3) {
  const auto literals = rc::gen::map(values(1), [](const value& x) { return guard{x}; });
  const auto vars = rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), var);
  if (depth == 0)
    return rc::gen::oneOf(literals, vars);
  const auto inner = rc::gen::resize(3, rc::gen::container<std::vector<guard>>(guards(depth - 1)));
  const auto nested = [](int op, const std::vector<guard>& args) {
    return guard{static_cast<guard::op>(op), args};
  };
  const auto ops
    = rc::gen::inRange(static_cast<int>(guard::op::eq), static_cast<int>(guard::op::is_map) + 1);
  return rc::gen::oneOf(literals, vars, rc::gen::apply(nested, ops, inner));
}

} // namespace

Gen<pattern> patterns() {
  const auto make = [](const std::vector<term>& ts, const rc::Maybe<guard>& g) {
    return g ? pattern{ts, *g} : pattern{ts};
  };
  return rc::gen::apply(make, rc::gen::scale(0.2, rc::gen::container<std::vector<term>>(terms())),
                        rc::gen::maybe(guards()));
}

// -- operations ---------------------------------------------------------------------------------

Gen<operation> operations() { return rc::gen::exec(any_of<operation>); }

} // namespace arbitrary

namespace supercache {

void showValue(const pattern& x, std::ostream& out) { out << "pattern " << hex::of(encoded(x)); }
void showValue(const operation& x, std::ostream& out) {
  out << name_of(x.body) << ' ' << hex::of(encoded(x));
}

} // namespace supercache
