#include "struct_rows.hpp"

#include "calls.hpp"

namespace supercache::detail::struct_rows {

namespace {

place rows_of(const std::string& type) { return {space_kind::structs, type}; }
place keys() { return {space_kind::structs, keys_space}; }

failure other_key(const std::string& type, std::size_t known, std::size_t wanted) {
  return {errc::key_mismatch, type + " is initialised already, with field " + std::to_string(known)
                                + " as its key, not " + std::to_string(wanted)};
}

/// What this process knows.
std::optional<std::size_t> known_key(core& c, const std::string& type) {
  const std::lock_guard hold{c.structs_lock};
  for (const auto& [name, field] : c.struct_keys)
    if (name == type)
      return field;
  return {};
}

/// Notes the key of a type, once; answers what it is.
std::size_t learn_key(core& c, const std::string& type, std::size_t field) {
  const std::lock_guard hold{c.structs_lock};
  for (const auto& [name, known] : c.struct_keys)
    if (name == type)
      return known;
  c.struct_keys.emplace_back(type, field);
  return field;
}

/// What all nodes have agreed upon.
future<std::optional<std::size_t>> agreed_key(core& c, const std::string& type,
                                              const read_options& o) {
  using field = std::optional<std::size_t>;
  return c.executor()
    .read(c.index_of(hash(value{type})), query{keys().space(), ask::get{{value{type}}}}, o)
    .map([](const answer& x) -> result<field> {
      if (x.rows.empty() || x.rows.front().empty())
        return field{};
      const record& r = x.rows.front().front();
      return r.size() == 2 && r[1].is_int() ? field{static_cast<std::size_t>(r[1].as_int())}
                                            : field{};
    });
}

result<unit> agree(core& c, const std::string& type, std::size_t agreed, std::size_t wanted) {
  const auto now_is = learn_key(c, type, agreed);
  return now_is == wanted ? ok() : status{other_key(type, now_is, wanted)};
}

} // namespace

status check_type(const std::string& type) {
  if (is_shown(space_kind::structs, type))
    return ok();
  return {errc::invalid_argument, "no type of structs can be called '" + type + '\''};
}

future<unit> init(core& c, const std::string& type, std::size_t field, const wait_options& o) {
  if (auto s = check_type(type); !s)
    return s;
  if (const auto known = known_key(c, type))
    return agree(c, type, *known, field);
  return c.executor()
    .write(c.index_of(hash(value{type})), keys(),
           op::insert_new{record{type, static_cast<std::int64_t>(field)}, 0}, o.timeout)
    .and_then([&c, type, field, o](const value& first) -> future<unit> {
      if (first == value{true})
        return agree(c, type, field, field);
      return agreed_key(c, type, {read_mode::primary, o.timeout})
        .map([&c, type, field](std::optional<std::size_t> before) {
          return agree(c, type, before.value_or(field), field);
        });
    });
}

future<std::optional<std::size_t>> key_of(core& c, const std::string& type, const read_options& o) {
  if (const auto known = known_key(c, type))
    return known;
  return agreed_key(c, type, o)
    .map([&c, type](std::optional<std::size_t> agreed) -> result<std::optional<std::size_t>> {
      if (agreed)
        agreed = learn_key(c, type, *agreed);
      return agreed;
    });
}

future<std::vector<std::pair<std::string, std::size_t>>> declared(core& c, const read_options& o) {
  using types = std::vector<std::pair<std::string, std::size_t>>;
  return calls::all_rows(c, keys().space(), o)
    .map([](const std::vector<record>& rows) -> result<types> {
      types out;
      for (const record& r : rows)
        out.emplace_back(r[0].as_string(), static_cast<std::size_t>(r[1].as_int()));
      return out;
    });
}

future<unit> put(core& all, const std::string& type, record row, const write_options& o) {
  return call(all, metric::put, [&, &c = all]() -> future<unit> {
    const auto ttl = ttl_of(o);
    if (!ttl)
      return ttl.why();
    if (row.size() != 2 || !row[1].is_tuple())
      return {errc::invalid_argument, "a struct is stored as {key, {field, ...}}"};
    if (auto s = check_type(type); !s)
      return s;
    return key_of(c, type, {.timeout = o.timeout})
      .and_then([&c, type, row = std::move(row), ttl_ms = *ttl,
                 timeout = o.timeout](std::optional<std::size_t> key) -> future<unit> {
        const auto fields = row[1].items();
        if (key && (*key >= fields.size() || fields[*key] != row[0]))
          return {errc::key_mismatch, type + " has field " + std::to_string(*key)
                                        + " as its key, which is not " + to_string(row[0])};
        return c.executor()
          .write(c.index_of(hash(row[0])), rows_of(type), op::put{row, ttl_ms}, timeout)
          .map(as_unit);
      });
  });
}

future<records> get(core& c, const std::string& type, const value& key, const read_options& o) {
  return calls::kv_get(c, rows_of(type), key, o);
}

future<std::vector<record>> list(core& c, const std::string& type, const read_options& o) {
  if (auto s = check_type(type); !s)
    return s.why();
  return calls::all_rows(c, rows_of(type).space(), o);
}

future<std::size_t> remove(core& c, const std::string& type, const value& key,
                           const wait_options& o) {
  return calls::kv_remove(c, rows_of(type), std::span{&key, 1}, o);
}

future<std::size_t> clear(core& c, const std::string& type, const wait_options& o) {
  return calls::clear(c, rows_of(type), o);
}

} // namespace supercache::detail::struct_rows
