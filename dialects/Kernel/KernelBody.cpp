//===- KernelBody.cpp - what the ops inside kernels must satisfy ----------===//
//
// A row body runs in another order than it is written (chunk by chunk, once a
// phase), so what must hold for that to be unobservable is checked here, before
// any lowering relies on it.
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace roux::kernel;

VectorType roux::kernel::rowType(Type type) {
  return dyn_cast<VectorType>(type);
}

static bool isElement(Type type) {
  return type.isF32() || type.isF64() || type.isBF16() || type.isF16() ||
         type.isSignlessInteger(32) || type.isSignlessInteger(64);
}

/// Rows are contiguous, the number of columns is known, and elements are of a kind that is stored.
static bool isBuffer(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  if (!buffer || !buffer.getLayout().isIdentity() || buffer.getMemorySpace() ||
      !isElement(buffer.getElementType()))
    return false;
  return buffer.getRank() == 1 || (buffer.getRank() == 2 && !buffer.isDynamicDim(1));
}

LogicalResult FuncOp::verify() {
  if (!getFunctionType().getResults().empty())
    return emitOpError("has results; a kernel only writes buffers");
  for (auto [index, type] : llvm::enumerate(getFunctionType().getInputs())) {
    bool scalar = type.isIndex() || type.isSignlessInteger(32) || type.isSignlessInteger(64) ||
                  type.isF32() || type.isF64();
    if (!scalar && !isBuffer(type))
      return emitOpError() << "argument " << index << " is " << type
                           << ", neither a scalar nor a buffer of rows with static columns";
  }
  return success();
}

/// Checks what a load or store says about its buffer: `value` is what moves.
static LogicalResult verifyAccess(Operation *op, Type value, MemRefType buffer, size_t indices,
                                  int64_t from) {
  if (!isBuffer(buffer))
    return op->emitOpError() << "buffer is " << buffer
                             << ", not one or two dimensions with static columns";
  auto row = rowType(value);
  Type element = row ? row.getElementType() : value;
  if (element != buffer.getElementType())
    return op->emitOpError() << "moves " << element << " but the buffer holds "
                             << buffer.getElementType();
  bool wholeRow = buffer.getRank() == static_cast<int64_t>(indices) + 1;
  if (!wholeRow && buffer.getRank() != static_cast<int64_t>(indices))
    return op->emitOpError() << "has " << indices << " indices for a buffer of " << buffer.getRank()
                             << " dimensions";
  if (wholeRow != static_cast<bool>(row))
    return op->emitOpError() << "moves " << value << " where the indices name "
                             << (wholeRow ? "a row" : "one element");
  if (!row)
    return from ? op->emitOpError("has a first column but moves one element") : success();
  int64_t columns = buffer.getShape().back();
  if (ShapedType::isDynamic(columns))
    return op->emitOpError() << "reads " << buffer << " as a row, whose columns are not known";
  if (from < 0 || from + row.getDimSize(0) > columns)
    return op->emitOpError() << "moves columns " << from << " to " << from + row.getDimSize(0) - 1
                             << " of rows of " << columns;
  return success();
}

LogicalResult LoadOp::verify() {
  return verifyAccess(*this, getResult().getType(), cast<MemRefType>(getBuffer().getType()),
                      getIndices().size(), getFrom());
}

LogicalResult StoreOp::verify() {
  if (failed(verifyAccess(*this, getValue().getType(), cast<MemRefType>(getBuffer().getType()),
                          getIndices().size(), getFrom())))
    return failure();
  if (getIndices().empty())
    return emitOpError("stores a row that all rows share");
  if (!rowType(getValue().getType()) && getIndices().size() == 2)
    return emitOpError("stores one element of a row; store the row");
  return success();
}

LogicalResult PartOp::verify() {
  auto row = rowType(getRow().getType()), part = rowType(getResult().getType());
  int64_t from = getFrom(), end = from + part.getDimSize(0);
  if (row.getElementType() == part.getElementType() && from >= 0 && end <= row.getDimSize(0))
    return success();
  return emitOpError() << "of columns " << from << " to " << end - 1 << " of " << row << " is not "
                       << part;
}

