//===- EntryResults.cpp - where the results of an entry come to lie -------===//
//
// A value is written where it is wanted if nothing else decides where it lies;
// else it is copied. The gradient of a parameter is added to the model's, once for
// every time it is owed, by the kernels that make its terms.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/IR/Matchers.h"

#include <utility>

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

/// More than a model has uses of one weight. A sum of sums of itself is formed as it is written.
static constexpr int64_t mostTerms = 1000;

void EntryLowering::countTerms(Block &body) {
  for (auto add : body.getOps<step::AddOp>()) {
    auto of = [&](Value half) {
      return half.getDefiningOp<step::AddOp>() ? terms.lookup(half) : 1;
    };
    terms[add] = std::min(of(add.getLhs()) + of(add.getRhs()), mostTerms + 1);
  }
}

void EntryLowering::owe(Value tensor, Value where) {
  auto add = tensor.getDefiningOp<step::AddOp>();
  bool isSum = add && terms.lookup(tensor) <= mostTerms;
  Owed &known = owed[tensor];
  known.to.push_back(where);
  known.isSum = isSum;
  if (!isSum)
    return;
  // Both terms of the sum add themselves to the same buffer.
  owe(add.getLhs(), where);
  owe(add.getRhs(), where);
}

bool EntryLowering::isSumOfGradients(Operation *add) {
  if (!isa<step::AddOp>(add))
    return false;
  auto known = owed.find(add->getResult(0));
  return known != owed.end() && known->second.isSum && !isRead(add->getResult(0));
}

bool EntryLowering::isRead(Value tensor) {
  if (wanted.contains(tensor))
    return true;
  return llvm::any_of(tensor.getUsers(), [&](Operation *user) {
    // The gradient of a loss multiplies with a constant's value.
    bool isSeed = isa<step::CrossEntropyGradOp>(user) && tensor.getDefiningOp<arith::ConstantOp>();
    return !isSeed && !user->hasTrait<OpTrait::IsTerminator>() && !isSumOfGradients(user);
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
  double number = value.getSplatValue<APFloat>().convertToDouble();
  if (number != 0)
    for (Value where : accumulators)
      entry.fill(tensor, where, number, /*adds=*/true);
  return success();
}

FailureOr<SmallVector<EntryLowering::Wanted>> EntryLowering::declareResults(func::FuncOp entry) {
  SmallVector<Wanted> results;
  for (OpOperand &result : entry.front().getTerminator()->getOpOperands()) {
    unsigned i = result.getOperandNumber();
    MemRefType type = bufferType(result.get().getType());
    SmallVector<Value> sizes;
    if (type.getNumDynamicDims())
      sizes.push_back(extentOf(result.get()));
    Wanted &wanted = results.emplace_back();
    if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::cacheName)) {
      auto taken = caches.find(name.str());
      if (taken == caches.end())
        return entry.emitOpError() << "returns cache " << name << " but takes none of that name";
      wanted.where = taken->second;
      caches.erase(taken);
    } else if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::gradientName))
      wanted.accumulators.push_back(kernel::BufferOp::create(builder, type, kernel::Role::Gradient,
                                                             gradientNameOf(name), sizes));
    else if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::resultName))
      wanted.where = kernel::BufferOp::create(builder, type, kernel::Role::Output, name, sizes);
  }
  if (caches.empty())
    return results;
  return entry.emitOpError() << "takes cache '" << caches.begin()->first
                             << "' but does not return it";
}

/// What was made elsewhere is copied; a gradient that nothing added to its buffers is added.
LogicalResult EntryLowering::placeResult(OpOperand &result, const Wanted &want) {
  Value tensor = result.get();
  sums = accumulationOf(tensor, builder.getContext());
  Value lies = want.where || !want.accumulators.empty() ? stored(tensor) : Value();
  auto refuse = [&] {
    return result.getOwner()->emitOpError()
           << "returns as result " << result.getOperandNumber() << " what no kernel makes";
  };
  SmallVector<Value> left;
  if (!want.accumulators.empty())
    left.push_back(tensor);
  while (!left.empty()) {
    Value term = left.pop_back_val();
    Owed &known = owed[term];
    if (known.isSum)
      left.append({term.getDefiningOp()->getOperand(1), term.getDefiningOp()->getOperand(0)});
    if (known.isSum || std::exchange(known.isAdded, true))
      continue;
    Value from = stored(term);
    if (!from)
      return refuse();
    for (Value where : known.to)
      addTo(term, from, where);
  }
  if (!want.where || lies == want.where)
    return success();
  if (!lies)
    return refuse();
  copy(tensor, lies, want.where);
  return success();
}
