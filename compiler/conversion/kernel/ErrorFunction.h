//===- ErrorFunction.h - erf for row bodies -------------------------------===//
//
// No target has an instruction for it, and a call a lane would cost more than all
// else that an activation does.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/kernel/RowWriter.h"

namespace roux {

/// erf of every column of `x`: within 1e-15 in f64, to f32's last digits in f32.
mlir::Value errorFunction(RowWriter &k, mlir::Value x);

} // namespace roux
