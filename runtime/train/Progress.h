//===- Progress.h - how far it is, for the person waiting -----------------===//
//
// On a terminal one line that is written over; elsewhere a line every few seconds,
// because a log of ten thousand carriage returns helps nobody.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/MetricsFile.h"

#include <cstdio>
#include <string>

namespace roux::train {

/// What a progress line is made from.
struct ProgressState {
  uint64_t step = 0;                ///< steps made
  uint64_t steps = 0;               ///< of the training
  double loss = 0;                  ///< of the last step
  double usefulTokensPerSecond = 0; ///< positions a second, of which none is padding
  double shareOfPeak = 0;           ///< achieved over peak FLOP/s; 0: not known
  double memory = 0;                ///< bytes
  double secondsLeft = 0;           ///< 0: not known
  Measured measured = {};           ///< last
};

/// The line itself, at most `width` columns where it can be.
std::string progressText(const ProgressState &state, size_t width);

/// "45 s", "12 min", "3 h 20 min", "2 d 4 h".
std::string durationText(double seconds);
/// "950", "12.3k", "4.56M": three digits that matter.
std::string countText(double count);
/// "512 MB", "1.20 GB".
std::string bytesText(double bytes);

/// Bytes of this process that are in memory; 0 where the system does not say.
double residentBytes();

class Progress {
public:
  /// `out` is stderr in the tool. `flopsPerToken` and `peakFlops` may be 0: then no share is shown.
  Progress(std::FILE *out, std::string name, uint64_t steps, double flopsPerToken,
           double peakFlops);
  ~Progress() { end(); }

  /// Ends the line that is written over.
  void end();

  void show(const StepMetrics &metrics);
  /// A sentence on a line of its own, above the progress line.
  void say(const std::string &sentence);

private:
  std::FILE *out;
  std::string name;
  uint64_t steps;
  double flopsPerToken, peakFlops;
  bool isTerminal;
  bool lineOpen = false;
  double smoothedSeconds = 0, smoothedTokens = 0; ///< exponential means of recent steps
  double lastShown = -1e9;                        ///< seconds of a steady clock
  Measured measured;                              ///< last
};

} // namespace roux::train
