#pragma once

#include "core.hpp"

#include <supercache/listing.hpp>

/// Listings of a whole space, all at once or page by page.
namespace supercache::detail {

/// The items of a page, if no limit is given.
inline constexpr std::size_t default_page = 1'000;

/// Some records of a space, of all partitions one after the other, each of an ordered_set in key
/// order: about `o.limit`, up to a hundred more; fewer, or none, though there may be more to come,
/// if they are large or few have the prefix. `from`: nil, or what the page before said.
/// `keys_only`: a record of each key alone, once.
result<page> next_page(core& c, const space& of, const value& from, const list_options& o,
                       bool keys_only);
/// Every record {key, …} of a namespace or struct type; of an ordered_set in key order.
result<std::vector<record>> all_rows(core& c, const space& of, const list_options& o,
                                     bool keys_only = false);
/// Names in use, sorted, each once; after `from` if it is not nil.
result<value_list> names_of(core& c, space_kind kind, const value& from, const list_options& o);

} // namespace supercache::detail