LogicalResult ReduceOp::verify() {
  if (getResult().getType().isF32() || getResult().getType().isF64())
    return success();
  return emitOpError() << "reduces in " << getResult().getType() << "; widen the row to f32 first";
}

/// The type that the terminator of `body` yields; null if it yields nothing.
static Type yielded(Region &body) {
  auto yield = dyn_cast<YieldOp>(body.front().getTerminator());
  return yield && yield.getRow() ? yield.getRow().getType() : Type();
}

LogicalResult FoldOp::verify() {
  Block &body = getBody().front();
  if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isIndex())
    return emitOpError("body takes one index");
  if (yielded(getBody()) != getResult().getType())
    return emitOpError() << "body does not yield the result's type " << getResult().getType();
  for (Operation &op : body)
    if (isa<FoldOp, ReduceOp, StoreOp>(op))
      return op.emitOpError("cannot be inside a fold");
  return success();
}

LogicalResult FoldRowsOp::verify() {
  auto row = rowType(getValue().getType());
  auto partials = cast<MemRefType>(getPartials().getType());
  if (!row.getElementType().isF32() && !row.getElementType().isF64())
    return emitOpError() << "sums " << row << "; widen it first";
  if (partials.getRank() != 2 || partials.getDimSize(1) != row.getDimSize(0) ||
      partials.getElementType() != row.getElementType())
    return emitOpError() << "gathers " << row << " in " << partials;
  Block &body = getResult().front();
  if (body.getNumArguments() != 1 || body.getArgument(0).getType() != row)
    return emitOpError() << "the region takes one row, the sum";
  for (Operation &op : body)
    for (Value operand : op.getOperands())
      if (isa<IndexType>(operand.getType()) && !matchPattern(operand, m_Constant()))
        return op.emitOpError("has an index that is no constant: the sum is of all rows");
  return verifyRowBody(getResult(), /*reductions=*/false, /*stores=*/true);
}

/// True for ops that work on rows element by element: cut into chunks they do the same.
static bool isElementwise(Operation &op) {
  if (OpTrait::hasElementwiseMappableTraits(&op) || isa<vector::BroadcastOp, ColumnOp>(op))
    return true;
  DenseElementsAttr value;
  return matchPattern(&op, m_Constant(&value)) && value.isSplat();
}

static LogicalResult verifyOp(Operation &op, bool reductions, bool stores) {
  if (isa<ReduceOp, PartOp>(op) && !reductions)
    return op.emitOpError("cannot be here: this body runs for part of a row at a time");
  if (isa<StoreOp>(op) && !stores)
    return op.emitOpError("cannot be here: this body only yields a row");
  if (isa<LoadOp, StoreOp, ReduceOp, PartOp, FoldOp, FoldRowsOp, YieldOp, ReturnOp, RowOp>(op) ||
      isElementwise(op))
    return success();
  bool scalars = llvm::none_of(op.getOperandTypes(), [](Type t) { return isa<ShapedType>(t); }) &&
                 llvm::none_of(op.getResultTypes(), [](Type t) { return isa<ShapedType>(t); });
  if (scalars && op.getNumRegions() == 0 && isPure(&op))
    return success();
  return op.emitOpError("cannot be in a row body: it works neither on scalars nor element by "
                        "element on rows");
}

