//===- KernelHost.cpp - what entries, buffers and launches must satisfy ---===//
//
// An entry becomes data the runtime walks without looking at types again, so
// shapes of slices, windows and launch operands are settled here.
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace roux::kernel;

static LogicalResult verifyHostBlock(Block &block) {
  for (Operation &op : block) {
    bool host =
        isa<ExtentOp, ScalarOp, BufferOp, ConstantOp, SliceOp, WindowOp, RepeatOp, LaunchOp>(op);
    bool count = isa<arith::ConstantOp, arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::DivUIOp,
                     arith::CeilDivUIOp, arith::MinUIOp, arith::MaxUIOp>(op) &&
                 op.getResult(0).getType().isIndex();
    if (!host && !count)
      return op.emitOpError("cannot be in a program: neither a launch nor a count");
    if (auto repeat = dyn_cast<RepeatOp>(op))
      if (failed(verifyHostBlock(repeat.getBody().front())))
        return failure();
  }
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  return verifyHostBlock(getBody().front());
}

LogicalResult RepeatOp::verify() {
  Block &body = getBody().front();
  if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isIndex())
    return emitOpError("body takes one index");
  return success();
}

LogicalResult BufferOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  if (!type.getLayout().isIdentity() || type.getMemorySpace())
    return emitOpError() << "is " << type << ", which has a layout or a memory space";
  if (type.getNumDynamicDims() != getSizes().size())
    return emitOpError() << "has " << getSizes().size() << " sizes for " << type.getNumDynamicDims()
                         << " dynamic dimensions";
  if (getRole() == Role::Activation || !(*this)->getParentOfType<RepeatOp>())
    return success();
  return emitOpError("is declared in a loop, where only activations can be");
}

LogicalResult ConstantOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  if (!isa<DenseElementsAttr>(getValue()))
    return emitOpError("has a value that is no list of numbers");
  if (type.getLayout().isIdentity() && !type.getMemorySpace() &&
      type.getShape() == getValue().getShapedType().getShape() &&
      type.getElementType() == getValue().getElementType() &&
      type.getElementType().isIntOrFloat() && type.getElementTypeBitWidth() % 8 == 0)
    return success();
  return emitOpError() << "of " << getValue().getShapedType() << " is not " << type;
}

LogicalResult SliceOp::verify() {
  auto from = cast<MemRefType>(getBuffer().getType());
  auto to = cast<MemRefType>(getResult().getType());
  if (from.getRank() >= 2 && from.getElementType() == to.getElementType() &&
      from.getShape().drop_front() == to.getShape())
    return success();
  return emitOpError() << "of " << from << " is not " << to;
}

LogicalResult WindowOp::verify() {
  auto from = cast<MemRefType>(getBuffer().getType());
  auto to = cast<MemRefType>(getResult().getType());
  if (from.getElementType() != to.getElementType())
    return emitOpError() << "holds " << from.getElementType() << " but is seen as "
                         << to.getElementType();
  for (MemRefType type : {from, to})
    if (llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
      return emitOpError() << "is " << type << ", whose rows have no known size";
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *callee = symbols.lookupNearestSymbolFrom(
      (*this)->getParentOfType<ProgramOp>()->getParentOp(), getCalleeAttr());
  if (isa_and_nonnull<ModuleOp>(callee))
    return success(); // lowered: what it takes was settled before
  auto kernel = dyn_cast_or_null<FuncOp>(callee);
  if (!kernel)
    return emitOpError() << "names '" << getCallee() << "', which is no kernel";
  TypeRange given = getArguments().getTypes();
  ArrayRef<Type> wanted = kernel.getArgumentTypes();
  if (given.size() != wanted.size())
    return emitOpError() << "passes " << given.size() << " operands to '" << getCallee()
                         << "', which takes " << wanted.size();
  for (auto [index, pair] : llvm::enumerate(llvm::zip(given, wanted))) {
    auto [have, want] = pair;
    auto haveBuffer = dyn_cast<MemRefType>(have), wantBuffer = dyn_cast<MemRefType>(want);
    bool fits = have == want;
    if (haveBuffer && wantBuffer)
      fits = haveBuffer.getElementType() == wantBuffer.getElementType() &&
             succeeded(verifyCompatibleShape(haveBuffer, wantBuffer));
    if (!fits)
      return emitOpError() << "passes " << have << " as argument " << index << " of '"
                           << getCallee() << "', which takes " << want;
  }
  for (auto [stored, read] : argumentsKeptApart(kernel))
    if (getArguments()[stored] == getArguments()[read])
      return emitOpError() << "passes one buffer as arguments " << stored << " and " << read
                           << " of '" << getCallee() << "', which stores to one while reading the "
                           << "other";
  return success();
}
