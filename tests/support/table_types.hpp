#pragma once

#include <supercache/store/table_type.hpp>

/// For tests of what all types of tables do.
inline constexpr supercache::table_type all_types[]
  = {supercache::table_type::set, supercache::table_type::ordered_set, supercache::table_type::bag,
     supercache::table_type::duplicate_bag};
