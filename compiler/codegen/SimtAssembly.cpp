//===- SimtAssembly.cpp - PTX as inline assembly, in words of LLVM --------===//
//
// CUDA's libdevice: reciprocals that come near, as in its tanh, and integers of 128 bits for the
// sines of large angles, as assembly of 32 bits each, told by an instruction that only it has.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/SimtAssembly.h"

#include "compiler/codegen/SimtMaths.h"
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
  if (StringRef(text->getAsmString()).starts_with("rcp.approx.ftz.f32 $0,"))
    return simtMaths(b, "rcp.approx.ftz.f", call.getType(), {call.getArgOperand(0)});
  Value *value = computed(b, call, text->getAsmString());
  if (!value)
    return nullptr;
  Type *half = b.getInt64Ty();
  Value *result = PoisonValue::get(call.getType());
  result = b.CreateInsertValue(result, b.CreateTrunc(value, half), 0);
  return b.CreateInsertValue(result, b.CreateTrunc(b.CreateLShr(value, 64), half), 1);
}

/// What wgmma.mma_async says of its matrices: columns, for each whether its lines are terms,
/// whether the left one is in registers, and whether sums begin with this product.
static SmallVector<uint32_t> shapeOf(StringRef text) {
  uint32_t columns = 0, left = 0, right = 0;
  text.split("m64n").second.split('k').first.getAsInteger(10, columns);
  auto [before, flags] = text.rsplit("p, 1, 1, ");
  bool inRegisters = before.contains("}, {");
  if (!inRegisters)
    flags.consumeInteger(10, left);
  flags.ltrim(", ").split(';').first.trim().getAsInteger(10, right);
  return {columns, left, right, inRegisters, text.contains("setp.ne.b32 p, 0, 0;")};
}

std::optional<roux::SimtAssemblyCall> roux::simtAssemblyCall(const CallInst &call) {
  auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (!assembly)
    return std::nullopt;
  StringRef text = assembly->getAsmString();
  if (text.contains("wgmma.mma_async"))
    return SimtAssemblyCall{"wgmma.mma_async", shapeOf(text)};
  if (text.contains("mbarrier.try_wait.parity"))
    return SimtAssemblyCall{"mbarrier.try_wait.parity", {}};
  // Those that only order what is around them pass their registers on.
  if (uint32_t pending; text.consume_front("wgmma.wait_group.sync.aligned ") &&
                        !text.split(';').first.getAsInteger(10, pending))
    return SimtAssemblyCall{"wgmma.wait_group", {pending, call.arg_size()}};
  for (StringRef plain : {"wgmma.fence", "wgmma.commit_group", "fence.proxy.async.shared::cta"})
    if (text.starts_with(plain))
      return SimtAssemblyCall{plain.str(), {call.arg_size()}};
  return std::nullopt;
}
