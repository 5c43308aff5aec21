#include "access.hpp"
#include "makers.hpp"

#include <supercache/kv.hpp>

// Looking for one thing, and making it if it is not there.

namespace supercache {

using detail::core;
using detail::to_plain;
namespace makers = detail::makers;

// -- looking ------------------------------------------------------------------------------------

namespace {

caf::expected<std::optional<record>> first_of(caf::expected<records> found) {
  if (!found)
    return std::move(found.error());
  return found->empty() ? std::optional<record>{} : found->front();
}
caf::expected<bool> whether(const caf::expected<records>& found) {
  if (!found)
    return found.error();
  return !found->empty();
}

} // namespace

caf::expected<std::optional<record>> cache::try_find(const value& key,
                                                     const read_options& o) const {
  return first_of(try_get(key, o));
}
std::optional<record> cache::find(const value& key, const read_options& o) const {
  return to_plain(try_find(key, o));
}
caf::expected<std::optional<record>> cache::try_find(const record& r, const read_options& o) const {
  return first_of(try_get(r, o));
}
std::optional<record> cache::find(const record& r, const read_options& o) const {
  return to_plain(try_find(r, o));
}
caf::expected<bool> cache::try_contains(const value& key, const read_options& o) const {
  return whether(try_get(key, o));
}
bool cache::contains(const value& key, const read_options& o) const {
  return to_plain(try_contains(key, o));
}
caf::expected<bool> cache::try_contains(const record& r, const read_options& o) const {
  return whether(try_get(r, o));
}
bool cache::contains(const record& r, const read_options& o) const {
  return to_plain(try_contains(r, o));
}

caf::expected<std::optional<value>> kv::try_find(const value& key, const read_options& o) const {
  auto found = try_get_all(key, o);
  if (!found)
    return std::move(found.error());
  return found->empty() ? std::optional<value>{} : std::optional{std::move(found->front())};
}
std::optional<value> kv::find(const value& key, const read_options& o) const {
  return to_plain(try_find(key, o));
}
caf::expected<bool> kv::try_contains(const value& key, const read_options& o) const {
  auto found = try_get_all(key, o);
  if (!found)
    return std::move(found.error());
  return !found->empty();
}
bool kv::contains(const value& key, const read_options& o) const {
  return to_plain(try_contains(key, o));
}

// -- looking and making -------------------------------------------------------------------------

namespace {

/// How one thing is looked for (nothing: it is not there), made, and stored unless it is there.
template <class T>
struct ways {
  std::function<caf::expected<std::optional<T>>(const read_options&)> find;
  std::function<caf::expected<T>()> make;
  std::function<caf::expected<bool>(const T&)> add;
};

/// An exception of ours is an answer; others go to the caller.
template <class T>
caf::expected<T> made_by(const std::function<caf::expected<T>()>& make) {
  try {
    return make();
  } catch (const error& e) {
    return make_error(e.code(), e.what());
  }
}

/// Makes a thing, and stores it unless another node or another operation was quicker; then the
/// answer is the thing that it stored.
template <class T>
caf::expected<T> make_and_add(const ways<T>& how, const std::string& name, const write_options& o) {
  const auto until = std::chrono::steady_clock::now() + detail::countable(o.timeout);
  const read_options at_primary{read_mode::primary, o.timeout};
  std::optional<T> made;
  do {
    auto found = how.find(at_primary);
    if (!found)
      return std::move(found.error());
    if (*found)
      return **std::move(found);
    if (!made) {
      auto x = made_by(how.make);
      if (!x)
        return x;
      made = *std::move(x);
    }
    auto added = how.add(*made);
    if (!added)
      return std::move(added.error());
    if (*added)
      return *std::move(made);
  } while (std::chrono::steady_clock::now() < until);
  return make_error(errc::overloaded, "others kept adding and removing " + name + " for "
                                        + std::to_string(o.timeout.count()) + " ms");
}

} // namespace

caf::expected<value> kv::try_get_or_add(const value& key, const std::function<value()>& make,
                                        const write_options& o) {
  if (const auto ttl = detail::ttl_of(o); !ttl)
    return to_caf(ttl.why());
  if (auto found = try_find(key, {.timeout = o.timeout}); !found)
    return std::move(found.error());
  else if (*found)
    return **std::move(found);
  const ways<value> how{[&](const read_options& r) { return try_find(key, r); },
                        [&]() -> caf::expected<value> { return make(); },
                        [&](const value& x) { return try_add_new(key, x, o); }};
  const makers::subject what{&cache_.internals(), where().space(), key, {}};
  return makers::once(what, o.timeout, [&] { return make_and_add(how, what.text(), o); });
}
value kv::get_or_add(const value& key, const std::function<value()>& make, const write_options& o) {
  return to_plain(try_get_or_add(key, make, o));
}

namespace {

/// A record has to be found under the key that it is made for.
status check_made(const core& c, const record& r, const value& key,
                  const partition_filter& partition) {
  if (auto s = c.check(r); !s)
    return s;
  if (r[c.config().key_pos] != key)
    return {errc::invalid_argument, "the record made for key " + to_string(key) + " has key "
                                      + to_string(r[c.config().key_pos])};
  if (partition && r[c.config().partition_pos] != *partition)
    return {errc::invalid_argument, "the record made for partition value " + to_string(*partition)
                                      + " has " + to_string(r[c.config().partition_pos])};
  return ok();
}

} // namespace

caf::expected<record> cache::try_get_or_add(const value& key, const std::function<record()>& make,
                                            const partition_filter& partition,
                                            const write_options& o) {
  const core& c = *core_;
  if (const auto ttl = detail::ttl_of(o); !ttl)
    return to_caf(ttl.why());
  if (!partition && !c.same_position())
    return make_error(errc::invalid_argument, "partition_pos differs from key_pos, so a key alone "
                                              "does not say which partition; give the partition "
                                              "value too");
  const auto look = [&](const read_options& r) {
    return first_of(partition ? try_get_by_key_partition(key, *partition, r) : try_get(key, r));
  };
  if (auto found = look({.timeout = o.timeout}); !found)
    return std::move(found.error());
  else if (*found)
    return **std::move(found);
  const ways<record> how{look,
                         [&]() -> caf::expected<record> {
                           record made = make();
                           if (auto s = check_made(c, made, key, partition); !s)
                             return to_caf(s.why());
                           return made;
                         },
                         [&](const record& r) { return try_insert_new(r, o); }};
  const makers::subject what{&c, {}, key, partition ? *partition : value{}};
  auto made = makers::once(what, o.timeout, [&]() -> caf::expected<value> {
    auto x = make_and_add(how, what.text(), o);
    if (!x)
      return std::move(x.error());
    return value{*x};
  });
  if (!made)
    return std::move(made.error());
  return record::from_tuple(*made);
}
record cache::get_or_add(const value& key, const std::function<record()>& make,
                         const partition_filter& partition, const write_options& o) {
  return to_plain(try_get_or_add(key, make, partition, o));
}

} // namespace supercache
