//===- FuseEpilogue.cpp - a product's rows while they are at hand ---------===//
//
// Rows of a matmul or of attention's gradient come out of registers into the
// first-level cache, where a result body takes them. What is done to each row next
// costs only its arithmetic there, and a launch that reads and writes all of
// memory elsewhere: rotary positions and back, SwiGLU and its gradient, what
// attention's gradient needs of a head.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/ContractBodies.h"
#include "compiler/fusion/JoinedKernel.h"
#include "compiler/fusion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

namespace roux::kernel {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

namespace {
/// A body that gets a product's rows, or windows of them.
struct ResultBody {
  Region *region;
  int64_t columns, windows;
};
} // namespace

/// What a product hands rows to; empty for what is none, or sums over the rows.
static SmallVector<ResultBody> resultsOf(Operation *op) {
  SmallVector<ResultBody> found;
  if (auto contract = dyn_cast<ContractOp>(op); contract && contract.getForm() != Form::TN)
    for (unsigned at = 0; at < contract.results(); ++at)
      found.push_back({&contract.result(at), contract.columns(at), contract.getWindows()[at]});
  auto heads = [&](Region &region, int64_t count) {
    auto row = cast<VectorType>(region.getArgument(1).getType());
    found.push_back({&region, row.getDimSize(0) * count, count});
  };
  // A library in its place writes whole results, and hands nobody rows.
  if (auto attention = dyn_cast<AttentionGradientOp>(op);
      attention && attention.getLibrary().empty()) {
    heads(attention.getQueryResult(), attention.getHeads());
    heads(attention.getKeyResult(), attention.getKvHeads());
    heads(attention.getValueResult(), attention.getKvHeads());
  }
  return found;
}

namespace {
/// A load of the row kernel and the store of the matmul whose row, or part of a row, it reads.
struct RowRead {
  LoadOp load;
  StoreOp store;
  unsigned result;
};

/// The launch of a product, that of a row kernel behind it, and how they meet.
class Epilogue {
public:
  Epilogue(LaunchedKernels &kernels, LaunchOp product, LaunchOp rows)
      : kernels(kernels), product(product), rows(rows),
        op(&kernels.of(product).getBody().front().front()),
        body(kernels.of(rows).getBody().front()), results(resultsOf(op)) {}

  /// Finds what the rows read of the product; false, perhaps with a reason, if they do not meet.
  bool meets(std::string &whyNot);
  LaunchOp join(std::string &whyNot);

private:
  Value passed(Value argument, LaunchOp launch) {
    return launch.getArguments()[cast<BlockArgument>(argument).getArgNumber()];
  }
  bool findRead(LoadOp load, std::string &whyNot);
  bool isRowsTime();
  bool storesApart();
  LaunchOp joinContract(JoinedKernel &joined, Operation *place, std::string &whyNot);
  LaunchOp joinAttention(JoinedKernel &joined, Operation *place, std::string &whyNot);
  SmallVector<StoreOp> storesRead(Operation *copy);
  bool cutIntoWindows(ContractOp joint, unsigned result, JoinedKernel &joined);
  void dropUnread(ArrayRef<StoreOp> stores, JoinedKernel &joined);
  void inlineRows(Region &result, ArrayRef<StoreOp> stores, JoinedKernel &joined);

