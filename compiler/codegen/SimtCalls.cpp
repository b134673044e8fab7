//===- SimtCalls.cpp - GPU code's calls of the emulator --------------------===//
//
// A call takes its function from the table that the loader has given, by the
// place of its name in the list of what is emulated, and its operands as a struct,
// so that one prototype serves all instructions.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/SimtCalls.h"

#include "compiler/codegen/SimtAssembly.h"
#include "compiler/codegen/SimtMaths.h"
#include "mlir/IR/Diagnostics.h"
#include "runtime/simt/Table.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace roux;

/// The name behind `llvm.nvvm.` of the intrinsic that is called; empty where none is.
static StringRef intrinsicOf(const Instruction &instruction) {
  auto *call = dyn_cast<CallInst>(&instruction);
  const Function *called = call ? call->getCalledFunction() : nullptr;
  StringRef name = called ? called->getName() : StringRef();
  return name.consume_front("llvm.nvvm.") ? name : StringRef();
}

SimtCalls::SimtCalls(Module &code) : code(code), pointer(PointerType::get(code.getContext(), 0)) {
  // Every object of a program has them; the linker keeps one.
  table = new GlobalVariable(code, pointer, /*isConstant=*/false, GlobalValue::WeakAnyLinkage,
                             ConstantPointerNull::get(pointer), StringRef(simtTableSymbol));
  Type *number = Type::getInt64Ty(code.getContext());
  new GlobalVariable(code, number, /*isConstant=*/true, GlobalValue::WeakODRLinkage,
                     ConstantInt::get(number, simtTableVersion()), StringRef(simtVersionSymbol));
  unsigned entry = static_cast<unsigned>(SimtTableEntry::Instructions);
  for (const SimtInstruction &instruction : simtInstructions())
    entries[std::string(instruction.name)] = entry++;
}

Value *SimtCalls::tableEntry(IRBuilder<> &builder, unsigned entry) {
  Value *functions = builder.CreateLoad(pointer, table);
  return builder.CreateLoad(pointer, builder.CreateConstGEP1_32(pointer, functions, entry));
}

static Value *callEntry(IRBuilder<> &builder, Value *function, Type *result,
                        ArrayRef<Value *> operands) {
  SmallVector<Type *> types;
  for (Value *operand : operands)
    types.push_back(operand->getType());
  CallInst *call = builder.CreateCall(FunctionType::get(result, types, false), function, operands);
  call->setConvergent();
  call->setDoesNotThrow();
  return call;
}

Value *SimtCalls::sharedMemory(IRBuilder<> &builder) {
  unsigned entry = static_cast<unsigned>(SimtTableEntry::Shared);
  return callEntry(builder, tableEntry(builder, entry), pointer, {});
}

/// The site of `at`: where the kernel was written, of what was inlined where that was called.
Constant *SimtCalls::siteOf(const Instruction &at) {
  const DILocation *location = at.getDebugLoc();
  while (location && location->getInlinedAt())
    location = location->getInlinedAt();
  std::string file;
  unsigned line = 0, column = 0;
  if (location) {
    file = location->getFilename().str();
    if (StringRef folder = location->getDirectory(); !folder.empty() && !file.starts_with("/"))
      file = (folder + "/" + file).str();
    line = location->getLine();
    column = location->getColumn();
  }
  Constant *&site = sites[{file, line, column}];
  if (site)
    return site;
  IRBuilder<> builder(code.getContext());
  Constant *name = ConstantPointerNull::get(pointer);
  if (!file.empty())
    name = builder.CreateGlobalString(file, "", 0, &code);
  Type *number = builder.getInt32Ty();
  auto *type = StructType::get(pointer, number, number);
  Constant *value = ConstantStruct::get(
      type, {name, ConstantInt::get(number, line), ConstantInt::get(number, column)});
  site = new GlobalVariable(code, type, true, GlobalValue::PrivateLinkage, value);
  return site;
}

