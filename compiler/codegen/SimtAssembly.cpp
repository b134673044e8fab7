//===- SimtAssembly.cpp - PTX inside CUDA's libdevice, in words of LLVM ---===//
//
// Sines of large angles need integers of 128 bits, which libdevice has as assembly of
// 32 bits each. These four are all there are; each is told by an instruction that
// only it has.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/SimtAssembly.h"

#include "llvm/IR/InlineAsm.h"

using namespace llvm;

/// Operand `low` of the call, and `low + 1` above it if there are halves.
static Value *wide(IRBuilder<> &b, CallInst &call, unsigned low, bool hasHalves) {
  Type *type = b.getInt128Ty();
  Value *value = b.CreateZExt(call.getArgOperand(low), type);
  if (!hasHalves)
    return value;
  Value *high = b.CreateZExt(call.getArgOperand(low + 1), type);
  return b.CreateOr(value, b.CreateShl(high, 64));
}

/// The 128 bits that the assembly computes; null where that is not known.
static Value *computed(IRBuilder<> &b, CallInst &call, StringRef text) {
  if (text.contains("sub.cc.u32"))
    return b.CreateSub(wide(b, call, 0, true), wide(b, call, 2, true));
  if (text.contains("add.cc.u32      r0, a0, b0"))
    return b.CreateAdd(wide(b, call, 0, true), wide(b, call, 2, true));
  if (text.contains("mul.lo.u32      r0, alo, blo"))
    return b.CreateMul(wide(b, call, 0, false), wide(b, call, 1, false));
  if (text.contains("mad.lo.cc.u32   r0, alo, blo, clo"))
    return b.CreateAdd(b.CreateMul(wide(b, call, 0, false), wide(b, call, 1, false)),
                       wide(b, call, 2, false));
  return nullptr;
}

Value *roux::simtAssembly(CallInst &call) {
  auto *text = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (!text)
    return nullptr;
  IRBuilder<> b(&call);
  Value *value = computed(b, call, text->getAsmString());
  if (!value)
    return nullptr;
  Type *half = b.getInt64Ty();
  Value *result = PoisonValue::get(call.getType());
  result = b.CreateInsertValue(result, b.CreateTrunc(value, half), 0);
  return b.CreateInsertValue(result, b.CreateTrunc(b.CreateLShr(value, 64), half), 1);
}
