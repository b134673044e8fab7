//===- KernelToCPU.cpp - kernels as vector loops over a range of items ----===//
//
// Makes the function, reads its arguments, and hands the body to the family it
// belongs to.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/KernelToCPU.h"

#include "compiler/conversion/cpu/CPULowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

Value CPUFunction::allocate(Type element, int64_t elements) {
  int64_t bytes = elements * element.getIntOrFloatBitWidth() / 8;
  Value pointer = code.address(scratch, code.getI8Type(), code.index(shape.scratchBytes));
  shape.scratchBytes += llvm::alignTo(bytes, 64);
  return pointer;
}

void CPUFunction::useBlocks() {
  if (usesBlocks)
    return;
  usesBlocks = true;
  // The palette, then bytes of a row and rows of each of the eight registers: all 64 and 16.
  std::array<int8_t, 64> layout = {1};
  for (int64_t block = 0; block < 8; ++block)
    layout[16 + 2 * block] = 64, layout[48 + block] = 16;
  auto type = VectorType::get(64, code.getI8Type());
  Value at = allocate(code.getI8Type(), 64);
  code.store(
      arith::ConstantOp::create(code, DenseElementsAttr::get(type, ArrayRef<int8_t>(layout))), at);
  LLVM::CallIntrinsicOp::create(code, code.getStringAttr("llvm.x86.ldtilecfg"), ValueRange{at});
}

/// Maps each argument of `function` to what slot i of `arguments` holds.
static void readArguments(FuncOp function, Value arguments, CPUFunction &cpu) {
  LoopBuilder &code = cpu.code;
  Type pointer = LLVM::LLVMPointerType::get(code.getContext());
  for (BlockArgument argument : function.getBody().getArguments()) {
    Value slot = code.address(arguments, code.getI64Type(), code.index(argument.getArgNumber()));
    Type type = argument.getType();
    if (isa<MemRefType>(type))
      cpu.known.map(argument, code.load(pointer, slot));
    else if (type.isIndex())
      cpu.known.map(argument, Value(arith::IndexCastOp::create(
                                  code, type, code.load(code.getI64Type(), slot))));
    else
      cpu.known.map(argument, code.load(type, slot));
  }
}

static void lowerBody(FuncOp function, CPUFunction &cpu) {
  Operation &first = function.getBody().front().front();
  TypeSwitch<Operation *>(&first)
      .Case<ContractOp>([&](auto op) { lowerContract(op, cpu); })
      .Case<AttentionOp>([&](auto op) { lowerAttention(op, cpu); })
      .Case<AttentionGradientOp>([&](auto op) { lowerAttentionGradient(op, cpu); })
      .Default([&](Operation *) { lowerRows(function, cpu); });
}

/// Makes the function `shape.name` at `code`; `body` fills it.
static void makeFunction(LoopBuilder &code, FuncOp function, const TargetDescription &machine,
                         KernelShape &shape, function_ref<void(CPUFunction &)> body) {
  OpBuilder::InsertionGuard guard(code);
  Type pointer = LLVM::LLVMPointerType::get(code.getContext()), count = code.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(code.getContext()),
                                          {pointer, count, count, count, pointer});
  auto entry = LLVM::LLVMFuncOp::create(code, shape.name, type);
  code.setInsertionPointToStart(entry.addEntryBlock(code));
  auto argument = [&](unsigned i) -> Value {
    Value value = entry.getArgument(i);
    if (value.getType() != count)
      return value;
    return arith::IndexCastOp::create(code, code.getIndexType(), value);
  };
  CPUFunction cpu{code, machine, {}, argument(1), argument(2), argument(3), argument(4), shape};
  cpu.allocate(code.getI8Type(), scratchMarkBytes);
  readArguments(function, argument(0), cpu);
  body(cpu);
  if (cpu.usesBlocks)
    LLVM::CallIntrinsicOp::create(code, code.getStringAttr("llvm.x86.tilerelease"), ValueRange());
  LLVM::ReturnOp::create(code, ValueRange());
}

FailureOr<CPUKernel> roux::lowerToCPU(FuncOp function, const TargetDescription &machine) {
  MLIRContext *context = function.getContext();
  context->loadDialect<scf::SCFDialect, LLVM::LLVMDialect>();
  Location loc = function.getLoc();
  CPUKernel result{ModuleOp::create(loc), {}};
  LoopBuilder code(loc, context);
  code.setInsertionPointToEnd(result.module->getBody());

  KernelShape shape{function.getName().str()};
  makeFunction(code, function, machine, shape, [&](CPUFunction &cpu) { lowerBody(function, cpu); });
  result.phases.push_back(shape);
  Block &body = function.getBody().front();
  auto gradient = dyn_cast<AttentionGradientOp>(body.front());
  if (!gradient && body.getOps<FoldRowsOp>().empty())
    return std::move(result);
  KernelShape finish{finishSymbol(shape.name)};
  if (gradient)
    finish.extentArgument = cast<BlockArgument>(gradient.getSumCount()).getArgNumber();
  makeFunction(code, function, machine, finish, [&](CPUFunction &cpu) {
    gradient ? lowerQuerySums(gradient, cpu) : lowerRowSums(function, cpu);
  });
  result.phases.push_back(finish);
  return std::move(result);
}
