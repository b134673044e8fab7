//===- EntryResults.cpp - where the results of an entry come to lie -------===//
//
// A value is written where it is wanted if nothing else decides where it lies;
// else it is copied. A gradient is added to its accumulators by the kernels that make
// it, once for every step.accumulate of it.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace roux;
using step::StepDialect;

void EntryLowering::copy(Value tensor, Value from, Value to) {
  auto type = cast<MemRefType>(from.getType());
  if (type.getRank() == 3 && type.isDynamicDim(1)) { // a stack of streams
    int64_t parts = cast<RankedTensorType>(tensor.getType()).getDimSize(0);
    repeat(constant(0), constant(parts), /*reverse=*/false,
           [&](Value at) { copy(tensor, slice(from, at), slice(to, at)); });
    return;
  }
  auto [source, count] = asRows(tensor, from);
  Value target = asRows(tensor, to).first;
  launch("copy_" + rowName(source), count, {source, target}, [](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.raw(a[0], row), a[1], row);
  });
}

void EntryLowering::fill(Value tensor, Value to, double number, bool adds) {
  auto [rows, count] = asRows(tensor, to);
  launch((adds ? "add_number_" : "fill_") + rowName(rows), count, {rows},
         [&](RowWriter &k, ValueRange a) {
           Value value = k.spread(k.number(number), columnsOf(a[0]));
           if (adds)
             k.accumulate(value, a[0], k.row());
           else
             k.store(value, a[0], k.row());
         });
}

void EntryLowering::addTo(Value tensor, Value from, Value to) {
  auto [source, count] = asRows(tensor, from);
  Value target = asRows(tensor, to).first;
  launch("accumulate_" + rowName(source), count, {source, target}, [](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.accumulate(k.load(a[0], row), a[1], row);
  });
}

/// Of an entry, whose other arguments are not for it to add to.
static bool isNoGradient(Value accumulator) {
  auto argument = dyn_cast<BlockArgument>(accumulator);
  auto entry =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
  return entry && entry.isPublic() &&
         !entry.getArgAttr(argument.getArgNumber(), StepDialect::gradientName);
}

LogicalResult EntryLowering::formInPlace(Operation *op, Value sum, Value accumulator) {
  Value where = buffers.lookup(accumulator);
  if (isNoGradient(accumulator) || !where || !isa<MemRefType>(where.getType()))
    return op->emitOpError() << "adds to an argument that is no gradient";
  buffers[sum] = where;
  if (auto accumulate = dyn_cast<step::AccumulateOp>(op))
    owed[accumulate.getGradient()].to.push_back(where);
  return success();
}

LogicalResult EntryLowering::formSums(Block &body) {
  for (Operation &op : body)
    if (auto accumulate = dyn_cast<step::AccumulateOp>(op)) {
      if (failed(formInPlace(&op, accumulate, accumulate.getAccumulator())))
        return failure();
    } else if (auto layers = dyn_cast<step::LayersGradOp>(op)) {
      for (auto [sum, accumulator] : llvm::zip_equal(layers.getSums(), layers.getAccumulators()))
        if (failed(formInPlace(&op, sum, accumulator)))
          return failure();
    }
  return success();
}

LogicalResult roux::lowerAccumulate(step::AccumulateOp op, EntryLowering &entry) {
  return entry.addOwed(op);
}

/// What no kernel has added yet lies somewhere, and is added from there.
LogicalResult EntryLowering::addOwed(step::AccumulateOp op) {
  Value gradient = op.getGradient();
  Owed &known = owed[gradient];
  if (known.isAdded)
    return success();
  known.isAdded = true;
  Value from = stored(gradient);
  if (!from)
    return op.emitOpError() << "adds what no kernel makes";
  for (Value where : known.to)
    addTo(gradient, from, where);
  return success();
}

bool EntryLowering::isRead(Value tensor) {
  if (wanted.contains(tensor))
    return true;
  return llvm::any_of(tensor.getUsers(), [&](Operation *user) {
    // The gradient of a loss multiplies with a constant's value.
    bool isSeed = isa<step::CrossEntropyGradOp>(user) && tensor.getDefiningOp<arith::ConstantOp>();
    return !isSeed && !user->hasTrait<OpTrait::IsTerminator>() && !isa<step::AccumulateOp>(user);
  });
}

SmallVector<Value> EntryLowering::accumulators(Value tensor) {
  SmallVector<Value> found;
  if (auto known = owed.find(tensor); known != owed.end()) {
    known->second.isAdded = true;
    found = known->second.to;
  }
  if (isRead(tensor)) {
    fill(tensor, result(tensor), 0);
    found.push_back(buffer(tensor));
  }
  return found;
}

