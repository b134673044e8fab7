//===- KernelCost.cpp - what a kernel computes and moves -------------------===//
//
// Counted by walking the body: an op on rows of C columns is C operations, a
// load or store moves its row. A row read in several phases counts once: it is
// in the cache after the first.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelCost.h"

#include "compiler/conversion/RowBody.h"
#include "compiler/conversion/gpu/KernelToGPU.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static double bytesOf(Type type) {
  auto row = dyn_cast<VectorType>(type);
  Type element = row ? row.getElementType() : type;
  return (row ? row.getDimSize(0) : 1) * element.getIntOrFloatBitWidth() / 8.0;
}

/// What one run of a row body computes and moves; buffers without an index are moved once in all.
static KernelCost costOf(Region &region) {
  KernelCost cost;
  region.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto fold = dyn_cast<FoldRowsOp>(op)) { // its region runs once
      cost.operations += rowType(fold.getValue().getType()).getDimSize(0);
      cost.fixedBytes += costOf(fold.getResult()).bytes;
      return WalkResult::skip();
    }
    if (auto load = dyn_cast<LoadOp>(op))
      (load.getIndices().empty() ? cost.fixedBytes : cost.bytes) +=
          bytesOf(load.getResult().getType());
    else if (auto store = dyn_cast<StoreOp>(op))
      cost.bytes += bytesOf(store.getValue().getType());
    else if (auto reduce = dyn_cast<ReduceOp>(op))
      cost.operations += rowType(reduce.getRow().getType()).getDimSize(0);
    else if (op->getNumResults() == 1 &&
             isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
             !op->hasTrait<OpTrait::ConstantLike>())
      if (auto row = dyn_cast<VectorType>(op->getResult(0).getType()))
        cost.operations += row.getDimSize(0);
    return WalkResult::advance();
  });
  return cost;
}

/// Dot products of a head for each pair, of twice the head's columns in operations: scores and
/// values forward; backward the scores again, their gradient, and three sums.
template <typename Op>
static KernelCost attentionCost(Op op, int products) {
  KernelCost cost;
  double heads = op.getHeads(), columns = op.headColumns();
  cost.pairOperations = heads * products * 2 * columns;
  cost.window = op.getWindow();
  mlir::ValueRange buffers = op->getOperands();
  if constexpr (std::is_same_v<Op, AttentionGradientOp>)
    buffers = buffers.drop_back(op.getLibrary().size()); // which the kernel does not touch
  for (mlir::Value buffer : buffers)
    if (auto type = dyn_cast<MemRefType>(buffer.getType());
        type && isa<FloatType>(type.getElementType())) {
      double bytes = type.getElementTypeBitWidth() / 8.0;
      for (int64_t size : type.getShape().drop_front())
        bytes *= size;
      cost.bytes += bytes; // once a token: keys and values stay in the cache
    }
  for (Region &result : op->getRegions()) {
    KernelCost rows = costOf(result);
    double count = result.getRegionNumber() == 0 ? op.getHeads() : op.getKvHeads();
    cost.operations += rows.operations * count, cost.bytes += rows.bytes * count;
  }
  return cost;
}

/// Each operand is read once, however many products it is in.
static KernelCost contractCost(ContractOp op) {
  bool overTerms = op.getForm() == Form::TN;
  KernelCost cost;
  for (unsigned at = 0; at < op.getLefts(); ++at) {
    KernelCost left = costOf(op.left(at));
    cost.operations += left.operations, cost.bytes += left.bytes;
    cost.fixedBytes += left.fixedBytes;
  }
  DenseSet<Region *> rights;
  for (unsigned at = 0; at < op.results(); ++at) {
    for (ContractOp::Product product : op.productsOf(at)) {
      cost.operations += 2.0 * op.columns(at) * (overTerms ? op.rows(at) : op.terms(product));
      Region &body = op.right(product.right);
      if (!rights.insert(&body).second)
        continue;
      KernelCost right = costOf(body);
      double rows = op.getForm() == Form::NT ? op.columns(at) : op.terms(product);
      if (overTerms)
        cost.operations += right.operations, cost.bytes += right.bytes;
      else
        cost.fixedBytes += right.bytes * rows;
    }
    KernelCost result = costOf(op.result(at));
    double windows = op.getWindows()[at];
    if (!overTerms)
      cost.operations += result.operations * windows, cost.bytes += result.bytes * windows;
    else
      cost.fixedBytes += result.bytes * op.rows(at);
    cost.fixedBytes += result.fixedBytes;
  }
  return cost;
}