/// Whether `address` is of the thread's stack or a constant of the code.
static bool isOwn(Value *address) {
  const Value *object = getUnderlyingObject(address);
  auto *global = dyn_cast<GlobalVariable>(object);
  return isa<AllocaInst>(object) || (global && global->isConstant());
}

void SimtCalls::checkAccess(Instruction &access) {
  IRBuilder<> builder(&access);
  auto check = [&](Value *address, Value *bytes, SimtAccess kind) {
    if (isOwn(address))
      return;
    unsigned entry = static_cast<unsigned>(SimtTableEntry::Access);
    Value *count = builder.CreateZExtOrTrunc(bytes, builder.getInt64Ty());
    callEntry(builder, tableEntry(builder, entry), builder.getVoidTy(),
              {builder.CreateAddrSpaceCast(address, pointer), count,
               builder.getInt32(static_cast<uint32_t>(kind)), siteOf(access)});
  };
  auto sizeOf = [&](Type *type) {
    return builder.getInt64(code.getDataLayout().getTypeStoreSize(type).getFixedValue());
  };
  if (auto *load = dyn_cast<LoadInst>(&access))
    check(load->getPointerOperand(), sizeOf(load->getType()), SimtAccess::Read);
  else if (auto *store = dyn_cast<StoreInst>(&access))
    check(store->getPointerOperand(), sizeOf(store->getValueOperand()->getType()),
          SimtAccess::Write);
  else if (auto *fill = dyn_cast<MemSetInst>(&access))
    check(fill->getDest(), fill->getLength(), SimtAccess::Write);
  else if (auto *copy = dyn_cast<MemTransferInst>(&access)) {
    check(copy->getSource(), copy->getLength(), SimtAccess::Read);
    check(copy->getDest(), copy->getLength(), SimtAccess::Write);
  }
}

/// Operands go to a struct and results come from the stack of the caller.
Value *SimtCalls::callInstruction(CallInst &call, unsigned entry, ArrayRef<uint32_t> before) {
  IRBuilder<> builder(&call);
  BasicBlock &first = call.getFunction()->getEntryBlock();
  IRBuilder<> stack(&first, first.begin());
  SmallVector<Value *> given;
  for (uint32_t number : before)
    given.push_back(builder.getInt32(number));
  given.append(call.arg_begin(), call.arg_end());
  SmallVector<Type *> types;
  for (Value *operand : given)
    types.push_back(operand->getType());
  Value *operands = ConstantPointerNull::get(pointer), *result = operands;
  if (!types.empty()) {
    auto *type = StructType::get(code.getContext(), types);
    operands = stack.CreateAlloca(type);
    for (auto [i, operand] : enumerate(given))
      builder.CreateStore(operand, builder.CreateStructGEP(type, operands, i));
  }
  bool gives = !call.getType()->isVoidTy();
  if (gives)
    result = stack.CreateAlloca(call.getType());
  callEntry(builder, tableEntry(builder, entry), builder.getVoidTy(),
            {operands, result, siteOf(call)});
  return gives ? builder.CreateLoad(call.getType(), result) : nullptr;
}

/// A special register of a launch of one dimension; null where it is none.
static Value *registerOf(IRBuilder<> &builder, StringRef name,
                         function_ref<Value *(SimtRegister)> ask) {
  if (!name.consume_front("read.ptx.sreg."))
    return nullptr;
  if (name == "warpsize")
    return builder.getInt32(32);
  if (name.ends_with(".y") || name.ends_with(".z"))
    return builder.getInt32(name.starts_with("n") ? 1 : 0);
  auto which = StringSwitch<std::optional<SimtRegister>>(name)
                   .Case("tid.x", SimtRegister::Thread)
                   .Case("ntid.x", SimtRegister::Threads)
                   .Case("ctaid.x", SimtRegister::Block)
                   .Case("nctaid.x", SimtRegister::Blocks)
                   .Case("laneid", SimtRegister::Lane)
                   .Default(std::nullopt);
  return which ? ask(*which) : nullptr;
}

