//===- CommandLine.cpp - what all verbs do with their arguments -----------===//
//
// CLI11 knows the arguments; the wording of its refusals is brought into ours.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/frontend/Utf8.h"

#include <fmt/format.h>
#include <new>

namespace roux {

int refuse(std::string_view message) {
  fmt::print(stderr, "error: {}\n", printable(message));
  return 1;
}

std::optional<int> parseArguments(CLI::App &app, int argc, char **argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    std::string message = error.what();
    if (!message.empty())
      message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
    return refuse(fmt::format("{}; see '{} --help'", message, app.get_name()));
  }
}

int guarded(const std::function<int()> &body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return refuse("out of memory");
  } catch (const std::exception &error) {
    return refuse(error.what());
  }
}

} // namespace roux