KernelCost roux::costOf(FuncOp function) {
  mlir::Operation *first = &function.getBody().front().front();
  if (auto attention = dyn_cast<AttentionOp>(first))
    return attentionCost(attention, 2);
  if (auto attention = dyn_cast<AttentionGradientOp>(first))
    return attentionCost(attention, 5);
  auto contract = dyn_cast<ContractOp>(first);
  if (contract)
    return contractCost(contract);
  KernelCost cost = ::costOf(function.getBody());
  // Sums of single numbers are of parameters' rows too, and of no weight.
  Block &body = function.getBody().front();
  if (RowBody::foldsAllRows(body) && RowBody::splittableColumns(body) > 1)
    for (FoldOp fold : body.getOps<FoldOp>()) {
      KernelCost row = ::costOf(fold.getBody());
      cost.foldedOperations += row.operations + rowType(fold.getType()).getDimSize(0);
      cost.foldedBytes += row.bytes;
    }
  return cost;
}

/// Lines of source files that ops of the kernel came from, in order.
static void recipeLines(Operation *op, std::vector<std::string> &lines) {
  op->walk([&](Operation *inner) {
    inner->getLoc()->walk([&](Location part) {
      if (auto file = dyn_cast<FileLineColLoc>(part))
        if (std::string line =
                llvm::formatv("{0}:{1}", file.getFilename().getValue(), file.getLine());
            !llvm::is_contained(lines, line))
          lines.push_back(line);
      return WalkResult::advance();
    });
  });
}

/// What keeps the kernel from being faster. Attention's arithmetic grows with the segment, so it is
/// said from which length on it is what counts.
static std::string boundBy(const KernelCost &cost) {
  static constexpr double knee = 7; // f32 operations a processor does while memory moves a byte
  if (cost.pairOperations == 0)
    return cost.operations > knee * cost.bytes ? "arithmetic" : "memory";
  double pairs = knee * cost.bytes / cost.pairOperations; // of a token, on average (n + 1) / 2
  return llvm::formatv("arithmetic from {0} tokens",
                       int64_t(std::max(1.0, std::ceil(2 * pairs - 1))));
}

/// Tokens and those that they see, of all segments.
static double pairsOf(ArrayRef<int64_t> segments, int64_t window) {
  double pairs = 0;
  for (int64_t length : segments) {
    double full = window ? std::min(length, window) : length; // until the window is as long
    pairs += full * (full + 1) / 2 + (length - full) * full;
  }
  return pairs;
}

/// What of `rates` a kernel's operations run at.
static double rateOf(FuncOp function, const Rates &rates) {
  mlir::Operation *first = &function.getBody().front().front();
  auto either = [&](auto attention, double plain, double byWarpgroups) {
    return byWarpgroups > 0 && whyNotByWarpgroups(attention).empty() ? byWarpgroups : plain;
  };
  if (auto attention = dyn_cast<AttentionOp>(first))
    return either(attention, rates.attentionForward, rates.warpgroupForward);
  if (auto attention = dyn_cast<AttentionGradientOp>(first))
    return either(attention, rates.attentionBackward, rates.warpgroupBackward);
  auto contract = dyn_cast<ContractOp>(first);
  if (!contract)
    return rates.rows;
  bool isCopied =
      rates.copiedProducts > 0 && whyNotCopied(contract, TargetDescription().pipelineTerms).empty();
  return isCopied ? rates.copiedProducts : rates.products;
}

namespace {
struct Work {
  double operations, bytes;
};
/// Of what a GPU could do.
struct Shares {
  double operations = 1, bytes = 1;
};
} // namespace

/// What a launch of the kernel uses of a predicted GPU. Blocks go to multiprocessors in waves, of
/// which the last is as long as the others; half of the multiprocessors are taken to be enough for
/// memory. Attention's rates were measured with the ends of its launches.
static Shares sharesOf(FuncOp function, const MeasuredKernels::Kernel &kernel,
                       const MeasuredKernels &measured) {
  mlir::Operation *first = &function.getBody().front().front();
  if (measured.multiprocessors == 0 || isa<AttentionOp, AttentionGradientOp>(first))
    return {};
  FailureOr<GPUKernel> lowered = lowerToGPU(function, *targetNamed(measured.architecture));
  if (failed(lowered))
    return {};
  const GPUPhase &phase = lowered->phases.front();
  double groups = phase.extentPerBlock == 0
                      ? 1
                      : std::ceil(double(kernel.rows) / kernel.launches / phase.extentPerBlock);
  double blocks = groups * phase.blocksPerGroup, all = measured.multiprocessors;
  return {blocks / (std::ceil(blocks / all) * all), std::min(1.0, 2 * blocks / all)};
}

/// Of all launches together.
static Work workOf(FuncOp function, const MeasuredKernels::Kernel &kernel,
                   const MeasuredKernels &measured) {
  KernelCost cost = costOf(function);
  double rows = kernel.rows, launches = kernel.launches;
  double tokens = std::accumulate(measured.segments.begin(), measured.segments.end(), 0.0);
  double more = tokens * launches - rows; // of those that sums over all add to the first
  double operations = cost.operations * rows + cost.foldedOperations * more;
  double bytes = cost.bytes * rows + cost.foldedBytes * more;
  bool isAttention = cost.pairOperations != 0; // its extent is work, not tokens
  if (isAttention) {
    bytes = cost.bytes * tokens * launches;
    operations = cost.pairOperations * pairsOf(measured.segments, cost.window) * launches;
  }
  return {operations, bytes + cost.fixedBytes * launches};
}