/// Stored buffers are loaded before and at the stored columns only, and one loop can do all stores.
static LogicalResult verifyOrder(Block &body) {
  DenseMap<Value, StoreOp> stored;
  int64_t columns = 0;
  for (Operation &op : body) {
    if (auto fold = dyn_cast<FoldRowsOp>(op)) {
      int64_t count = rowType(fold.getValue().getType()).getDimSize(0);
      if (columns && count != columns)
        return fold.emitOpError() << "sums " << count << " columns in a body that also stores "
                                  << columns;
      columns = count;
    }
    if (auto store = dyn_cast<StoreOp>(op)) {
      stored.try_emplace(store.getBuffer(), store);
      auto row = rowType(store.getValue().getType());
      if (row && columns && row.getDimSize(0) != columns)
        return store.emitOpError() << "stores " << row.getDimSize(0)
                                   << " columns in a body that also stores " << columns;
      columns = row ? row.getDimSize(0) : columns;
    }
    if (isa<ReduceOp>(op))
      for (auto [buffer, store] : stored)
        if (rowType(store.getValue().getType()))
          return store.emitOpError(
              "of a row comes before a reduction, which may need the row again");
    auto load = dyn_cast<LoadOp>(op);
    if (load && stored.contains(load.getBuffer()))
      return load.emitOpError("reads a buffer that was stored before");
  }
  for (Operation &op : body) {
    auto load = dyn_cast<LoadOp>(op);
    auto row = load ? rowType(load.getResult().getType()) : VectorType();
    if (!row || !stored.contains(load.getBuffer()))
      continue;
    for (Operation *user : load.getBuffer().getUsers())
      if (auto store = dyn_cast<StoreOp>(user)) {
        int64_t loadEnd = load.getFrom() + row.getDimSize(0);
        int64_t storeEnd = store.getFrom() + rowType(store.getValue().getType()).getDimSize(0);
        bool same = load.getFrom() == store.getFrom() && loadEnd == storeEnd;
        bool apart = loadEnd <= (int64_t)store.getFrom() || storeEnd <= (int64_t)load.getFrom();
        if (!same && !apart)
          return load.emitOpError("reads columns that overlap others being stored");
      }
  }
  return success();
}

LogicalResult roux::kernel::verifyRowBody(Region &region, bool reductions, bool stores) {
  for (Operation &op : region.front())
    if (failed(verifyOp(op, reductions, stores)))
      return failure();
  return verifyOrder(region.front());
}

LogicalResult FuncOp::verifyRegions() {
  Block &body = getBody().front();
  if (!isa<ReturnOp>(body.getTerminator()))
    return emitOpError("does not end in kernel.return");
  auto contract = dyn_cast<ContractOp>(body.front());
  if (getFewRows() && (!contract || contract.getForm() != Form::NT))
    return emitOpError("has few_rows, which only a matmul nt may have");
  for (Operation &op : body.without_terminator()) {
    if (!isa<ContractOp, AttentionOp, AttentionGradientOp>(op))
      continue;
    if (!llvm::hasSingleElement(body.without_terminator()))
      return op.emitOpError("is not alone in its kernel");
    for (auto [stored, read] : argumentsKeptApart(*this))
      if (stored == read)
        return op.emitOpError() << "stores to argument " << stored << ", which an operand reads";
    return success();
  }
  return verifyRowBody(getBody(), /*reductions=*/true, /*stores=*/true);
}

/// One buffer of an attention op and the columns it must have, 0 for any.
struct Expected {
  StringRef name;
  Value buffer;
  int64_t columns;
};

template <typename Op>
static LogicalResult verifyAttention(Op op, std::initializer_list<Expected> buffers) {
  auto query = dyn_cast<MemRefType>(op.getQuery().getType());
  int64_t heads = op.getHeads(), keyHeads = op.getKvHeads();
  if (heads <= 0 || keyHeads <= 0 || heads % keyHeads)
    return op.emitOpError() << heads << " heads cannot share " << keyHeads << " key heads";
  if (query.getRank() != 2 || query.isDynamicDim(1) || query.getDimSize(1) % heads)
    return op.emitOpError() << "query is " << query << ", not rows of " << heads << " heads";
  if (!isa<FloatType>(query.getElementType()))
    return op.emitOpError() << "query holds " << query.getElementType() << ", not floats";
  if (op.getBlock() <= 0 || op.getBlock() > 256)
    return op.emitOpError() << "block is " << op.getBlock() << ", not 1 to 256";
  for (const Expected &expected : buffers) {
    auto type = cast<MemRefType>(expected.buffer.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != expected.columns)
      return op.emitOpError() << expected.name << " is " << type << ", not rows of "
                              << expected.columns;
  }
  return success();
}

/// `columns`: of a list of work.
static LogicalResult verifyList(Operation *op, StringRef name, Value list, int64_t columns) {
  auto type = cast<MemRefType>(list.getType());
  if (type.getRank() != 2 || type.getDimSize(1) != columns || !type.getElementType().isInteger(32))
    return op->emitOpError() << name << " is " << type << ", not rows of " << columns << " i32";
  return success();
}

