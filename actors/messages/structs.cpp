#include "../struct_rows.hpp"
#include "dispatch.hpp"

// Messages about structs.

namespace supercache::detail {

void add_struct_rows(dispatch_table& to) {
  add_rows<struct_actor>(
    to,
    on<struct_atom, init_atom, std::string, std::uint64_t>(
      [](core& c, const std::string& type, std::uint64_t field) -> future<unit> {
        if (auto s = c.check_running(); !s)
          return s;
        return struct_rows::init(c, type, index_in(field), {});
      }),
    on<struct_atom, put_atom, std::string, record>([](core& c, const std::string& type, record& r) {
      return struct_rows::put(c, type, std::move(r), {});
    }),
    on<struct_atom, put_atom, std::string, record, std::int64_t>(
      [](core& c, const std::string& type, record& r, std::int64_t ttl) {
        return struct_rows::put(c, type, std::move(r), living(ttl));
      }),
    on_read<struct_atom, get_atom, std::string, value>(
      [](core& c, const std::string& type, const value& key, const read_options& o) {
        return struct_rows::get(c, type, key, o);
      }),
    on_long_read<struct_atom, list_atom, std::string>(
      [](core& c, const std::string& type, const read_options& o) {
        return struct_rows::list(c, type, o);
      }),
    on<struct_atom, remove_atom, std::string, value>(
      [](core& c, const std::string& type, const value& key) {
        return struct_rows::remove(c, type, key, {});
      }),
    on_long<struct_atom, clear_atom, std::string>(
      [](core& c, const std::string& type) { return struct_rows::clear(c, type, {}); }));
}

} // namespace supercache::detail
