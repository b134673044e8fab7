//===- AdamW.h - what an AdamW update is told from outside ----------------===//
//
// The update itself is compiled. The scalars that change with the step are
// computed here, in double precision: in single, 1 - 0.999 has lost four digits.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace roux::train {

struct AdamW {
  double peak = 0; ///< learning rate; a Schedule says what share of it a step has
  double firstBeta = 0.9;
  double secondBeta = 0.999;
};

/// The scalars of one update.
struct UpdateScalars {
  double rate = 0;
  double firstCorrection = 1;  ///< 1 - firstBeta ^ n, n counting updates from 1
  double secondCorrection = 1; ///< 1 - secondBeta ^ n
};

/// `updates`: how many were made before this one, those carried over from an earlier stage
/// included.
UpdateScalars updateScalars(const AdamW &optimizer, double rate, uint64_t updates);

/// Factor on the gradient whose norm is `norm` so that it is at most `limit`; 1 without a limit
/// (0).
double clipFactor(double norm, double limit);

} // namespace roux::train
