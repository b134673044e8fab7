//===- SimtCode.cpp - lowered GPU kernels as code for the emulator ---------===//
//
// LLVM IR of a GPU is almost one of a processor: its address spaces are memory like
// any other, shared arrays have a place in the block's own, and kernels take their
// arguments out of an array. The rest is calls (SimtCalls).
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/CPUCode.h"
#include "compiler/codegen/NVVMCode.h"
#include "compiler/codegen/Optimise.h"
#include "compiler/codegen/PTX.h"
#include "compiler/codegen/Passes.h"
#include "compiler/codegen/SimtCalls.h"
#include "compiler/codegen/SimtMaths.h"
#include "runtime/simt/Table.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Target/TargetMachine.h"

namespace roux {
#define GEN_PASS_DEF_EMITSIMTCODE
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

/// Of NVIDIA's GPUs.
static constexpr unsigned sharedSpace = 3;
/// What descriptors of shared memory ask for; of any dynamic array.
static constexpr uint64_t dynamicAlignment = 1024;

namespace {
/// A shared array and its place.
struct Placed {
  llvm::GlobalVariable *array;
  uint64_t offset;
};
} // namespace

/// Gives each shared array of `code` a place, that of the launch's own bytes behind all others, and
/// says how many bytes the others take.
static uint64_t placeShared(llvm::Module &code, SmallVectorImpl<Placed> &placed) {
  uint64_t end = 0;
  SmallVector<llvm::GlobalVariable *> dynamic;
  for (llvm::GlobalVariable &array : code.globals()) {
    if (array.getAddressSpace() != sharedSpace)
      continue;
    uint64_t bytes = code.getDataLayout().getTypeAllocSize(array.getValueType());
    if (bytes == 0) {
      dynamic.push_back(&array);
      continue;
    }
    llvm::Align alignment = code.getDataLayout().getPreferredAlign(&array);
    uint64_t offset = llvm::alignTo(end, alignment);
    placed.push_back({&array, offset});
    end = offset + bytes;
  }
  if (!dynamic.empty())
    end = llvm::alignTo(end, dynamicAlignment);
  for (llvm::GlobalVariable *array : dynamic)
    placed.push_back({array, end});
  return end;
}

/// Puts addresses in the running block's memory in the place of `placed` in `function`.
static void useShared(llvm::Function &function, SimtCalls &calls, ArrayRef<Placed> placed) {
  llvm::Value *memory = nullptr;
  llvm::IRBuilder<> builder(&function.getEntryBlock(), function.getEntryBlock().begin());
  for (auto [array, offset] : placed) {
    llvm::Value *address = nullptr;
    for (llvm::Use &use : llvm::make_early_inc_range(array->uses())) {
      auto *user = dyn_cast<llvm::Instruction>(use.getUser());
      if (!user || user->getFunction() != &function)
        continue;
      if (!memory)
        memory = calls.sharedMemory(builder);
      if (!address)
        address = builder.CreateAddrSpaceCast(
            builder.CreateConstGEP1_64(builder.getInt8Ty(), memory, offset), array->getType());
      use.set(address);
    }
  }
}

/// Replaces the shared arrays of `code`; how many bytes they take.
static uint64_t moveShared(llvm::Module &code, SimtCalls &calls) {
  SmallVector<Placed> placed;
  uint64_t bytes = placeShared(code, placed);
  SmallVector<llvm::Constant *> arrays;
  for (const Placed &each : placed)
    arrays.push_back(each.array);
  llvm::convertUsersOfConstantsToInstructions(arrays);
  for (llvm::Function &function : code)
    if (!function.isDeclaration())
      useShared(function, calls, placed);
  for (const Placed &each : placed) {
    each.array->removeDeadConstantUsers();
    if (each.array->use_empty())
      each.array->eraseFromParent();
  }
  return bytes;
}

/// Beside `kernel` its name's function of an array of arguments, and its shared bytes.
static void makeEntry(llvm::Function &kernel, uint64_t sharedBytes) {
  llvm::Module &code = *kernel.getParent();
  std::string name = kernel.getName().str();
  kernel.setName(name + ".thread");
  llvm::IRBuilder<> builder(code.getContext());
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, code);
  builder.SetInsertPoint(llvm::BasicBlock::Create(code.getContext(), "", entry));
  SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : kernel.args()) {
    llvm::Value *place =
        builder.CreateConstGEP1_32(builder.getInt64Ty(), entry->getArg(0), argument.getArgNo());
    arguments.push_back(builder.CreateLoad(argument.getType(), place));
  }
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
  new llvm::GlobalVariable(code, builder.getInt64Ty(), true, llvm::GlobalValue::ExternalLinkage,
                           builder.getInt64(sharedBytes), name + StringRef(simtSharedSuffix));
}

