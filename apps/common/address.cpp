#include "address.hpp"

#include <charconv>

namespace supercache::app {

std::string to_string(const address& a) {
  const bool v6 = a.host.find(':') != std::string::npos;
  return (v6 ? '[' + a.host + ']' : a.host) + ':' + std::to_string(a.port);
}

result<address> address_from(std::string_view text) {
  const failure bad{errc::invalid_argument, "'" + std::string{text}
                                              + "' is no address; allowed is host:port, with a "
                                                "port from 1 to 65535"};
  address a;
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return bad;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':'))
      return bad;
    port.remove_prefix(port.empty() ? 0 : 1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty())
      return bad;
  }
  if (text.empty() || (host.empty() && !text.starts_with(':')))
    return bad;
  if (!host.empty())
    a.host = host;
  if (!port.empty()) {
    const auto read = std::from_chars(port.data(), port.data() + port.size(), a.port);
    if (read.ec != std::errc{} || read.ptr != port.data() + port.size() || a.port == 0)
      return bad;
  }
  return a;
}

} // namespace supercache::app
