//===- VerifyProgram.cpp - what is read was written, and is read -----------===//
//
// A lowering that forgets a launch, shares a buffer or leaves an output alone
// makes a program that runs and is wrong. So each program is walked once, with
// small extents, and it is followed what of each buffer has been written: a launch
// that is missing leaves what it would have read unread, or what it would have made
// unmade.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/BufferHistory.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace roux::step {
#define GEN_PASS_DEF_VERIFYPROGRAM
#include "compiler/transforms/Passes.h.inc"
} // namespace roux::step

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// More than one chunk of the logits of any vocabulary.
static constexpr int64_t tokensOfWalk = 600;
/// More than any model of any depth has of launches, turns and parts of rows that are touched
/// alone; an edited text may say anything.
static constexpr int64_t mostSteps = 10'000'000;

namespace {

/// Part of a buffer, in elements.
struct View {
  size_t storage;
  int64_t begin, elements;
};

class Walk {
public:
  explicit Walk(ProgramOp program) : program(program) {}
  LogicalResult run();

private:
  LogicalResult block(Block &body);
  LogicalResult count(Operation &op);
  LogicalResult slice(SliceOp op);
  LogicalResult repeat(RepeatOp op);
  LogicalResult launch(LaunchOp op);
  LogicalResult touch(LaunchOp op, const Access &access);
  LogicalResult touchRows(LaunchOp op, const Access &access, BufferHistory &storage, View view);
  std::pair<int64_t, int64_t> rowsOf(LaunchOp op, const RowRange &rows);
  std::pair<int64_t, int64_t> reachOf(LaunchOp op, const Access &access, View view);
  LogicalResult verifyApart(LaunchOp op, const Access &write, const Access &other);
  bool trainsAll() const;
  LogicalResult declare(Value value, Role role, StringRef name, ValueRange sizes);

  ProgramOp program;
  DenseMap<Value, int64_t> counts;
  DenseMap<Value, View> views;
  std::vector<BufferHistory> storages;
  DenseMap<Value, size_t> declared;
  llvm::StringMap<int64_t> extents;
  llvm::StringMap<SmallVector<Access>> accesses; ///< by kernel
  int64_t steps = 0;
};

} // namespace

