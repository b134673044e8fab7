//===- GentleStop.cpp - the signals that ask a process to end -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/GentleStop.h"

#include <csignal>
#include <string_view>
#include <tuple>
#include <unistd.h>

namespace roux {

/// Set by a signal; the trainer saves and stops at the next step.
static std::atomic<bool> interrupted = false;

/// What asks a process to end: Ctrl-C, kill, a terminal that closed, and the warning that a batch
/// system sends before the time is up.
static constexpr int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1};

static void begin(int) {
  static constexpr std::string_view words =
      "\nstopping after this step, which is saved; a second signal ends at once\n";
  if (!interrupted.exchange(true))
    std::ignore = write(STDERR_FILENO, words.data(), words.size());
  for (int signal : endings)
    std::signal(signal, SIG_DFL);
}

GentleStop::GentleStop() {
  static_assert(std::size(endings) == count);
  for (size_t i = 0; i < std::size(endings); ++i) {
    before[i] = std::signal(endings[i], SIG_IGN);
    if (before[i] != SIG_IGN)
      std::signal(endings[i], begin);
  }
}

GentleStop::~GentleStop() {
  for (size_t i = 0; i < std::size(endings); ++i)
    std::signal(endings[i], before[i] == SIG_IGN ? SIG_IGN : SIG_DFL);
}

std::atomic<bool> &GentleStop::asked() {
  return interrupted;
}

} // namespace roux
