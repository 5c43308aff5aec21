#include "cursor.hpp"
#include "encoding_format.hpp"
#include "guarded.hpp"

#include <supercache/store/encoding.hpp>

#include <boost/container/small_vector.hpp>

// Reading. The table of the format is in encoding_format.hpp; writing is in encoding.cpp.

namespace supercache::inline SUPERCACHE_ABI {

namespace {

using namespace detail;

/// Reads what the table says. Recursion is bounded: `levels` is how many more levels of nesting
/// may follow, and running out of them throws `error(errc::too_large)`.
class reader {
public:
  explicit reader(byte_view in) : in_(in) {}
  byte_view rest() const noexcept { return in_.rest(); }

  value read_any() { return read_value(max_depth); }
  record read_record();
  pattern read_pattern();
  operation read_operation();

private:
  using what = token::what;

  // -- values
  value read_value(unsigned levels);
  value list_of(std::uint64_t count, unsigned levels);
  value map_of(std::uint64_t pairs, unsigned levels);
  value tuple_in(const token& ext, unsigned levels);
  record record_of(std::uint64_t count);
  std::span<const value> push(std::uint64_t count, unsigned levels);
  void pop(std::span<const value> items) { stack_.resize(stack_.size() - items.size()); }

  // -- fields
  std::uint64_t begin_array(std::uint64_t at_least);
  std::optional<record> read_optional();
  std::uint64_t read_unsigned(std::uint64_t max);
  std::int64_t read_integer();
  bool read_bool();
  std::string read_text();
  template <class E>
  E read_enum(E last) {
    return static_cast<E>(read_unsigned(static_cast<std::uint64_t>(last)));
  }
  std::uint32_t read_uint32() { return static_cast<std::uint32_t>(read_unsigned(UINT32_MAX)); }

  // -- the same by type
  void read(value& x) { x = read_any(); }
  void read(record& x) { x = read_record(); }
  void read(std::optional<record>& x) { x = read_optional(); }
  void read(pattern& x) { x = read_pattern(); }
  void read(std::int64_t& x) { x = read_integer(); }
  void read(std::uint64_t& x) { x = read_unsigned(UINT64_MAX); }
  void read(std::uint32_t& x) { x = read_uint32(); }
  void read(bool& x) { x = read_bool(); }
  template <class A, class B>
  void read(std::pair<A, B>& x) {
    read(x.first);
    read(x.second);
  }
  template <class T>
  void read(std::vector<T>& xs);
  template <described T>
  void read(T& x) {
    for_each_field(x, [&](auto& field) { read(field); });
  }

  // -- patterns and operations
  term read_term(unsigned levels);
  guard read_guard(unsigned levels);

  /// Checks that an array has the fields of its kind.
  void need_fields(std::uint64_t found, std::uint64_t wanted) const {
    if (found != wanted)
      in_.fail("fields: " + std::to_string(found) + " where " + std::to_string(wanted) + " belong");
  }
  static void need_level(unsigned levels, const char* what) {
    if (levels == 0)
      throw error(errc::too_large, std::string{what} + " nested deeper than "
                                     + std::to_string(max_depth) + " levels");
  }

