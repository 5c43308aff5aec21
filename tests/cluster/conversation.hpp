#pragma once

#include <string>

/// Scripted conversations of the copies of one partition: a text that says what happens, and, below
/// each command that asks, what comes of it. conversations/README.md has the commands.
namespace conversation {

/// Performs a script and answers it with what really came of each command that asks.
/// Throws std::runtime_error for a command that makes no sense.
std::string perform(const std::string& script);

} // namespace conversation
