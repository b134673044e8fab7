//===- KernelToGPU.cpp - row kernels as GPU kernels ------------------------===//
//
// Chooses how many threads share a row and how wide their accesses are, and
// runs the body under that choice. The extent is read from memory, so that a
// launch recorded for the largest micro-batch serves every smaller one.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/KernelToGPU.h"

#include "compiler/conversion/GPURows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// How the columns of a body's rows lie: what decides the width of an access.
struct Columns {
  int64_t most = 1;        ///< of any row
  int64_t divisor = 8;     ///< of every row's columns, window and buffer, at most 8
  unsigned narrowest = 64; ///< bits of an element in memory
};

static Columns columnsOf(Block &body) {
  Columns columns;
  auto access = [&](Value buffer, Type moved, int64_t from) {
    auto row = dyn_cast<VectorType>(moved);
    if (!row)
      return;
    int64_t all = cast<MemRefType>(buffer.getType()).getShape().back();
    for (int64_t number : {row.getDimSize(0), all, from})
      columns.divisor = std::gcd(columns.divisor, number);
    columns.most = std::max(columns.most, row.getDimSize(0));
    columns.narrowest = std::min(columns.narrowest, row.getElementTypeBitWidth());
  };
  body.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      access(load.getBuffer(), load.getResult().getType(), load.getFrom());
    if (auto store = dyn_cast<StoreOp>(op))
      access(store.getBuffer(), store.getValue().getType(), store.getFrom());
  });
  return columns;
}

/// What reached the speed of a copy on all lengths of rows (bench/results/, row kernels): accesses
/// of 16 bytes before more threads, a few of them a thread, and never 1024 threads, whose registers
/// do not suffice.
static constexpr int64_t chunksPerThread = 2, fewestThreads = 8, mostThreads = 512;

namespace {

/// Threads, rows and strips of one body.
struct Choice {
  GPUShape shape;
  int64_t chunk, threadsPerRow;
};

} // namespace

static Choice choose(Block &body) {
  Columns columns = columnsOf(body);
  Choice choice;
  choice.chunk = std::min<int64_t>(columns.divisor, 128 / columns.narrowest);
  int64_t split = RowBody::splittableColumns(body);
  int64_t chunks = llvm::divideCeil(columns.most, choice.chunk);
  int64_t threads = llvm::bit_floor<uint64_t>(llvm::divideCeil(chunks, chunksPerThread));
  choice.threadsPerRow = split ? 32 : std::clamp(threads, fewestThreads, mostThreads);
  // Rows of more than a warp have a block for themselves: its barriers are for all its threads.
  choice.shape.threads = choice.threadsPerRow <= 32 ? (split ? 128 : 256) : choice.threadsPerRow;
  choice.shape.rows = choice.shape.threads / choice.threadsPerRow;
  choice.shape.strips = split ? llvm::divideCeil(split, 32 * choice.chunk) : 1;
  return choice;
}

/// Maps the kernel's arguments to the GPU function's: index arguments arrive as i64.
static IRMapping mapArguments(LoopBuilder &code, FuncOp function, gpu::GPUFuncOp entry) {
  IRMapping known;
  for (BlockArgument argument : function.getBody().getArguments()) {
    Value given = entry.getArgument(argument.getArgNumber());
    if (argument.getType().isIndex())
      given = arith::IndexCastOp::create(code, code.getIndexType(), given);
    known.map(argument, given);
  }
  return known;
}

static gpu::GPUFuncOp makeEntry(LoopBuilder &code, FuncOp function) {
  Type pointer = LLVM::LLVMPointerType::get(code.getContext());
  SmallVector<Type> types;
  for (Type type : function.getArgumentTypes())
    types.push_back(isa<MemRefType>(type) ? pointer : type.isIndex() ? code.getI64Type() : type);
  types.push_back(pointer); // to the extent
  auto module = gpu::GPUModuleOp::create(code, "kernels");
  code.setInsertionPointToStart(module.getBody());
  auto entry = gpu::GPUFuncOp::create(code, function.getName(), code.getFunctionType(types, {}));
  entry->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), code.getUnitAttr());
  code.setInsertionPointToStart(&entry.getBody().front());
  return entry;
}

/// The body for item `item` (a row or a strip of one), by the threads numbered by `thread`.
static void runItem(LoopBuilder &code, Block &body, IRMapping known, const Choice &choice,
                    Value item, Value thread, Value shared) {
  GPURows target(thread, choice.threadsPerRow, shared, choice.chunk);
  if (int64_t split = RowBody::splittableColumns(body)) {
    int64_t strip = 32 * choice.chunk;
    Value low = code.mul(code.rem(item, choice.shape.strips), strip);
    target.restrict(low, code.min(code.add(low, strip), code.index(split)));
  }
  Value row = code.div(item, choice.shape.strips);
  for (RowOp op : body.getOps<RowOp>())
    known.map(op.getResult(), row);
  RowBody(code, body, known).emit(target);
}

bool roux::hasGPULowering(FuncOp function) {
  Block &body = function.getBody().front();
  return !isa<ContractOp, AttentionOp, AttentionGradientOp>(body.front()) &&
         body.getOps<FoldRowsOp>().empty();
}

FailureOr<GPUKernel> roux::lowerToGPU(FuncOp function) {
  Block &body = function.getBody().front();
  if (!hasGPULowering(function))
    return body.front().emitOpError("has no lowering to a GPU; only row kernels do");
  MLIRContext *context = function.getContext();
  context->loadDialect<scf::SCFDialect, LLVM::LLVMDialect, NVVM::NVVMDialect, gpu::GPUDialect,
                       memref::MemRefDialect>();
  Choice choice = choose(body);
  GPUKernel result{ModuleOp::create(function.getLoc()), choice.shape};
  LoopBuilder code(function.getLoc(), context);
  code.alignedVectors = true;
  code.setInsertionPointToStart(result.module->getBody());
  gpu::GPUFuncOp entry = makeEntry(code, function);
  entry.setKnownBlockSize(ArrayRef<int32_t>{static_cast<int32_t>(choice.shape.threads), 1, 1});

  Value shared;
  if (choice.threadsPerRow > 32) {
    Type number = RowBody::widestElement(body) == 64 ? Type(code.getF64Type()) : code.getF32Type();
    auto space = gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup);
    shared = entry.addWorkgroupAttribution(
        MemRefType::get({choice.threadsPerRow / 32}, number, AffineMap(), space),
        function.getLoc());
  }
  IRMapping known = mapArguments(code, function, entry);
  Value extent = arith::IndexCastOp::create(
      code, code.getIndexType(),
      code.load(code.getI64Type(), entry.getArgument(function.getNumArguments())));
  Value items = code.mul(extent, choice.shape.strips);
  Value thread = gpu::ThreadIdOp::create(code, gpu::Dimension::x);
  Value block = gpu::BlockIdOp::create(code, gpu::Dimension::x);
  Value item = code.add(code.mul(block, choice.shape.rows), code.div(thread, choice.threadsPerRow));
  Value inRow = code.rem(thread, choice.threadsPerRow);
  // The same for all threads of a row, so barriers and shuffles inside are reached by all.
  Value exists = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, item, items);
  code.when(exists, {}, [&] {
    runItem(code, body, known, choice, item, inRow, shared);
    return LoopBuilder::Values();
  });
  gpu::ReturnOp::create(code);
  return std::move(result);
}
