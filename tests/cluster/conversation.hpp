#pragma once

#include <string>

/// Scripted conversations of the copies of one partition: a text that says what happens and, below
/// each command that asks, its result. conversations/README.md has the commands.
namespace conversation {

/// Performs a script, and answers it with the real results of the commands that ask.
/// Throws std::runtime_error for a command that makes no sense.
std::string perform(const std::string& script);

} // namespace conversation