LogicalResult roux::lowerConstant(Operation *op, EntryLowering &entry) {
  Value tensor = op->getResult(0);
  if (!isa<RankedTensorType>(tensor.getType()))
    return success();
  SmallVector<Value> accumulators = entry.accumulators(tensor);
  DenseFPElementsAttr value;
  if (accumulators.empty())
    return success();
  if (!matchPattern(op, m_Constant(&value)) || !value.isSplat())
    return op->emitOpError() << "is returned or read, and not one number everywhere";
  // Zero, too: a gradient to which nothing is added looks as one that was forgotten.
  double number = value.getSplatValue<APFloat>().convertToDouble();
  for (Value where : accumulators)
    entry.fill(tensor, where, number, /*adds=*/true);
  return success();
}

/// What adds up to `sum`, and the sums that are then nobody's. What something else uses too is one
/// term.
static SmallVector<Value> termsOf(Value sum, SmallVector<Operation *> &taken) {
  SmallVector<Value> waiting = {sum}, terms;
  while (!waiting.empty()) {
    Value value = waiting.pop_back_val();
    auto add = value.getDefiningOp<step::AddOp>();
    if (!add || !value.hasOneUse()) {
      terms.push_back(value);
      continue;
    }
    taken.push_back(add);
    waiting.append({add.getRhs(), add.getLhs()});
  }
  return terms;
}

static bool takesGradient(func::FuncOp entry, StringAttr name) {
  return llvm::any_of(llvm::seq(entry.getNumArguments()), [&](unsigned i) {
    return entry.getArgAttr(i, StepDialect::gradientName) == name;
  });
}

void roux::giveAccumulators(func::FuncOp entry) {
  Operation *end = entry.front().getTerminator();
  OpBuilder builder(end);
  for (OpOperand &result : end->getOpOperands()) {
    auto name =
        entry.getResultAttrOfType<StringAttr>(result.getOperandNumber(), StepDialect::gradientName);
    Value gradient = result.get();
    if (!name || takesGradient(entry, name) || step::accumulatedInto(gradient) != gradient)
      continue;
    auto named = builder.getDictionaryAttr(builder.getNamedAttr(StepDialect::gradientName, name));
    unsigned place = entry.getNumArguments();
    if (failed(entry.insertArgument(place, gradient.getType(), named, entry.getLoc())))
      continue;
    Value sum = entry.getArgument(place);
    SmallVector<Operation *> taken;
    for (Value term : termsOf(gradient, taken))
      sum = step::AccumulateOp::create(builder, end->getLoc(), term, sum);
    result.set(sum);
    for (Operation *add : taken)
      add->erase();
  }
}

/// A gradient is returned as what the argument of its name has come to.
static LogicalResult verifyAccumulated(func::FuncOp entry, Value sum, StringAttr name) {
  auto argument = dyn_cast<BlockArgument>(step::accumulatedInto(sum));
  if (argument && entry.getArgAttr(argument.getArgNumber(), StepDialect::gradientName) == name)
    return success();
  return entry.emitOpError() << "returns gradient " << name
                             << " but not what its argument of that name has come to";
}

FailureOr<SmallVector<Value>> EntryLowering::declareResults(func::FuncOp entry) {
  SmallVector<Value> results;
  for (OpOperand &result : entry.front().getTerminator()->getOpOperands()) {
    unsigned i = result.getOperandNumber();
    MemRefType type = bufferType(result.get().getType());
    SmallVector<Value> sizes;
    if (type.getNumDynamicDims())
      sizes.push_back(extentOf(result.get()));
    Value &wanted = results.emplace_back();
    if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::cacheName)) {
      auto taken = caches.find(name.str());
      if (taken == caches.end())
        return entry.emitOpError() << "returns cache " << name << " but takes none of that name";
      wanted = taken->second;
      caches.erase(taken);
    } else if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::gradientName)) {
      if (failed(verifyAccumulated(entry, result.get(), name)))
        return failure();
    } else if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::resultName))
      wanted = kernel::BufferOp::create(builder, type, kernel::Role::Output, name, sizes);
  }
  if (caches.empty())
    return results;
  return entry.emitOpError() << "takes cache '" << caches.begin()->first
                             << "' but does not return it";
}

/// What was made elsewhere is copied.
LogicalResult EntryLowering::placeResult(OpOperand &result, Value where) {
  if (!where)
    return success();
  Value tensor = result.get();
  sums = accumulationOf(tensor, builder.getContext());
  Value lies = stored(tensor);
  if (!lies)
    return result.getOwner()->emitOpError()
           << "returns as result " << result.getOperandNumber() << " what no kernel makes";
  if (lies != where)
    copy(tensor, lies, where);
  return success();
}
