//===- EntryLowering.h - one entry of a step as a kernel.program ----------===//
//
// Where a tensor lies and what has been launched so far. The lowering of each
// operation asks it for the buffers of its operands and results and hands it
// kernels; that a layer's body is a loop turn, or that a gradient is added to
// the model's, is settled here and nowhere else.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/kernel/RowWriter.h"
#include "dialects/Step/Step.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/TargetDescription.h"
#include "llvm/ADT/StringSet.h"

#include <map>
#include <string>

namespace roux {

/// The kernels of a module, each once: of those of one name, launches share what is equal.
class KernelLibrary {
public:
  using Body = llvm::function_ref<void(RowWriter &, mlir::ValueRange arguments)>;

  explicit KernelLibrary(mlir::ModuleOp module) : module(module) {}
  /// The kernel that `body` writes for arguments of `types`. `name` says what it does, and nothing
  /// depends on it: kernels of one name that differ are numbered.
  kernel::FuncOp get(const std::string &name, mlir::Location place, mlir::FloatType accumulation,
                     mlir::TypeRange types, Body body);

private:
  mlir::ModuleOp module;
  std::map<std::string, llvm::SmallVector<kernel::FuncOp>> kernels;
};

/// Builds one program. Tensors are values of step IR, buffers are memrefs of the program.
class EntryLowering {
public:
  using Value = mlir::Value;

  EntryLowering(mlir::ModuleOp result, KernelLibrary &kernels, const TargetDescription &target,
                mlir::StringRef name, mlir::Location place);

  mlir::LogicalResult lower(mlir::func::FuncOp entry);

  /// The buffer that holds `tensor`.
  Value buffer(Value tensor) { return buffers.lookup(tensor); }
  /// The buffer that an operation writes `tensor` to: where it is wanted, else a new one.
  Value result(Value tensor);
  /// The buffers that the gradient `tensor` is added to, one for every step.accumulate of it; also
  /// one of its own, zeroed, where something reads it.
  llvm::SmallVector<Value> accumulators(Value tensor);
  /// True if something reads `tensor`, or wants it in a buffer of its own.
  bool isRead(Value tensor);
  /// False for an operation that another's lowering has lowered.
  bool begin(mlir::Operation *op) { return begun.insert(op).second; }
  /// Adds the gradient, unless the kernels that made it have.
  mlir::LogicalResult addOwed(step::AccumulateOp op);
  /// `tensor` lies in `where`, without a launch.
  void alias(Value tensor, Value where) { buffers[tensor] = where; }

  /// How many rows the streams of the operation have whose lowering is running.
  Value tokens() { return current ? extentOf(current) : extent("tokens"); }
  /// How many rows `tensor` has: one for every token, or for what its type says.
  Value extentOf(Value tensor);
  Value extent(mlir::StringRef name);
  Value constant(int64_t value);
  Value times(Value count, int64_t factor);

  /// Storage for `rows` rows inside the entry, shaped `type`.
  Value scratch(mlir::StringRef name, mlir::MemRefType type, Value rows);
  Value input(mlir::StringRef name, mlir::MemRefType type, mlir::ValueRange sizes);
  /// Numbers of the program itself.
  Value numbers(mlir::StringRef name, llvm::ArrayRef<double> values);
  /// A number given with each run.
  Value scalar(mlir::StringRef name, mlir::Type type);
  /// `buffer` seen as rows of `columns` columns (0: as a column of scalars), from row `first` on.
  Value rows(Value buffer, int64_t columns, Value first = {});
  /// `buffer`, a single row, as rows that a kernel can store.
  Value oneRow(Value buffer);
  Value slice(Value stack, Value at);
  /// Where the number `tensor` is stored: one given with each run is stored first.
  Value stored(Value tensor);
  /// A tensor's buffer as rows (of a column: as its scalars), and how many there are.
  std::pair<Value, Value> asRows(Value tensor, Value buffer);

  void launch(const std::string &name, Value extent, mlir::ValueRange arguments,
              KernelLibrary::Body body);
  void repeat(Value begin, Value end, bool reverse, llvm::function_ref<void(Value)> body);
  /// The operation whose lowering is running names its launches.
  mlir::ImplicitLocOpBuilder &host() { return builder; }

  /// What the program is for.
  const TargetDescription &target() const { return machine; }

  /// The type that sums of `tensor` are kept in.
  mlir::FloatType accumulation() const { return sums; }

