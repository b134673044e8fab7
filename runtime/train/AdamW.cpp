//===- AdamW.cpp - what an AdamW update is told from outside --------------===//
//
// Powers come from our own maths, so corrections have the same bits everywhere.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/AdamW.h"

#include "runtime/Maths.h"

namespace roux::train {

UpdateScalars updateScalars(const AdamW &optimizer, double rate, uint64_t updates) {
  double n = static_cast<double>(updates + 1);
  return {rate, 1 - maths::pow(optimizer.firstBeta, n), 1 - maths::pow(optimizer.secondBeta, n)};
}

double clipFactor(double norm, double limit) {
  return limit > 0 && norm > limit ? limit / norm : 1;
}

} // namespace roux::train