/// Wraps, as the runtime's counts do; no text may be able to stop the compiler.
static int64_t product(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

/// The runtime knows by name what is kept, what a run is given, and what it gives.
static bool areBoundAlike(Role a, Role b) {
  auto isKept = [](Role role) {
    return role == Role::Parameter || role == Role::Gradient || role == Role::State;
  };
  return a != Role::Activation && (a == b || (isKept(a) && isKept(b)));
}

LogicalResult Walk::declare(Value value, Role role, StringRef name, ValueRange sizes) {
  int64_t elements = 1;
  for (int64_t size : cast<MemRefType>(value.getType()).getShape())
    elements = product(elements, ShapedType::isDynamic(size) ? 1 : size);
  for (Value size : sizes)
    elements = product(elements, counts.lookup(size));
  auto [known, isNew] = declared.try_emplace(value, storages.size());
  if (isNew) {
    for (const BufferHistory &other : storages)
      if (isa<BufferOp>(other.declaration) && isa<BufferOp>(value.getDefiningOp()) &&
          other.name == name && areBoundAlike(other.role, role))
        return other.refuse(value.getDefiningOp(), "declares " + stringifyRole(role) + " '" + name +
                                                       "', which there is already");
    storages.emplace_back(value.getDefiningOp(), role, name, elements);
  }
  views[value] = {known->second, 0, elements};
  return storages[known->second].declare();
}

LogicalResult Walk::count(Operation &op) {
  if (auto constant = dyn_cast<arith::ConstantIndexOp>(op)) {
    counts[constant] = constant.value();
    return success();
  }
  auto a = static_cast<uint64_t>(counts.lookup(op.getOperand(0)));
  auto b = static_cast<uint64_t>(counts.lookup(op.getOperand(1)));
  if (isa<arith::DivUIOp, arith::CeilDivUIOp>(op) && b == 0)
    return op.emitOpError("divides by zero");
  counts[op.getResult(0)] =
      static_cast<int64_t>(llvm::TypeSwitch<Operation *, uint64_t>(&op)
                               .Case<arith::AddIOp>([&](auto) { return a + b; })
                               .Case<arith::SubIOp>([&](auto) { return a - b; })
                               .Case<arith::MulIOp>([&](auto) { return a * b; })
                               .Case<arith::DivUIOp>([&](auto) { return a / b; })
                               .Case<arith::CeilDivUIOp>([&](auto) { return a / b + (a % b != 0); })
                               .Case<arith::MinUIOp>([&](auto) { return std::min(a, b); })
                               .Default([&](Operation *) { return std::max(a, b); }));
  return success();
}

LogicalResult Walk::slice(SliceOp op) {
  View view = views.lookup(op.getBuffer());
  int64_t parts = cast<MemRefType>(op.getBuffer().getType()).getDimSize(0);
  int64_t at = counts.lookup(op.getAt());
  if (parts <= 0 || at < 0 || at >= parts)
    return op.emitOpError() << "takes part " << at << " of '" << storages[view.storage].name
                            << "', which has " << (parts < 0 ? 0 : parts);
  int64_t elements = view.elements / parts;
  views[op] = {view.storage, view.begin + product(at, elements), elements};
  return success();
}

LogicalResult Walk::repeat(RepeatOp op) {
  int64_t begin = counts.lookup(op.getBegin()), end = counts.lookup(op.getEnd());
  for (int64_t turn = begin; turn < end; ++turn) {
    counts[op.getBody().getArgument(0)] = op.getReverse() ? end - 1 - (turn - begin) : turn;
    if (++steps > mostSteps)
      return op.emitOpError() << "goes round more than " << mostSteps << " times";
    if (failed(block(op.getBody().front())))
      return failure();
  }
  return success();
}

LogicalResult Walk::block(Block &body) {
  for (Operation &op : body) {
    LogicalResult done =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case([&](ExtentOp extent) {
              // There are no more rows of anything than tokens, and never as many.
              int64_t other = tokensOfWalk - 7 * static_cast<int64_t>(extents.size() + 1);
              bool isTokens = extent.getName() == "tokens";
              counts[extent] =
                  extents.try_emplace(extent.getName(), isTokens ? tokensOfWalk : other)
                      .first->second;
              return success();
            })
            .Case<ScalarOp>([](auto) { return success(); })
            .Case([&](BufferOp buffer) {
              return declare(buffer, buffer.getRole(), buffer.getName(), buffer.getSizes());
            })
            .Case([&](ConstantOp constant) {
              return declare(constant, Role::Input, constant.getName(), {});
            })
            .Case([&](SliceOp part) { return slice(part); })
            .Case([&](WindowOp window) {
              View view = views.lookup(window.getBuffer());
              auto type = cast<MemRefType>(window.getBuffer().getType());
              int64_t row = 1;
              for (int64_t size : type.getShape().drop_front())
                row = product(row, size);
              int64_t skipped = product(counts.lookup(window.getFirst()), row);
              views[window] = {view.storage, view.begin + skipped, view.elements - skipped};
              return success();
            })
            .Case([&](RepeatOp loop) { return repeat(loop); })
            .Case([&](LaunchOp op) { return launch(op); })
            .Default([&](Operation *op) { return count(*op); });
    if (failed(done))
      return failure();
  }
  return success();
}

LogicalResult Walk::touch(LaunchOp op, const Access &access) {
  View view = views.lookup(op.getArguments()[access.argument]);
  BufferHistory &storage = storages[view.storage];
  storage.isTouched = true;
  if (storage.role == Role::Input) {
    // Lists that the runtime makes have lengths of their own.
    return access.kind == AccessKind::Read
               ? success()
               : storage.refuse(op, "writes to '" + storage.name + "', which is given");
  }
  int64_t end = view.begin + view.elements;
  if (failed(access.rows.kind == RowRange::Unknown
                 ? storage.touchSomewhere(op, access.kind, view.begin, end)
                 : touchRows(op, access, storage, view)))
    return failure();
  if (storage.role != Role::Activation)
    return success();
  auto [first, last] = reachOf(op, access, view);
  return storage.follow(op, access, first, last);
}

/// The first row of a launch's access and the one behind the last.
std::pair<int64_t, int64_t> Walk::rowsOf(LaunchOp op, const RowRange &rows) {
  switch (rows.kind) {
  case RowRange::UpToExtent:
    return {rows.begin, llvm::divideCeil(static_cast<uint64_t>(
                                             product(counts.lookup(op.getExtent()), rows.factor)),
                                         static_cast<uint64_t>(rows.divisor))};
  case RowRange::UpToArgument:
    return {rows.begin, counts.lookup(op.getArguments()[rows.end])};
  default:
    return {rows.begin, rows.end};
  }
}

LogicalResult Walk::touchRows(LaunchOp op, const Access &access, BufferHistory &storage,
                              View view) {
  if (access.rows.kind == RowRange::Whole)
    return storage.touchRange(op, access.kind, view.begin, view.begin + view.elements);
  auto [begin, end] = rowsOf(op, access.rows);
  if (access.columns == access.rowElements)
    return storage.touchRange(op, access.kind, view.begin + product(begin, access.columns),
                              view.begin + product(end, access.columns));
  for (int64_t row = begin; row < end; ++row) {
    if (++steps > mostSteps)
      return op.emitOpError() << "touches more than " << mostSteps << " rows";
    int64_t first = view.begin + product(row, access.rowElements) + access.from;
    if (failed(storage.touchRange(op, access.kind, first, first + access.columns)))
      return failure();
  }
  return success();
}

/// The elements that `access` may touch, and those between.
std::pair<int64_t, int64_t> Walk::reachOf(LaunchOp op, const Access &access, View view) {
  if (access.rows.kind == RowRange::Unknown || access.rows.kind == RowRange::Whole)
    return {view.begin, view.begin + view.elements};
  auto [first, last] = rowsOf(op, access.rows);
  int64_t from = view.begin + access.from;
  return {from + product(first, access.rowElements),
          from + product(last - 1, access.rowElements) + access.columns};
}

/// Rows of a launch have no order: where one is written, no other may read or write.
LogicalResult Walk::verifyApart(LaunchOp op, const Access &write, const Access &other) {
  View view = views.lookup(op.getArguments()[write.argument]);
  View beside = views.lookup(op.getArguments()[other.argument]);
  bool isSameRow = write.isByRow && other.isByRow && view.begin == beside.begin &&
                   write.rowElements == other.rowElements;
  if (view.storage != beside.storage || isSameRow)
    return success();
  auto [begin, end] = reachOf(op, write, view);
  auto [otherBegin, otherEnd] = reachOf(op, other, beside);
  if (begin >= otherEnd || otherBegin >= end)
    return success();
  return storages[view.storage].refuse(op, "writes '" + storages[view.storage].name +
                                               "' where other rows of it " +
                                               (other.kind == AccessKind::Read ? "read" : "write"));
}

LogicalResult Walk::launch(LaunchOp op) {
  if (++steps > mostSteps)
    return op.emitOpError() << "comes after " << mostSteps << " others";
  auto [known, isNew] = accesses.try_emplace(op.getCallee());
  if (isNew)
    known->second = accessesOf(
        SymbolTable::lookupNearestSymbolFrom<FuncOp>(program->getParentOp(), op.getCalleeAttr()));
  for (const Access &write : known->second)
    for (const Access &other : known->second)
      if (write.kind != AccessKind::Read && &write != &other &&
          failed(verifyApart(op, write, other)))
        return failure();
  for (const Access &access : known->second)
    if (failed(touch(op, access)))
      return failure();
  return success();
}

/// Where part of a model is frozen, gradients end: nobody reads the one that a loop's last turn
/// makes like all others, nor what a norm's gradient makes for that of its weight.
bool Walk::trainsAll() const {
  llvm::StringSet<> gradients;
  for (const BufferHistory &storage : storages)
    if (storage.role == Role::Gradient)
      gradients.insert(storage.name);
  return llvm::all_of(storages, [&](const BufferHistory &storage) {
    return storage.role != Role::Parameter ||
           gradients.contains((storage.name + ".gradient").str());
  });
}

LogicalResult Walk::run() {
  if (failed(block(program.getBody().front())))
    return failure();
  bool everything = trainsAll();
  for (const BufferHistory &storage : storages)
    if (failed(storage.verifyEnd(everything)))
      return failure();
  return success();
}

namespace {
struct VerifyProgram : roux::step::impl::VerifyProgramBase<VerifyProgram> {
  void runOnOperation() override {
    for (ProgramOp program : getOperation().getOps<ProgramOp>())
      if (failed(Walk(program).run()))
        signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