  /// Lowers a layer function's body: `arguments` are buffers, `results` says in which buffer each
  /// result is to be; null: it is a sum in place, or not wanted.
  mlir::LogicalResult inlineBody(mlir::func::FuncOp function, mlir::ValueRange arguments,
                                 llvm::ArrayRef<Value> results);
  /// Copies what `tensor` holds.
  void copy(Value tensor, Value from, Value to);
  /// Stores `number` in all of `to`, or adds it.
  void fill(Value tensor, Value to, double number, bool adds = false);

private:
  /// What a gradient is added to.
  struct Owed {
    llvm::SmallVector<Value> to;
    bool isAdded = false;
  };

  mlir::LogicalResult bindArguments(mlir::func::FuncOp entry);
  mlir::FailureOr<llvm::SmallVector<Value>> declareResults(mlir::func::FuncOp entry);
  /// Lowers `function`'s body and puts its results where they are wanted.
  mlir::LogicalResult lowerBody(mlir::func::FuncOp function, llvm::ArrayRef<Value> results);
  mlir::LogicalResult placeResult(mlir::OpOperand &result, Value where);
  /// Has each sum of gradients of `body` lie where its accumulator does, before what makes them.
  mlir::LogicalResult formSums(mlir::Block &body);
  mlir::LogicalResult formInPlace(mlir::Operation *op, Value sum, Value accumulator);
  void addTo(Value tensor, Value from, Value to);

  KernelLibrary &kernels;
  const TargetDescription &machine;
  kernel::ProgramOp program;
  mlir::ImplicitLocOpBuilder builder;
  mlir::FloatType sums;
  llvm::DenseMap<Value, Value> buffers, wanted;
  llvm::DenseMap<Value, Owed> owed;
  llvm::DenseSet<mlir::Operation *> begun;
  std::map<std::string, Value> named; // extents and inputs, declared once
  std::map<std::string, Value> caches;
  llvm::StringSet<> given; ///< inputs that are arguments; others are lists that the runtime makes
  bool clashes = false;    ///< a list has the name of an argument
  Value current;           ///< a stream of the operation whose lowering is running
};

/// Lowers one operation; fails, with an error, for one without a form in kernel.
mlir::LogicalResult lowerToKernels(mlir::Operation *op, EntryLowering &entry);

/// The families of lowerToKernels; each fails silently for operations that are not its own.
mlir::LogicalResult lowerMatmul(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerNorm(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerElementwise(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerMove(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerRotary(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerAttention(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerLoss(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerPairs(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerUpdate(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerDropout(step::DropoutOp op, EntryLowering &entry);
mlir::LogicalResult lowerMuon(step::MuonOp op, EntryLowering &entry);
mlir::LogicalResult lowerLayers(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerConstant(mlir::Operation *op, EntryLowering &entry);
mlir::LogicalResult lowerAccumulate(step::AccumulateOp op, EntryLowering &entry);

/// Gives `entry` an accumulator for each gradient that it returns under a name and takes under
/// none, as an entry that step-grad did not make may, and adds the gradient to that: a sum term by
/// term.
void giveAccumulators(mlir::func::FuncOp entry);

/// Columns of `from` beginning at `read` to those of `to` beginning at `write`, in each of the
/// `groups` pieces of a row.
void moveColumns(EntryLowering &entry, mlir::Value from, int64_t read, mlir::Value to,
                 int64_t write, int64_t columns, int64_t groups);

/// What a kernel is passed for one number: the number, or the column it was computed into.
mlir::Value numberFor(EntryLowering &entry, mlir::Value tensor);
/// What it reads there.
mlir::Value loadNumber(RowWriter &k, mlir::Value passed);

/// Copies a formula's operations to `k`; its yielded values.
llvm::SmallVector<mlir::Value> inlineFormula(RowWriter &k, mlir::Region &formula,
                                             mlir::ValueRange arguments);

/// The storage of a tensor; a scalar is one row of one column, so that row kernels read and write
/// it.
mlir::MemRefType bufferType(mlir::Type tensor);
/// The runtime binds buffers by name alone, and a gradient is not its parameter.
std::string gradientNameOf(mlir::StringAttr parameter);
/// What sums of the first floats of `values` are kept in.
mlir::FloatType accumulationOf(mlir::ValueRange values, mlir::MLIRContext *context);

/// "64x172_f32", for names of kernels.
std::string sizesOf(llvm::ArrayRef<int64_t> sizes, mlir::Type element);
/// "scale_64_f32": what is done, and to rows of what.
std::string named(llvm::StringRef what, mlir::Value stream);
/// "64_f32", of what kernels see as rows; the scalars of a column are rows of one.
std::string rowName(mlir::Value rows);
int64_t columnsOf(mlir::Value tensor);
mlir::Type elementOf(mlir::Value tensor);

} // namespace roux
