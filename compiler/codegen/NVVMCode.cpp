//===- NVVMCode.cpp - lowered GPU kernels as optimised LLVM IR -------------===//
//
// The translation is ours: with no CUDA toolkit the stock pipeline writes calls
// that nothing defines. Here that is an error.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/NVVMCode.h"

#include "compiler/codegen/Optimise.h"
#include "compiler/codegen/PTX.h"
#include "compiler/codegen/RecipeLines.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace mlir;
using namespace roux;

/// Where CUDA's maths library is, by preference: the toolkit, then what setup/cuda.sh fetched.
static constexpr StringLiteral libdeviceFiles[] = {
    "/usr/local/cuda/nvvm/libdevice/libdevice.10.bc",
    ROUX_CUDA_FOLDER "/nvvm/libdevice/libdevice.10.bc",
};

std::unique_ptr<llvm::TargetMachine> roux::nvptxMachine(StringRef architecture) {
  [[maybe_unused]] static bool ready = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  assert(target && "the NVPTX target was initialised");
  std::string features = "+ptx" + ptxVersion.substr(0, 1).str() + ptxVersion.substr(2).str();
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, architecture, features, {}, std::nullopt, std::nullopt,
                                  llvm::CodeGenOptLevel::Default));
}

/// Links the functions of libdevice that `code` calls.
static LogicalResult linkMaths(ModuleOp module, llvm::Module &code) {
  auto isMaths = [](const llvm::Function &f) { return f.getName().starts_with("__nv_"); };
  const llvm::Function *needed = nullptr;
  for (const llvm::Function &function : code)
    if (isMaths(function))
      needed = &function;
  if (!needed)
    return success();
  std::unique_ptr<llvm::MemoryBuffer> file;
  for (StringRef path : libdeviceFiles)
    if (auto found = llvm::MemoryBuffer::getFile(path); found && !file)
      file = std::move(*found);
  if (!file)
    return emitError(module.getLoc())
           << "calls '" << needed->getName()
           << "' of CUDA's libdevice, which is neither in /usr/local/cuda nor "
              "where setup/cuda.sh puts it";
  auto library = llvm::getLazyBitcodeModule(file->getMemBufferRef(), code.getContext());
  if (!library) {
    llvm::consumeError(library.takeError());
    return emitError(module.getLoc(), "cannot read CUDA's libdevice");
  }
  (*library)->setDataLayout(code.getDataLayout());
  (*library)->setTargetTriple(code.getTargetTriple());
  bool failed = llvm::Linker::linkModules(
      code, std::move(*library), llvm::Linker::LinkOnlyNeeded,
      [](llvm::Module &linked, const llvm::StringSet<> &names) {
        llvm::internalizeModule(linked, [&](const llvm::GlobalValue &value) {
          return !value.hasName() || !names.contains(value.getName());
        });
      });
  return failed ? emitError(module.getLoc(), "cannot link CUDA's libdevice") : success();
}

std::unique_ptr<llvm::Module> roux::optimisedNVVM(ModuleOp module, llvm::TargetMachine &machine,
                                                  llvm::LLVMContext &context) {
  auto kernels = *module.getOps<gpu::GPUModuleOp>().begin();
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(kernels, context, "kernels");
  if (!code) {
    emitError(module.getLoc(), "has no translation to LLVM IR");
    return nullptr;
  }
  code->setTargetTriple(machine.getTargetTriple());
  code->setDataLayout(machine.createDataLayout());
  if (failed(linkMaths(module, *code)))
    return nullptr;
  optimiseThreads(*code, machine);
  fillLines(*code);
  return code;
}