  LaunchedKernels &kernels;
  LaunchOp product, rows;
  Operation *op; ///< the product
  Block &body;   ///< of the row kernel
  SmallVector<ResultBody> results;
  SmallVector<RowRead> reads;
  int64_t windows = 0; ///< rows of the row kernel in one of the product
};
} // namespace

/// How many rows the product has: as many as what it stores was declared for, where a list of work
/// is its extent.
static Value rowsOf(LaunchOp product, Operation *op, Value stored) {
  if (isa<ContractOp>(op))
    return product.getExtent();
  auto declared = storageOf(stored).getDefiningOp<BufferOp>();
  return declared && declared.getSizes().size() == 1 ? declared.getSizes()[0] : Value();
}

/// True if the row kernel runs once for each window of the product's rows.
bool Epilogue::isRowsTime() {
  StoreOp store = reads.front().store;
  Value count = rowsOf(product, op, passed(store.getBuffer(), product));
  if (rows.getExtent() == count)
    return windows == 1;
  auto times = rows.getExtent().getDefiningOp<arith::MulIOp>();
  APInt factor;
  return times && times.getLhs() == count && matchPattern(times.getRhs(), m_ConstantInt(&factor)) &&
         factor == windows;
}

bool Epilogue::findRead(LoadOp load, std::string &whyNot) {
  Value buffer = passed(load.getBuffer(), rows);
  bool isWritten = false;
  for (auto [at, result] : llvm::enumerate(results))
    for (StoreOp store : result.region->front().getOps<StoreOp>()) {
      Value stored = passed(store.getBuffer(), product);
      if (!mayOverlap(stored, buffer))
        continue;
      isWritten = true;
      auto row = rowType(store.getValue().getType());
      int64_t part = cast<MemRefType>(load.getBuffer().getType()).getShape().back();
      bool isOwnRow = load.getIndices().size() == 1 && load.getIndices()[0].getDefiningOp<RowOp>();
      if (storageOf(stored) != storageOf(buffer) || !row || !isOwnRow || !rowType(load.getType()) ||
          store.getIndices()[0] != result.region->getArgument(0))
        continue;
      int64_t count = result.columns / part;
      if (part * count != result.columns || (windows && windows != count) ||
          row.getDimSize(0) * result.windows != result.columns)
        continue;
      windows = count;
      reads.push_back({load, store, static_cast<unsigned>(at)});
      return true;
    }
  if (isWritten)
    whyNot = "it needs more of the product than its own row";
  return !isWritten;
}

bool Epilogue::meets(std::string &whyNot) {
  for (FoldOp fold : body.getOps<FoldOp>())
    for (LoadOp load : fold.getBody().front().getOps<LoadOp>())
      if (!findRead(load, whyNot))
        return false;
  for (LoadOp load : body.getOps<LoadOp>())
    if (!findRead(load, whyNot))
      return false;
  if (reads.empty())
    return false;
  if (!isRowsTime()) {
    whyNot = "it runs for other rows than the product's";
    return false;
  }
  if (windows == 1 && !body.getOps<ReduceOp>().empty()) {
    whyNot = "it reduces whole rows, of which a product has a part at a time";
    return false;
  }
  if (storesApart())
    return true;
  whyNot = "it stores where the product still reads";
  return false;
}

/// True if nothing that the rows store is an operand, of which other blocks are formed meanwhile,
/// or seen by a result as rows of another place.
bool Epilogue::storesApart() {
  ArrayRef<ArgumentUse> uses = kernels.usesOf(rows);
  auto isApart = [&](Value touched, bool isOperand) {
    for (auto [use, buffer] : llvm::zip(uses, rows.getArguments()))
      if (use.writes && mayOverlap(touched, buffer) &&
          (isOperand || storageOf(touched) != storageOf(buffer)))
        return false;
    return true;
  };
  for (Value operand : op->getOperands())
    if (!isApart(passed(operand, product), true))
      return false;
  for (Region &region : op->getRegions()) {
    bool isOperand =
        llvm::none_of(results, [&](const ResultBody &each) { return each.region == &region; });
    for (Operation &inner : region.front()) {
      auto load = dyn_cast<LoadOp>(inner);
      auto store = dyn_cast<StoreOp>(inner);
      if ((load && !isApart(passed(load.getBuffer(), product), isOperand)) ||
          (store && !isApart(passed(store.getBuffer(), product), isOperand)))
        return false;
    }
  }
  return true;
}

/// Gives a result's body, made for whole rows, a window of them at a time.
bool Epilogue::cutIntoWindows(ContractOp joint, unsigned result, JoinedKernel &joined) {
  Block &whole = joint.result(result).front();
  int64_t columns = joint.columns(result), part = columns / windows;
  auto cut = [&](Value value) {
    if (auto row = rowType(value.getType()))
      value.setType(VectorType::get({part}, row.getElementType()));
  };
  auto isRow = [&](auto access) {
    auto type = cast<MemRefType>(access.getBuffer().getType());
    return access.getIndices().size() == 1 && access.getIndices()[0] == whole.getArgument(0) &&
           type.getRank() == 2 && type.getShape().back() == columns && access.getFrom() == 0;
  };
  for (BlockArgument argument : whole.getArguments())
    cut(argument);
  for (Operation &op : whole.without_terminator()) {
    auto load = dyn_cast<LoadOp>(op);
    auto store = dyn_cast<StoreOp>(op);
    if ((load && !isRow(load)) || (store && !isRow(store)))
      return false;
    if (load)
      load.getBufferMutable().assign(joined.seenAs(load.getBuffer(), part));
    if (store)
      store.getBufferMutable().assign(joined.seenAs(store.getBuffer(), part));
    DenseElementsAttr constant;
    if (auto number = dyn_cast<arith::ConstantOp>(op);
        number && matchPattern(&op, m_Constant(&constant)))
      number.setValueAttr(DenseElementsAttr::get(VectorType::get({part}, constant.getElementType()),
                                                 constant.getSplatValue<Attribute>()));
    for (Value value : op.getResults())
      cut(value);
  }
  return true;
}

/// The row kernel's body behind a result's: what it would load is what the result stores.
void Epilogue::inlineRows(Region &result, ArrayRef<StoreOp> stores, JoinedKernel &joined) {
  IRMapping known = joined.second;
  OpBuilder builder(result.front().getTerminator());
  for (auto [read, store] : llvm::zip_equal(reads, stores)) {
    LoadOp load = read.load;
    Value row = store->getOperand(0);
    if (row.getType() != load.getType())
      row = PartOp::create(builder, load.getLoc(), load.getType(), row, load.getFrom());
    known.map(load.getResult(), row);
  }
  for (Operation &op : body.without_terminator()) {
    if (isa<RowOp>(op))
      known.map(op.getResult(0), result.getArgument(0));
    else if (op.getNumResults() != 1 || !known.contains(op.getResult(0)))
      builder.clone(op, known);
  }
  sinkStores(result.front());
}

/// True if what `store` writes is the entry's own.
static bool isActivation(JoinedKernel &joined, StoreOp store) {
  Value buffer = joined.operandOf(store.getBuffer());
  while (isa_and_nonnull<SliceOp, WindowOp>(buffer.getDefiningOp()))
    buffer = buffer.getDefiningOp()->getOperand(0);
  auto declared = buffer.getDefiningOp<BufferOp>();
  return declared && declared.getRole() == Role::Activation;
}

/// The stores of `copy` that are those of the product that the rows read.
SmallVector<StoreOp> Epilogue::storesRead(Operation *copy) {
  SmallVector<StoreOp> stores, copies, read;
  op->walk([&](StoreOp store) { stores.push_back(store); });
  copy->walk([&](StoreOp store) { copies.push_back(store); });
  for (RowRead &each : reads)
    read.push_back(copies[llvm::find(stores, each.store) - stores.begin()]);
  return read;
}

/// Erases stores for nobody but the rows, which have the values now.
void Epilogue::dropUnread(ArrayRef<StoreOp> stores, JoinedKernel &joined) {
  for (StoreOp store : SetVector<StoreOp>(stores.begin(), stores.end()))
    if (!kernels.isRead(joined.operandOf(store.getBuffer()), rows) && isActivation(joined, store))
      store.erase();
}

LaunchOp Epilogue::joinContract(JoinedKernel &joined, Operation *place, std::string &whyNot) {
  auto joint = cast<ContractOp>(joined.builder.clone(*op, joined.first));
  SmallVector<StoreOp> read = storesRead(joint);
  SmallVector<unsigned> meeting;
  for (RowRead &each : reads)
    if (!llvm::is_contained(meeting, each.result))
      meeting.push_back(each.result);
  llvm::sort(meeting);
  ContractBodies bodies(joint);
  for (unsigned result : meeting) {
    int64_t there = joint.getWindows()[result];
    if (there != windows && (there != 1 || !cutIntoWindows(joint, result, joined))) {
      whyNot = "the product's own result is not made of parts of a row";
      return {};
    }
    bodies.results[result].windows = windows;
  }
  for (unsigned other : llvm::reverse(ArrayRef(meeting).drop_front()))
    bodies.meet(meeting.front(), other);
  inlineRows(*bodies.results[meeting.front()].body, read, joined);
  dropUnread(read, joined);
  bodies.build(joined.builder, joint.getLoc());
  joint.erase();
  return joined.finish(place);
}

/// Its bodies have a head at a time already.
LaunchOp Epilogue::joinAttention(JoinedKernel &joined, Operation *place, std::string &whyNot) {
  unsigned result = reads.front().result;
  bool isOne = llvm::all_of(reads, [&](const RowRead &each) { return each.result == result; });
  if (!isOne || windows != results[result].windows) {
    whyNot = "it needs other rows than those of one head";
    return {};
  }
  Operation *joint = joined.builder.clone(*op, joined.first);
  SmallVector<StoreOp> read = storesRead(joint);
  inlineRows(joint->getRegion(results[result].region->getRegionNumber()), read, joined);
  dropUnread(read, joined);
  return joined.finish(place);
}

LaunchOp Epilogue::join(std::string &whyNot) {
  std::optional<Operation *> place = kernels.placeOfBoth(product, rows);
  if (!place) {
    whyNot = "what lies between them needs the product and makes something for it";
    return {};
  }
  JoinedKernel joined(kernels, product, rows);
  LaunchOp launch = isa<ContractOp>(op) ? joinContract(joined, *place, whyNot)
                                        : joinAttention(joined, *place, whyNot);
  if (!launch && whyNot.empty())
    whyNot = joined.whyNot;
  return launch;
}

/// True if the product's left operand reads rows that `rows` stores.
static bool feedsLeft(LaunchedKernels &kernels, LaunchOp rows, LaunchOp product,
                      ContractOp contract) {
  for (unsigned at = 0; at < contract.getLefts(); ++at)
    for (LoadOp load : contract.left(at).front().getOps<LoadOp>()) {
      Value read = product.getArguments()[cast<BlockArgument>(load.getBuffer()).getArgNumber()];
      for (auto [use, buffer] : llvm::zip(kernels.usesOf(rows), rows.getArguments()))
        if (use.writes && mayOverlap(buffer, read))
          return true;
    }
  return false;
}

/// What it would cost to make the rows where the product lays them out, and what that would save;
/// empty where the product does not read them. Each block of columns lays its rows out anew, so it
/// costs more than it saves but where there is one block, and there a product is small.
static std::string whyNoPrologue(LaunchedKernels &kernels, LaunchOp rows, LaunchOp product,
                                 int64_t blockColumns) {
  auto contract = dyn_cast<ContractOp>(kernels.of(product).getBody().front().front());
  Block &body = kernels.of(rows).getBody().front();
  if (!contract || contract.getForm() == Form::TN || !blockColumns ||
      body.getOps<ReduceOp>().empty() || !feedsLeft(kernels, rows, product, contract))
    return {};
  int64_t blocks = 0, columns = 0, operations = 0, bytes = 0;
  for (unsigned at = 0; at < contract.results(); ++at)
    blocks += llvm::divideCeil(contract.columns(at), blockColumns);
  for (Operation &op : body)
    if (auto store = dyn_cast<StoreOp>(op)) {
      if (auto row = rowType(store.getValue().getType())) {
        columns = row.getDimSize(0);
        bytes += 2 * columns * row.getElementTypeBitWidth() / 8;
      }
    } else if (isa<arith::ArithDialect>(op.getDialect()) || isa<ReduceOp>(op)) {
      operations += llvm::any_of(op.getOperandTypes(), llvm::IsaPred<VectorType>);
    }
  if (blocks == 1)
    return llvm::formatv("prologues that reduce their rows are not made; one would save {0} bytes "
                         "a row",
                         bytes);
  return llvm::formatv("as a prologue each of {0} blocks of columns would do it: {1} operations a "
                       "row more, {2} bytes less",
                       blocks, (blocks - 1) * operations * columns, bytes);
}

static LaunchOp fuse(LaunchedKernels &kernels, LaunchOp product, LaunchOp rows,
                     int64_t blockColumns, std::string &whyNot) {
  if (isRowKernel(kernels.of(product))) {
    whyNot = whyNoPrologue(kernels, product, rows, blockColumns);
    return {};
  }
  if (!isRowKernel(kernels.of(rows)))
    return {};
  Epilogue epilogue(kernels, product, rows);
  return epilogue.meets(whyNot) ? epilogue.join(whyNot) : LaunchOp();
}

namespace {
struct FuseEpilogue : roux::kernel::impl::FuseEpilogueBase<FuseEpilogue> {
  using FuseEpilogueBase::FuseEpilogueBase;

  void runOnOperation() override {
    joinLaunches(
        getOperation(), "epilogue",
        [&](LaunchedKernels &kernels, LaunchOp first, LaunchOp second, std::string &whyNot) {
          return fuse(kernels, first, second, blockColumns, whyNot);
        });
  }
};
} // namespace
