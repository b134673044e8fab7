//===- GPURowKernel.cpp - row bodies over the blocks of a GPU --------------===//
//
// Chooses how many threads share a row and how wide their accesses are, and runs the
// body under that choice: a row kernel's own, or one that a matmul or an attention
// passes its sums through.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPULowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// How the columns of a body's rows lie: what decides the width of an access.
struct Columns {
  int64_t most = 1;        ///< of any row
  int64_t together = 0;    ///< of every row that is reduced, added side by side; 0: none is
  int64_t divisor = 8;     ///< of every row's columns, window and buffer, at most 8
  unsigned narrowest = 64; ///< bits of an element in memory

  int64_t chunk() const { return std::min<int64_t>(divisor, 128 / narrowest); }
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
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      int64_t row = cast<VectorType>(reduce.getRow().getType()).getDimSize(0);
      columns.together = std::max(columns.together, columnsSideBySide(row));
    }
    if (auto part = dyn_cast<PartOp>(op))
      for (int64_t number : {part.getType().getDimSize(0), (int64_t)part.getFrom()})
        columns.divisor = std::gcd(columns.divisor, number);
  });
  return columns;
}

int64_t roux::chunkOf(Block &body) {
  return columnsOf(body).chunk();
}

/// What reached the speed of a copy on all lengths of rows (bench/results/, row kernels): accesses
/// of 16 bytes before more threads, a few of them a thread, and never 1024 threads, whose registers
/// do not suffice.
static constexpr int64_t chunksPerThread = 2, fewestThreads = 8, mostThreads = 512;

namespace {

/// Threads, rows and strips of one body.
struct Choice {
  int64_t threads;     ///< of a block
  int64_t threadsEach; ///< of a row, or of a strip
  int64_t chunk;       ///< columns of an access
  int64_t strips = 1;  ///< a row
};

} // namespace

static Choice choose(Block &body) {
  Columns columns = columnsOf(body);
  Choice choice;
  choice.chunk = columns.chunk();
  int64_t split = RowBody::splittableColumns(body);
  int64_t chunks = llvm::divideCeil(columns.most, choice.chunk);
  int64_t threads = llvm::bit_floor<uint64_t>(llvm::divideCeil(chunks, chunksPerThread));
  if (columns.together)
    threads = columns.together / choice.chunk;
  choice.threadsEach = split ? 32 : std::clamp(threads, fewestThreads, mostThreads);
  // Rows of more than a warp have a block for themselves: its barriers are for all its threads.
  choice.threads = choice.threadsEach <= 32 ? (split ? 128 : 256) : choice.threadsEach;
  choice.strips = split ? llvm::divideCeil(split, 32 * choice.chunk) : 1;
  return choice;
}

/// The body for a row, or a strip of it, by the threads numbered by `thread`.
static void runRow(GPUFunction &gpu, Block &body, const Choice &choice, Value row, Value strip,
                   Value thread, Value shared) {
  LoopBuilder &code = gpu.code;
  GPURows target(thread, choice.threadsEach, shared, choice.chunk);
  if (int64_t split = RowBody::splittableColumns(body)) {
    int64_t width = 32 * choice.chunk;
    Value low = code.mul(strip, width);
    target.restrict(low, code.min(code.add(low, width), code.index(split)));
  }
  IRMapping known = gpu.known;
  for (RowOp op : body.getOps<RowOp>())
    known.map(op.getResult(), row);
  RowBody(code, body, known).emit(target);
}

/// A number for each warp of a block, where threads of several share a row.
static Value numbersOfWarps(GPUFunction &gpu, Block &body, int64_t warps) {
  LoopBuilder &code = gpu.code;
  Type number = RowBody::widestElement(body) == 64 ? Type(code.getF64Type()) : code.getF32Type();
  auto space = gpu::AddressSpaceAttr::get(code.getContext(), gpu::AddressSpace::Workgroup);
  auto function = code.getInsertionBlock()->getParentOp()->getParentOfType<gpu::GPUFuncOp>();
  if (!function)
    function = cast<gpu::GPUFuncOp>(code.getInsertionBlock()->getParentOp());
  return function.addWorkgroupAttribution(MemRefType::get({warps}, number, AffineMap(), space),
                                          code.getLoc());
}

void roux::lowerRows(FuncOp function, GPUFunction &gpu) {
  LoopBuilder &code = gpu.code;
  Block &body = function.getBody().front();
  if (RowBody::foldsAllRows(body))
    return lowerFolds(body, gpu);
  Choice choice = choose(body);
  int64_t together = choice.threads / choice.threadsEach; // rows of a block, or strips
  gpu.shape.threads = choice.threads;
  // CUDA's sine and cosine, sums over rows, and updates of a weight with its moments hold more than
  // the registers that a kernel which waits for memory should have.
  bool turns = !body.getOps<math::SinOp>().empty() || !body.getOps<math::CosOp>().empty();
  bool updates = llvm::range_size(body.getOps<StoreOp>()) > 2;
  gpu.shape.blocksAtOnce = turns || updates || RowBody::splittableColumns(body);
  bool hasStrips = choice.strips > 1;
  gpu.shape.extentPerBlock = hasStrips ? 1 : together;
  gpu.shape.blocksPerGroup = hasStrips ? llvm::divideCeil(choice.strips, together) : 1;
  Value shared;
  if (choice.threadsEach > 32)
    shared = numbersOfWarps(gpu, body, choice.threadsEach / 32);
  Value place = code.div(gpu.thread, choice.threadsEach);
  Value thread = code.rem(gpu.thread, choice.threadsEach);
  Value row, strip = code.index(0), exists;
  auto isBelow = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, b);
  };
  if (hasStrips) {
    int64_t blocks = gpu.shape.blocksPerGroup;
    row = code.div(gpu.block, blocks);
    strip = code.add(code.mul(code.rem(gpu.block, blocks), together), place);
    exists = arith::AndIOp::create(code, isBelow(row, gpu.extent),
                                   isBelow(strip, code.index(choice.strips)));
  } else {
    row = code.add(code.mul(gpu.block, together), place);
    exists = isBelow(row, gpu.extent);
  }
  // The same for all threads of a row, so barriers and shuffles inside are reached by all.
  code.when(exists, {}, [&] {
    runRow(gpu, body, choice, row, strip, thread, shared);
    return LoopBuilder::Values();
  });
}

int64_t roux::threadsForColumns(int64_t columns, int64_t chunk) {
  int64_t chunks = llvm::divideCeil(columns, chunk);
  return std::min<int64_t>(32, llvm::bit_ceil<uint64_t>(chunks));
}

void roux::runRows(GPUFunction &gpu, Block &body, Value count, int64_t columns,
                   function_ref<Value(Value)> indexOf,
                   function_ref<Value(Value, Value, Chunk)> rowsGiven) {
  LoopBuilder &code = gpu.code;
  Columns access = columnsOf(body);
  int64_t chunk = access.chunk(), threads = threadsForColumns(columns, chunk);
  if (access.together)
    threads = std::clamp<int64_t>(access.together / chunk, 1, 32);
  Value place = code.div(gpu.thread, threads), thread = code.rem(gpu.thread, threads);
  code.loop(place, count, gpu.shape.threads / threads, [&](Value number) {
    IRMapping known = gpu.known;
    known.map(body.getArgument(0), indexOf(number));
    GPURows target(thread, threads, {}, chunk);
    RowBody(code, body, known, [&](Value row, Chunk at) {
      return rowsGiven(number, row, at);
    }).emit(target);
  });
}
