#include "session.hpp"

#include "common/arguments.hpp"
#include "common/words.hpp"

namespace supercache::app {

client& session::node() {
  const bool same = client_ && connected_to_.host == now.node.host
                    && connected_to_.port == now.node.port && !client_->lost();
  if (!same) {
    client_ = nullptr;
    client_ = std::make_unique<client>(now.node, now.timeout, [] { return interrupted.load(); });
    connected_to_ = now.node;
  }
  client_->set_timeout(now.timeout);
  return *client_;
}

void session::let_go() {
  if (client_ && client_->lost())
    client_ = nullptr;
}

value session::word(const std::string& typed) const {
  if (is_in_quotes(typed))
    return value{plain_word(typed)};
  return value_from_word(plain_word(typed), now.plain,
                         in_shell ? typed_in::shell : typed_in::command_line);
}

} // namespace supercache::app
