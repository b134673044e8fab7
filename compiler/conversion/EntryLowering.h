//===- EntryLowering.h - one entry of a step as a kernel.program ----------===//
//
// Where a tensor lies and what has been launched so far. The lowering of each
// operation asks it for the buffers of its operands and results and hands it
// kernels; that a layer's body is a loop turn, or that a gradient is added to
// the model's, is settled here and nowhere else.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/RowWriter.h"
#include "dialects/Step/Step.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>

namespace roux {

/// The kernels of a module, each once: launches of one name and the same argument types share one.
class KernelLibrary {
public:
  using Body = llvm::function_ref<void(RowWriter &, mlir::ValueRange arguments)>;

  explicit KernelLibrary(mlir::ModuleOp module) : module(module) {}
  /// The kernel that `body` writes for arguments of `types`. `name` and `content` say everything
  /// the body depends on beside the types; `content` is not shown.
  kernel::FuncOp get(const std::string &name, const std::string &content, mlir::Location place,
                     mlir::FloatType accumulation, mlir::TypeRange types, Body body);

private:
  mlir::ModuleOp module;
  std::map<std::string, kernel::FuncOp> kernels;
  std::map<std::string, int> names; ///< how many kernels have each
};

/// Builds one program. Tensors are values of step IR, buffers are memrefs of the program.
class EntryLowering {
public:
  using Value = mlir::Value;

  EntryLowering(mlir::ModuleOp target, KernelLibrary &kernels, mlir::StringRef name,
                mlir::Location place);

  mlir::LogicalResult lower(mlir::func::FuncOp entry);

  /// The buffer that holds `tensor`.
  Value buffer(Value tensor) { return buffers.lookup(tensor); }
  /// The buffer that an operation writes `tensor` to: where it is wanted, else a new one.
  Value result(Value tensor);
  /// The buffer that the gradient `tensor` of a parameter is added to; null if nobody wants it.
  Value accumulated(Value tensor) { return gradients.lookup(tensor); }
  /// `tensor` lies in `where`, without a launch.
  void alias(Value tensor, Value where) { buffers[tensor] = where; }

  /// Rows of the streams of the operation whose lowering is running: the micro-batch's tokens, or a
  /// sequence's one after pick_rows.
  Value tokens() { return extent(onPicked ? "sequences" : "tokens"); }
  Value extent(mlir::StringRef name);
  Value constant(int64_t value);
  Value times(Value count, int64_t factor);

  /// Storage for `rows` rows inside the entry, shaped `type`.
  Value scratch(mlir::StringRef name, mlir::MemRefType type, Value rows);
  Value input(mlir::StringRef name, mlir::MemRefType type, mlir::ValueRange sizes);
  /// A number given with each run.
  Value scalar(mlir::StringRef name, mlir::Type type);
  /// `buffer` seen as rows of `columns` columns (0: as a column of scalars), from row `first` on.
  Value rows(Value buffer, int64_t columns, Value first = {});
  /// `buffer`, a single row, as rows that a kernel can store.
  Value oneRow(Value buffer);
  Value slice(Value stack, Value at);

  void launch(const std::string &name, Value extent, mlir::ValueRange arguments,
              KernelLibrary::Body body, const std::string &content = "");
  void repeat(Value begin, Value end, bool reverse, llvm::function_ref<void(Value)> body);
  /// The operation whose lowering is running names its launches.
  mlir::ImplicitLocOpBuilder &host() { return builder; }

  /// The type that sums of `tensor` are kept in.
  mlir::FloatType accumulation() const { return sums; }

  /// Lowers a layer function's body: `arguments` are buffers, `results` where its results are
  /// wanted; null: in a buffer of its own, or, for a gradient of a parameter, nowhere. The buffers
  /// the results came to lie in.
  mlir::FailureOr<llvm::SmallVector<Value>> inlineBody(mlir::func::FuncOp function,
                                                       mlir::ValueRange arguments,
                                                       llvm::ArrayRef<Value> results);
  /// Copies rows of `columns` columns.
  void copy(Value from, Value to, int64_t columns);

  /// Where the gradients of parameters of a callee go: results from the second on of a layer's
  /// gradient are added to, not written.
  void wantGradient(Value tensor, Value where);

private:
  mlir::LogicalResult bindArguments(mlir::func::FuncOp entry);
  mlir::LogicalResult bindResults(mlir::func::FuncOp entry);
  void findPicked(mlir::func::FuncOp entry);
  mlir::LogicalResult lowerBlock(mlir::Block &block);

  KernelLibrary &kernels;
  kernel::ProgramOp program;
  mlir::ImplicitLocOpBuilder builder;
  mlir::FloatType sums;
  llvm::DenseMap<Value, Value> buffers, wanted, gradients;
  std::map<std::string, Value> named; // extents and inputs, declared once
  std::map<std::string, Value> caches;
  llvm::DenseSet<Value> picked; // streams with a row a sequence
  bool onPicked = false;
};

/// Lowers one operation; fails, with an error, for one without a form in kernel.
mlir::LogicalResult lowerToKernels(mlir::Operation *op, EntryLowering &entry);

/// The families of lowerToKernels; each fails silently for operations that are not its own.
mlir::LogicalResult lowerMatmul(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerNorm(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerElementwise(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerAttention(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerLoss(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerUpdate(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerLayers(mlir::Operation *op, EntryLowering &entry);

/// "64x172_f32", for names of kernels.
std::string sizesOf(llvm::ArrayRef<int64_t> sizes, mlir::Type element);
int64_t columnsOf(mlir::Value tensor);
mlir::Type elementOf(mlir::Value tensor);

} // namespace roux