/// What `call` of `llvm.nvvm.<name>`, a register or maths, gives; null where that is not known.
Value *SimtCalls::valueOf(CallInst &call, StringRef name) {
  IRBuilder<> builder(&call);
  Value *value = registerOf(builder, name, [&](SimtRegister which) {
    unsigned entry = static_cast<unsigned>(SimtTableEntry::Special);
    return callEntry(builder, tableEntry(builder, entry), builder.getInt32Ty(),
                     {builder.getInt32(static_cast<uint32_t>(which))});
  });
  SmallVector<Value *> operands(call.args());
  return value ? value : simtMaths(builder, name, call.getType(), operands);
}

/// Puts what `instruction` of a GPU does in its place; false where nothing was to be done.
bool SimtCalls::replace(Instruction &instruction) {
  Value *value = nullptr;
  if (StringRef name = intrinsicOf(instruction); !name.empty()) {
    auto &call = cast<CallInst>(instruction);
    auto entry = entries.find(name.str());
    bool isCalled = entry != entries.end();
    value = isCalled ? callInstruction(call, entry->second) : valueOf(call, name);
    if (!value && !isCalled)
      return false;
  } else if (isa<FPTruncInst>(instruction) &&
             instruction.getType()->getScalarType()->isBFloatTy()) {
    IRBuilder<> builder(&instruction);
    value = simtRound(builder, instruction.getOperand(0), instruction.getType());
  } else if (auto *call = dyn_cast<CallInst>(&instruction)) {
    std::optional<SimtAssemblyCall> ours = simtAssemblyCall(*call);
    auto entry = ours ? entries.find(ours->name) : entries.end();
    bool isCalled = entry != entries.end();
    value = isCalled ? callInstruction(*call, entry->second, ours->operands) : simtAssembly(*call);
    if (!value && !isCalled)
      return false;
  } else {
    return false;
  }
  if (value)
    instruction.replaceAllUsesWith(value);
  instruction.eraseFromParent();
  return true;
}

/// What `instruction` does that no processor does alike, in words for an error; empty: nothing.
static std::string unknownIn(const Instruction &instruction) {
  if (auto *call = dyn_cast<CallInst>(&instruction)) {
    if (auto *text = dyn_cast<InlineAsm>(call->getCalledOperand()))
      return ("the assembly '" + text->getAsmString() + "'").str();
    const Function *called = call->getCalledFunction();
    if (!called || called->getName().starts_with("llvm.masked."))
      return called ? "'" + called->getName().str() + "'" : "a call of no function";
    return called->isDeclaration() && !called->isIntrinsic() ? "'" + called->getName().str() + "'"
                                                             : std::string();
  }
  if (isa<AtomicRMWInst, AtomicCmpXchgInst, FenceInst>(instruction))
    return std::string("'") + instruction.getOpcodeName() + "'";
  return {};
}

mlir::LogicalResult SimtCalls::replaceAll(mlir::Location where) {
  SmallVector<Instruction *> instructions;
  for (Function &function : code)
    for (BasicBlock &block : function)
      for (Instruction &instruction : block)
        instructions.push_back(&instruction);
  std::string unknown;
  for (Instruction *instruction : instructions) {
    std::string what = unknownIn(*instruction);
    checkAccess(*instruction);
    StringRef name = intrinsicOf(*instruction);
    if (replace(*instruction))
      what.clear();
    else if (!name.empty())
      what = ("'llvm.nvvm." + name + "'").str();
    if (!what.empty() && !StringRef(unknown).contains(what))
      unknown += (unknown.empty() ? "" : ", ") + what;
  }
  if (unknown.empty())
    return mlir::success();
  return mlir::emitError(where) << "calls " << unknown << ", which the emulator does not have";
}
