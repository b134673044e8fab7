//===- Maths.h - exp, log and pow with the same bits on every machine -----===//
//
// A plan is hashed, and weights are part of what a run must reproduce, so the
// functions of a recipe cannot come from whatever libm a machine has. These use
// only IEEE additions, multiplications and divisions, in a fixed order; the
// project is compiled without contraction. Error below 0.51 ulp for results
// that are normal numbers.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace roux::maths {

double exp(double x);
double log(double x);
double log2(double x);
/// As C's pow for every special value; exact for exponent 2.
double pow(double x, double y);

} // namespace roux::maths
