//===- Messages.h - the protocol of editors --------------------------------===//
//
// Each message is JSON behind a line that says its length.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace roux::language {

/// The next message of `in`; none at its end, or where what is there is no message.
std::optional<std::string> readMessage(std::FILE *in);

void writeMessage(std::FILE *out, std::string_view json);

} // namespace roux::language