int64_t AttentionOp::headColumns() {
  return cast<MemRefType>(getQuery().getType()).getDimSize(1) / getHeads();
}
int64_t AttentionGradientOp::headColumns() {
  return cast<MemRefType>(getQuery().getType()).getDimSize(1) / getHeads();
}

bool AttentionGradientOp::isScratch(unsigned at) {
  Value operand = getOperand(at);
  return operand == getPartials() || (getLibrary().size() == 2 && operand == getLibrary()[1]);
}

LogicalResult AttentionOp::verify() {
  int64_t columns = headColumns();
  if (failed(verifyAttention(*this, {{"key", getKey(), columns * (int64_t)getKvHeads()},
                                     {"value", getValue(), columns * (int64_t)getKvHeads()},
                                     {"output", getOutput(), columns * (int64_t)getHeads()},
                                     {"logsumexp", getLogsumexp(), (int64_t)getHeads()}})))
    return failure();
  if (getGrouped() && getBlock() != 1)
    return emitOpError() << "items of a group of heads are of one query, not of " << getBlock();
  return verifyList(*this, "work", getWork(), 6);
}

/// A gradient's body gets a head's row; it reduces it as it likes, for it sees all of it.
static LogicalResult verifyResult(Operation *op, Region &body, int64_t columns) {
  auto row = body.getNumArguments() == 2 ? rowType(body.getArgument(1).getType()) : VectorType();
  if (!row || !body.getArgument(0).getType().isIndex() || row.getDimSize(0) != columns ||
      !(row.getElementType().isF32() || row.getElementType().isF64()))
    return op->emitOpError() << "result regions take an index and a row of f32 or f64 of "
                             << columns << " columns";
  return verifyRowBody(body, /*reductions=*/true, /*stores=*/true);
}

static LogicalResult verifyLibrary(AttentionGradientOp op, int64_t columns) {
  if (op.getLibrary().empty())
    return success();
  if (op.getLibrary().size() != 2)
    return op.emitOpError() << "library has " << op.getLibrary().size()
                            << " buffers, not an output and a workspace";
  auto output = cast<MemRefType>(op.getLibrary()[0].getType());
  auto workspace = cast<MemRefType>(op.getLibrary()[1].getType());
  if (output.getRank() != 2 || output.getDimSize(1) != columns ||
      output.getElementType() != cast<MemRefType>(op.getQuery().getType()).getElementType())
    return op.emitOpError() << "output is " << output << ", not rows of " << columns
                            << " as queries are";
  if (workspace.getRank() != 2 || !workspace.getElementType().isInteger(32))
    return op.emitOpError() << "workspace is " << workspace << ", not rows of i32";
  return success();
}

LogicalResult AttentionGradientOp::verify() {
  int64_t columns = headColumns(), own = columns * getHeads(), shared = columns * getKvHeads();
  if (failed(verifyAttention(*this, {{"key", getKey(), shared},
                                     {"value", getValue(), shared},
                                     {"output gradient", getOutputGradient(), own},
                                     {"logsumexp", getLogsumexp(), (int64_t)getHeads()},
                                     {"delta", getDelta(), (int64_t)getHeads()},
                                     {"partials", getPartials(), own}})) ||
      failed(verifyList(*this, "work", getWork(), 7)) ||
      failed(verifyList(*this, "sums", getSums(), 11)))
    return failure();
  if (failed(verifyLibrary(*this, own)))
    return failure();
  if (!isa<BlockArgument>(getSumCount()))
    return emitOpError("the count of sums is no argument of the kernel");
  for (Region &body : getOperation()->getRegions())
    if (failed(verifyResult(*this, body, columns)))
      return failure();
  Type sum = getQueryResult().getArgument(1).getType();
  Type gathered = cast<MemRefType>(getPartials().getType()).getElementType();
  if (gathered != cast<VectorType>(sum).getElementType())
    return emitOpError() << "partials hold " << gathered << ", and sums are " << sum;
  return success();
}
