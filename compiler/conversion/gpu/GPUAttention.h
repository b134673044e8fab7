//===- GPUAttention.h - what attention and its gradients share on a GPU ----===//
//
// Rows of heads that go into shared memory, an item of the work list, and what
// becomes of a product: scaled, capped, seen or not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/gpu/BlockTile.h"
#include "mlir/IR/Remarks.h"

#include <optional>

namespace roux {

/// One row of a work list (see kernel.attention and its gradient), as index values.
struct GPUAttentionItem {
  mlir::Value firstRow, rows;         ///< the item's own
  mlir::Value streamBegin, streamEnd; ///< rows of the other side
  mlir::Value position;               ///< of firstRow in the segment
  mlir::Value head;
};

/// Column `column` of row `number` of a list of work, as an index.
mlir::Value listed(GPUFunction &gpu, mlir::Value list, mlir::Value number, mlir::Value column);
GPUAttentionItem readItem(GPUFunction &gpu, mlir::Value work, mlir::Value number);

/// A buffer of rows of `heads` heads, and which head of it is meant.
struct GPUHead {
  mlir::Value buffer; ///< a memref, of `heads` heads
  int64_t heads;
  mlir::Value head;
};

/// Of the numbers in a memref.
mlir::FloatType numbersOf(mlir::Value buffer);
/// The place of element `column` of a head's row.
mlir::Value headAddress(GPUFunction &gpu, GPUHead head, mlir::Value row, mlir::Value column);
/// Rows [first, first + rows) of a head into `to`, a row a line, of which those before `end` are;
/// what is not there is zero. Copies may be under way when it returns.
void fillHead(GPUFunction &gpu, GPUHead head, mlir::Value first, mlir::Value end, SharedTile to,
              int64_t rows, int64_t columns);

/// What attention's products are multiplied in: bf16 if all `buffers` are, else f32 or f64.
mlir::FloatType multipliedIn(mlir::ValueRange buffers);

/// Whether warpgroups multiply; where they could, and cannot for this op, a remark says why.
template <typename Op>
bool isByWarpgroups(GPUFunction &gpu, Op op) {
  if (!gpu.target.blocks || !multipliedIn(op.getQuery()).isBF16())
    return false;
  static constexpr auto name = mlir::remark::RemarkOpts::name("warpgroups").category("fuse");
  std::string why = whyNotByWarpgroups(op);
  if (!why.empty())
    mlir::remark::missed(op.getLoc(), name) << mlir::remark::reason("{0}", why);
  return why.empty();
}

/// What a product of a query and a key becomes.
struct GPUScores {
  /// As an attention or its gradient says.
  template <typename Op>
  static GPUScores of(GPUFunction &gpu, Op op) {
    GPUScores scores{gpu, op.getScale().convertToDouble(), {}, (int64_t)op.getWindow()};
    if (auto softcap = op.getSoftcap())
      scores.softcap = softcap->convertToDouble();
    return scores;
  }

  GPUFunction &gpu;
  double scale;
  std::optional<double> softcap;
  int64_t window;

  /// To the base of exp2: what a weight is the power of.
  mlir::Value exponent(mlir::Value product);
  /// What products are compared by, the exponent of one, and the weight of one where `largest` is
  /// the exponent of the largest: products as they are, where they grow with their exponents and
  /// are scaled as the largest is subtracted.
  mlir::Value score(mlir::Value product);
  mlir::Value exponentOf(mlir::Value score);
  mlir::Value weight(mlir::Value score, mlir::Value largest);
  bool isScaledLater() const { return !softcap && scale > 0; }
  /// The factor of a slope that the cap makes; `exponent` is what exponent() gave.
  mlir::Value capSlope(mlir::Value slope, mlir::Value exponent);
  mlir::Value power(mlir::Value exponent);
  /// Whether a query sees a key that is `ahead` + `more` rows before it.
  mlir::Value sees(mlir::Value ahead, int64_t more);
};

/// An index as 32 bits, which is what rows of a micro-batch fit in: distances between them take
/// half the registers.
mlir::Value narrow(GPUFunction &gpu, mlir::Value index);
/// a > b, of such numbers.
mlir::Value isAbove(GPUFunction &gpu, mlir::Value a, int64_t b);

/// log2(e).
inline constexpr double log2e = 1.4426950408889634074;

} // namespace roux
