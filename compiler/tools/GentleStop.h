//===- GentleStop.h - a signal ends a training at its next step -----------===//
//
// What asks a process to end loses no step: it is saved, and the same command goes on.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <atomic>

namespace roux {

/// Signals stop a training gently while this lives; a second one ends the process. One that was
/// ignored, as under nohup, stays so.
class GentleStop {
public:
  GentleStop();
  ~GentleStop();
  GentleStop(const GentleStop &) = delete;
  GentleStop &operator=(const GentleStop &) = delete;

  /// True from the first signal on.
  static std::atomic<bool> &asked();

private:
  /// SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1
  static constexpr int count = 5;
  void (*before[count])(int);
};

} // namespace roux