/// Makes entries of all kernels, and of everything functions of this processor.
static void makeEntries(llvm::Module &code, uint64_t sharedBytes) {
  SmallVector<llvm::Function *> kernels;
  for (llvm::Function &function : code) {
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      kernels.push_back(&function);
    for (llvm::Argument &argument : function.args())
      if (argument.hasByValAttr()) // a tensor map, which is the launch's
        argument.removeAttr(llvm::Attribute::ByVal);
    function.setCallingConv(llvm::CallingConv::C);
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  for (llvm::Function *kernel : kernels)
    makeEntry(*kernel, sharedBytes);
  for (llvm::Function &function : code) {
    if (function.isIntrinsic())
      continue;
    function.setSubprogram(nullptr); // lines have become sites
    for (StringRef attribute : {"target-cpu", "target-features"})
      function.removeFnAttr(attribute);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setUWTableKind(llvm::UWTableKind::Async);
  }
}

/// The processor's level that all of its kind have that are not old, for code that is not measured.
static const TargetDescription &emulatorMachine() {
  const TargetDescription *wanted =
      targetNamed(hostTarget().vectorBits >= 256 ? "avx2" : "portable");
  return wanted ? *wanted : hostTarget();
}

/// The function that a processor without bf16 calls for what is computed in it: no library here has
/// it, and its result is passed as only LLVM passes it.
static void defineRounding(llvm::Module &code) {
  llvm::IRBuilder<> builder(code.getContext());
  auto *type = llvm::FunctionType::get(builder.getBFloatTy(), {builder.getFloatTy()}, false);
  auto *round =
      llvm::Function::Create(type, llvm::GlobalValue::WeakODRLinkage, "__truncsfbf2", code);
  round->setVisibility(llvm::GlobalValue::HiddenVisibility);
  round->addFnAttr(llvm::Attribute::NoUnwind);
  builder.SetInsertPoint(llvm::BasicBlock::Create(code.getContext(), "", round));
  builder.CreateRet(simtRound(builder, round->getArg(0), builder.getBFloatTy()));
}

static LogicalResult retarget(llvm::Module &code, llvm::TargetMachine &machine, Location where) {
  code.setTargetTriple(machine.getTargetTriple());
  code.setDataLayout(machine.createDataLayout());
  SimtCalls calls(code);
  if (failed(calls.replaceAll(where)))
    return failure();
  makeEntries(code, moveShared(code, calls));
  defineRounding(code);
  llvm::StripDebugInfo(code);
  assert(!llvm::verifyModule(code, &llvm::errs()) && "retargeted code is code");
  return success();
}

namespace {

struct EmitSimtCode : roux::impl::EmitSimtCodeBase<EmitSimtCode> {
  using EmitSimtCodeBase::EmitSimtCodeBase;

  LogicalResult initialize(MLIRContext *context) override {
    Location where = UnknownLoc::get(context);
    if (form != "llvm" && form != "object")
      return emitError(where) << "code for the emulator has no form '" << form
                              << "', only llvm, object";
    return success(isArchitecture(architecture, where));
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::SmallString<0> text;
    llvm::raw_svector_ostream out(text);
    if (failed(emit(module, out)))
      return signalPassFailure();
    module.getBody()->clear();
    module->setAttr(codeAttribute, StringAttr::get(&getContext(), text));
  }

  LogicalResult emit(ModuleOp module, llvm::raw_pwrite_stream &out) {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::TargetMachine> gpu = nvptxMachine(architecture);
    std::unique_ptr<llvm::Module> code = optimisedNVVM(module, *gpu, context);
    if (!code)
      return failure();
    std::unique_ptr<llvm::TargetMachine> machine =
        codeGenerator(emulatorMachine(), llvm::CodeGenOptLevel::None);
    if (failed(retarget(*code, *machine, module.getLoc())))
      return failure();
    if (form == "llvm") {
      code->print(out, nullptr);
      return success();
    }
    llvm::legacy::PassManager passes;
    if (failed(addCodeGeneration(*machine, passes, out, llvm::CodeGenFileType::ObjectFile,
                                 LoopAddresses::AsTheyAre)))
      return emitError(module.getLoc(), "cannot be written as code for the emulator");
    passes.run(*code);
    return success();
  }
};

} // namespace
