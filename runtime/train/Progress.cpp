//===- Progress.cpp - how far it is, for the person waiting ---------------===//
//
// Rates are means over the last twenty steps or so: a single step jumps with its
// length, a mean over the whole run hides that it became slower.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Progress.h"

#include "runtime/Say.h"
#include "runtime/train/PairMetrics.h"

#include <algorithm>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

namespace roux::train {

static constexpr double smoothing = 0.05;
static constexpr double secondsBetweenLines = 5, secondsBetweenRedraws = 0.1;

std::string durationText(double seconds) {
  uint64_t whole = static_cast<uint64_t>(std::max(0.0, std::min(std::round(seconds), 1e15)));
  if (whole < 60)
    return fmt::format("{} s", whole);
  if (whole < 3600)
    return fmt::format("{} min", (whole + 30) / 60);
  if (whole < 24 * 3600)
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

static std::string scaled(double amount, double base, const char *const *units, size_t count) {
  size_t unit = 0;
  while (amount >= base && unit + 1 < count) {
    amount /= base;
    ++unit;
  }
  int decimals = unit == 0 || amount >= 100 ? 0 : amount >= 10 ? 1 : 2;
  return fmt::format("{:.{}f}{}", amount, decimals, units[unit]);
}

std::string countText(double count) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  return scaled(count, 1000, units, std::size(units));
}

std::string bytesText(double bytes) {
  static const char *const units[] = {" B", " kB", " MB", " GB", " TB"};
  return scaled(bytes, 1000, units, std::size(units));
}

double residentBytes() {
  std::FILE *file = std::fopen("/proc/self/statm", "r");
  if (!file)
    return 0;
  unsigned long total = 0, resident = 0;
  int read = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

std::string progressText(const ProgressState &state, size_t width) {
  std::string line = fmt::format("step {}/{}  loss {:.4f}", state.step, state.steps, state.loss);
  // The least important last: what does not fit is left out, never cut in half.
  auto add = [&](const std::string &part) {
    if (line.size() + 2 + part.size() <= width)
      line += "  " + part;
  };
  for (const auto &[evaluation, number] : state.measured)
    add(fmt::format("{} {:.4f}", evaluation, number));
  add(countText(state.usefulTokensPerSecond) + " tokens/s");
  if (state.secondsLeft > 0)
    add(durationText(state.secondsLeft) + " left");
  if (state.shareOfPeak > 0)
    add(fmt::format("{:.0f}% of peak", 100 * state.shareOfPeak));
  if (state.memory > 0)
    add(bytesText(state.memory));
  return line;
}

Progress::Progress(std::FILE *out, std::string name, uint64_t steps, double flopsPerToken,
                   double peakFlops)
    : out(out), name(std::move(name)), steps(steps), flopsPerToken(flopsPerToken),
      peakFlops(peakFlops), isTerminal(isatty(fileno(out))) {}

void Progress::end() {
  if (lineOpen)
    std::fputc('\n', out);
  lineOpen = false;
}

static size_t terminalWidth(std::FILE *out) {
  winsize size{};
  return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1u : 79u;
}

void Progress::show(const StepMetrics &metrics) {
  double weight = smoothedSeconds == 0 ? 1 : smoothing;
  smoothedSeconds += weight * (metrics.seconds - smoothedSeconds);
  smoothedTokens += weight * (static_cast<double>(metrics.tokens) - smoothedTokens);
  uint64_t made = metrics.step + 1;
  for (const auto &[evaluation, number] : metrics.measured) {
    auto known = std::ranges::find(measured, evaluation, &Measured::value_type::first);
    if (known == measured.end())
      known = measured.insert(known, {evaluation, number});
    known->second = number;
  }
  double now =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  double pause = isTerminal ? secondsBetweenRedraws : secondsBetweenLines;
  if (isQuiet)
    return;
  if (made < steps && !isEvaluated(metrics.measured) && now - lastShown < pause)
    return;
  lastShown = now;

  double tokensPerSecond = smoothedSeconds > 0 ? smoothedTokens / smoothedSeconds : 0;
  ProgressState state{made,
                      steps,
                      metrics.loss,
                      tokensPerSecond,
                      peakFlops > 0 ? tokensPerSecond * flopsPerToken / peakFlops : 0,
                      metrics.memory,
                      smoothedSeconds * static_cast<double>(steps - made),
                      measured};
  size_t width = isTerminal ? terminalWidth(out) : SIZE_MAX;
  std::string line = name + ": ";
  line += progressText(state, width > line.size() ? width - line.size() : 0);
  // Carriage return and "clear to the end of the line".
  roux::say(out, "{}{}{}", isTerminal ? "\r" : "", line, isTerminal ? "\x1b[K" : "\n");
  std::fflush(out);
  lineOpen = isTerminal;
}

void Progress::say(const std::string &sentence) {
  roux::say(out, "{}{}: {}\n", lineOpen ? "\r\x1b[K" : "", name, sentence);
  std::fflush(out);
  lineOpen = false;
}

} // namespace roux::train
