//===- CommandLine.cpp - what all verbs do with their arguments -----------===//
//
// CLI11 knows the arguments; the wording of its refusals is brought into ours.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/frontend/Utf8.h"
#include "compiler/plan/RefusedRecipe.h"
#include "runtime/Say.h"
#include "runtime/data/LostBytes.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <new>
#include <unistd.h>

namespace roux {

int refuse(std::string_view message) {
  say(stderr, "error: {}\n", printable(message));
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

/// The file and line that a message begins with, as JSON; empty where it begins with none.
static std::string placeOf(const std::string &message) {
  size_t colon = message.find(':');
  std::string file = message.substr(0, colon);
  std::error_code none;
  if (colon == message.npos || !std::filesystem::exists(file, none))
    return "";
  uint64_t line = 0;
  const char *first = message.data() + colon + 1, *last = message.data() + message.size();
  auto [end, bad] = std::from_chars(first, last, line);
  bool isLine = bad == std::errc() && end != last && *end == ':';
  return fmt::format(R"("file":{},"line":{},)", jsonString(file), isLine ? line : 1);
}

/// Says what has no line of a recipe to stand at.
static int tellFailure(const std::string &message, DiagnosticForm form) {
  if (form == DiagnosticForm::Text)
    return refuse(message);
  fmt::print("{{\"severity\":\"error\",\"code\":\"{}\",{}\"message\":{},\"notes\":[]}}\n",
             spelling(Code::Failed), placeOf(message), jsonString(message));
  return 1;
}

int guarded(const std::function<int()> &body, DiagnosticForm form) {
  std::string why;
  int status = 1;
  try {
    status = body();
  } catch (const std::bad_alloc &) {
    why = "out of memory";
  } catch (const RefusedRecipe &refused) {
    if (why = data::causeOf(refused.what()); why != refused.what())
      return tellFailure(why, form);
    if (form == DiagnosticForm::Json)
      fmt::print("{}", refused.json); // also where words are unwanted
    else
      say(stderr, "{}", refused.diagnostic);
    return 1;
  } catch (const std::exception &error) {
    why = error.what();
  }
  why = data::causeOf(std::move(why));
  return why.empty() ? status : tellFailure(why, form);
}

void addDiagnostics(CLI::App &app, DiagnosticForm &form) {
  app.add_option("--diagnostics", form, "text or json, one object a line on stdout")
      ->transform(CLI::CheckedTransformer(std::map<std::string, DiagnosticForm>{
          {"text", DiagnosticForm::Text}, {"json", DiagnosticForm::Json}}));
}

/// A file that is opened later must not become a standard stream. What is opened here refuses what
/// the stream is for, so that a closed stream is still told from one that takes everything.
static void openStreams() {
  for (int stream = 0; stream <= STDERR_FILENO; ++stream)
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int withStreams(Output output, const std::function<int()> &body) {
  openStreams();
  std::signal(SIGXFSZ, SIG_IGN); // a file size limit is an error like a full disk
  if (output == Output::Words)
    std::signal(SIGPIPE, SIG_IGN);
  int status = body();
  int cause = lostWords;
  if (std::fflush(stdout) != 0 && cause == 0)
    cause = errno;
  bool nobodyReads = output == Output::Words && (cause == EPIPE || cause == EBADF);
  if (status != 0 || nobodyReads || (cause == 0 && !std::ferror(stdout)))
    return status;
  return refuse(fmt::format("the output could not be written{}{}", cause ? ": " : "",
                            cause ? std::strerror(cause) : ""));
}

} // namespace roux