/// Seconds of all launches if nothing but operations or memory took time, which a GPU's
/// multiprocessors have `shares` of.
static double secondsAt(FuncOp function, const MeasuredKernels::Kernel &kernel,
                        const MeasuredKernels &measured, const Rates &rates,
                        Shares shares = Shares()) {
  Work work = workOf(function, kernel, measured);
  return std::max(work.operations / (rateOf(function, rates) * shares.operations),
                  work.bytes / (rates.memory * shares.bytes)) /
         1e9;
}

double roux::secondsOf(FuncOp function, const MeasuredKernels &measured) {
  auto known = measured.kernels.find(function.getName());
  if (known == measured.kernels.end() || known->second.launches == 0)
    return 0;
  const MeasuredKernels::Kernel &kernel = known->second;
  if (!measured.isPredicted())
    return kernel.seconds;
  return secondsAt(function, kernel, measured, measured.expected,
                   sharesOf(function, kernel, measured)) +
         measured.launchCost * double(kernel.launches);
}

static constexpr const char *costColumns =
    "{0,-46}  {1,12}  {2,9}  {3,9}  {4,-26}  {5,-22}  {6}{7}";

/// Columns before the last.
static std::string measuredColumns(StringRef launches, StringRef milliseconds, StringRef rate,
                                   StringRef share) {
  return llvm::formatv("{0,8}  {1,12}  {2,8}  {3,8}  ", launches, milliseconds, rate, share);
}

std::string roux::costHeading(const MeasuredKernels *measured) {
  const char *unit = !measured                 ? ""
                     : measured->isPredicted() ? "predicted ms"
                     : measured->isOfGPU       ? "ms"
                                               : "core-ms";
  return llvm::formatv(costColumns, "kernel", "operations", "bytes", "once", "bound by", "from",
                       measured ? measuredColumns("launches", unit, "GFLOP/s", "of bound") : "",
                       "fused");
}

std::string roux::describeStep(double seconds, const MeasuredKernels &measured) {
  int64_t tokens = std::accumulate(measured.segments.begin(), measured.segments.end(), int64_t(0));
  return llvm::formatv("a step of one micro-batch of {0} tokens: {1:F2} {2} in kernels{3}", tokens,
                       1e3 * seconds, measured.isOfGPU ? "ms" : "core-ms",
                       measured.isPredicted() ? ", predicted" : "");
}

static std::string measuredText(FuncOp function, const MeasuredKernels &measured) {
  auto known = measured.kernels.find(function.getName());
  if (known == measured.kernels.end() || known->second.launches == 0)
    return measuredColumns("-", "-", "-", "-");
  double seconds = secondsOf(function, measured);
  double least = secondsAt(function, known->second, measured, measured.best);
  double rate = workOf(function, known->second, measured).operations / seconds / 1e9;
  return measuredColumns(
      std::to_string(known->second.launches), llvm::formatv("{0:F3}", 1e3 * seconds).str(),
      std::isfinite(rate) ? llvm::formatv("{0:F1}", rate).str() : "-",
      seconds > 0 && std::isfinite(least) ? llvm::formatv("{0:F0} %", 100 * least / seconds).str()
                                          : "-");
}

std::string roux::describeCost(FuncOp function, const MeasuredKernels *measured) {
  llvm::MapVector<StringRef, int> counts;
  function.walk([&](mlir::Operation *op) {
    if (!isa<FuncOp, ReturnOp, YieldOp, RowOp>(op) && !op->hasTrait<OpTrait::ConstantLike>())
      ++counts[op->getName().stripDialect()];
  });
  std::string fused;
  for (auto [name, count] : counts)
    fused += llvm::formatv("{0}{1} {2}", fused.empty() ? "" : ", ", count, name);
  std::vector<std::string> lines;
  recipeLines(function, lines);
  lines.resize(std::min<size_t>(lines.size(), 4));
  KernelCost cost = costOf(function);
  std::string operations = cost.pairOperations
                               ? llvm::formatv("{0:F0} a pair", cost.pairOperations).str()
                               : llvm::formatv("{0:F0}", cost.operations).str();
  return llvm::formatv(
      costColumns, function.getName(), operations, llvm::formatv("{0:F0}", cost.bytes).str(),
      llvm::formatv("{0:F0}", cost.fixedBytes).str(), boundBy(cost), llvm::join(lines, ", "),
      measured ? measuredText(function, *measured) : "", fused);
}