  cursor in_;
  /// Elements read of lists, tuples and records that are still incomplete.
  boost::container::small_vector<value, 16> stack_;
};

// -- values -------------------------------------------------------------------------------------

value reader::read_value(unsigned levels) {
  const token t = in_.next();
  switch (t.is) {
    case what::nil: return {};
    case what::boolean: return t.number != 0;
    case what::integer: return static_cast<std::int64_t>(t.number);
    case what::big_integer:
      in_.fail("integer " + std::to_string(t.number)
               + " does not fit: the largest is 9223372036854775807");
    case what::real: return t.real;
    case what::string: return t.text;
    case what::array: return list_of(t.number, levels);
    case what::map: return map_of(t.number, levels);
    case what::ext: return tuple_in(t, levels);
  }
  in_.fail("unknown item");
}

/// Reads `count` values onto the stack; the span is valid until the next push or pop.
std::span<const value> reader::push(std::uint64_t count, unsigned levels) {
  const std::size_t base = stack_.size();
  for (std::uint64_t i = 0; i < count; ++i)
    stack_.push_back(read_value(levels));
  return {stack_.data() + base, stack_.size() - base};
}

value reader::list_of(std::uint64_t count, unsigned levels) {
  need_level(levels, "value");
  const auto items = push(count, levels - 1);
  value x = value::list(items);
  pop(items);
  return x;
}

value reader::map_of(std::uint64_t pairs, unsigned levels) {
  need_level(levels, "value");
  std::vector<std::pair<value, value>> read;
  read.reserve(pairs);
  for (std::uint64_t i = 0; i < pairs; ++i) {
    value key = read_value(levels - 1);
    read.emplace_back(std::move(key), read_value(levels - 1));
  }
  return value::map(std::move(read));
}

value reader::tuple_in(const token& ext, unsigned levels) {
  need_level(levels, "value");
  if (ext.ext_type != tuple_ext)
    in_.fail("extension of unknown type " + std::to_string(ext.ext_type));
  const auto body = in_.enter(ext);
  const auto items = push(begin_array(0), levels - 1);
  in_.leave(body);
  value x = value::tuple(items);
  pop(items);
  return x;
}

record reader::record_of(std::uint64_t count) {
  const auto items = push(count, max_depth - 1);
  record r = record::of(items);
  pop(items);
  return r;
}

record reader::read_record() { return record_of(begin_array(0)); }

// -- fields -------------------------------------------------------------------------------------

std::uint64_t reader::begin_array(std::uint64_t at_least) {
  const token t = in_.next();
  if (t.is != what::array)
    in_.fail("no array where one belongs");
  if (t.number < at_least)
    in_.fail("array of size " + std::to_string(t.number) + " where at least "
             + std::to_string(at_least) + " is needed");
  return t.number;
}

std::optional<record> reader::read_optional() {
  const token t = in_.next();
  if (t.is == what::nil)
    return {};
  if (t.is != what::array)
    in_.fail("neither nil nor a record where one belongs");
  return record_of(t.number);
}

std::uint64_t reader::read_unsigned(std::uint64_t max) {
  const token t = in_.next();
  const bool negative = t.is == what::integer && t.number > INT64_MAX;
  if ((t.is != what::integer && t.is != what::big_integer) || negative || t.number > max)
    in_.fail("no integer from 0 to " + std::to_string(max) + " where one belongs");
  return t.number;
}

std::int64_t reader::read_integer() {
  const token t = in_.next();
  if (t.is != what::integer)
    in_.fail("no integer of 64 bits where one belongs");
  return static_cast<std::int64_t>(t.number);
}

bool reader::read_bool() {
  const token t = in_.next();
  if (t.is != what::boolean)
    in_.fail("neither true nor false where one of them belongs");
  return t.number != 0;
}

std::string reader::read_text() {
  const token t = in_.next();
  if (t.is != what::string)
    in_.fail("no string where one belongs");
  return std::string{t.text};
}

template <class T>
void reader::read(std::vector<T>& xs) {
  constexpr auto width = items_in_array<T>;
  const auto n = begin_array(0);
  if (n % width != 0)
    in_.fail("array of size " + std::to_string(n) + " where groups of " + std::to_string(width)
             + " belong");
  xs.resize(n / width);
  for (T& x : xs)
    read(x);
}

// -- patterns -----------------------------------------------------------------------------------

term reader::read_term(unsigned levels) {
  need_level(levels, "pattern");
  const auto rest = begin_array(1) - 1;
  term t;
  t.is = read_enum(last_term);
  switch (t.is) {
    case term::what::literal:
      need_fields(rest, 1);
      t.literal = read_any();
      break;
    case term::what::any: need_fields(rest, 0); break;
    case term::what::bind:
      need_fields(rest, 1);
      t.number = read_uint32();
      break;
    case term::what::tuple:
    case term::what::list:
      t.items.resize(rest);
      for (term& item : t.items)
        item = read_term(levels - 1);
      break;
  }
  return t;
}

guard reader::read_guard(unsigned levels) {
  need_level(levels, "guard");
  const auto rest = begin_array(1) - 1;
  const auto op = read_enum(last_guard);
  if (op == guard::op::literal || op == guard::op::var) {
    need_fields(rest, 1);
    return op == guard::op::var ? var(read_uint32()) : guard{read_any()};
  }
  std::vector<guard> args(rest);
  for (guard& arg : args)
    arg = read_guard(levels - 1);
  return {op, std::move(args)};
}

pattern reader::read_pattern() {
  const auto parts = begin_array(1);
  if (parts > 2)
    in_.fail("a pattern has terms and at most one guard");
  pattern p;
  p.terms.resize(begin_array(0));
  for (term& t : p.terms)
    t = read_term(max_depth);
  if (parts == 2)
    p.when = read_guard(max_depth + 1); // operands are a level of their own
  return p;
}

// -- operations ---------------------------------------------------------------------------------

operation reader::read_operation() {
  const auto fields = begin_array(op_head_fields) - op_head_fields;
  const auto code = read_unsigned(std::variant_size_v<operation_body> - 1);
  operation o;
  o.target.kind = read_enum(last_space);
  o.target.name = read_text();
  alternatives<operation_body>::emplace(o.body, code, [&]<class O>(O& body) {
    need_fields(fields, field_count<O>);
    read(body);
  });
  return o;
}

template <class T>
result<T> read_with(T (reader::*read)(), byte_view& in) {
  return guarded<T>([&] {
    reader r{in};
    T x = (r.*read)();
    in = r.rest();
    return x;
  });
}

} // namespace

result<value> decode_value(byte_view& in) { return read_with(&reader::read_any, in); }
result<record> decode_record(byte_view& in) { return read_with(&reader::read_record, in); }
result<pattern> decode_pattern(byte_view& in) { return read_with(&reader::read_pattern, in); }
result<operation> decode_operation(byte_view& in) { return read_with(&reader::read_operation, in); }

} // namespace supercache::inline SUPERCACHE_ABI
