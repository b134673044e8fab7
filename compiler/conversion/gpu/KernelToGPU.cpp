//===- KernelToGPU.cpp - kernels as GPU kernels ----------------------------===//
//
// The functions and what they share: arguments, the extent, shared memory. The
// extent is read from memory, so that a launch recorded for the largest micro-batch
// serves every smaller one.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/KernelToGPU.h"

#include "compiler/conversion/gpu/GPULowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static constexpr StringLiteral sharedSymbol = "roux_shared";
static constexpr int64_t sharedAlignment = 1024; ///< of the whole: what is swizzled begins there
static const auto sharedSpace = static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared);

Value GPUFunction::allocate(Type element, int64_t elements, int64_t alignment) {
  int64_t begin = llvm::alignTo(sharedTop, alignment);
  sharedTop = begin + elements * element.getIntOrFloatBitWidth() / 8;
  shape.sharedBytes = std::max(shape.sharedBytes, sharedTop);
  return code.address(shared, code.getI8Type(), code.index(begin));
}

void GPUFunction::barrier() {
  if (!meeting) {
    gpu::BarrierOp::create(code);
    return;
  }
  auto word = [&](int64_t number) { return arith::ConstantIntOp::create(code, number, 32); };
  NVVM::BarrierOp::create(code, TypeRange(), word(1), word(meeting), {}, Value());
}

Value GPUFunction::here(Value index) {
  auto word = code.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(code.getContext());
  Value same = arith::IndexCastOp::create(code, word, index);
  same = LLVM::IntToPtrOp::create(code, pointer, same);
  same = LLVM::LaunderInvariantGroupOp::create(code, same);
  same = LLVM::PtrToIntOp::create(code, word, same);
  return arith::IndexCastOp::create(code, code.getIndexType(), same);
}

void GPUFunction::withThreadHere(function_ref<void()> body) {
  Value whole = thread;
  // Some threads are a power of two, and that is known of it again.
  thread = code.rem(here(thread), llvm::PowerOf2Ceil(shape.threads));
  body();
  thread = whole;
}

Value GPUFunction::tensorMap(const TensorMap &map) {
  size_t place = llvm::find(shape.maps, map) - shape.maps.begin();
  unsigned extentAt = entry.getNumArguments() - 1, first = extentAt - shape.maps.size();
  if (place == shape.maps.size()) {
    shape.maps.push_back(map);
    auto pointer = LLVM::LLVMPointerType::get(code.getContext());
    if (failed(entry.insertArgument(extentAt, pointer, {}, code.getLoc())))
      llvm_unreachable("a function of a GPU takes any argument");
  }
  return entry.getArgument(first + place);
}

static gpu::GPUFuncOp makeEntry(LoopBuilder &code, FuncOp function, StringRef name) {
  Type pointer = LLVM::LLVMPointerType::get(code.getContext());
  SmallVector<Type> types;
  for (Type type : function.getArgumentTypes())
    types.push_back(isa<MemRefType>(type) ? pointer : type.isIndex() ? code.getI64Type() : type);
  types.push_back(pointer); // to the extent
  auto entry = gpu::GPUFuncOp::create(code, name, code.getFunctionType(types, {}));
  entry->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), code.getUnitAttr());
  return entry;
}

/// Maps the kernel's arguments to the GPU function's: index arguments arrive as i64.
static IRMapping mapArguments(LoopBuilder &code, FuncOp function, gpu::GPUFuncOp entry) {
  IRMapping known;
  for (BlockArgument argument : function.getBody().getArguments()) {
    Value given = entry.getArgument(argument.getArgNumber());
    if (argument.getType().isIndex())
      given = arith::IndexCastOp::create(code, code.getIndexType(), given);
    known.map(argument, given);
  }
  return known;
}

/// Adds a function of the kernel to `module`, which `lower` fills.
static GPUPhase addPhase(gpu::GPUModuleOp module, FuncOp function, const std::string &name,
                         const TargetDescription &target,
                         llvm::function_ref<void(GPUFunction &)> lower) {
  GPUPhase shape{name};
  LoopBuilder code(function.getLoc(), function.getContext());
  code.alignedVectors = true;
  code.setInsertionPointToEnd(module.getBody());
  gpu::GPUFuncOp entry = makeEntry(code, function, name);
  code.setInsertionPointToStart(&entry.getBody().front());
  IRMapping known = mapArguments(code, function, entry);
  Value given = code.load(code.getI64Type(), entry.getArgument(function.getNumArguments()));
  Value extent = arith::IndexCastOp::create(code, code.getIndexType(), given);
  Value thread = gpu::ThreadIdOp::create(code, gpu::Dimension::x);
  Value block = gpu::BlockIdOp::create(code, gpu::Dimension::x);
  Type pointer = LLVM::LLVMPointerType::get(code.getContext(), sharedSpace);
  auto shared = LLVM::AddressOfOp::create(code, pointer, sharedSymbol);
  GPUFunction gpu{code, known, thread, block, extent, shared, shape, target, entry};
  lower(gpu);
  gpu::ReturnOp::create(code);
  if (!shape.sharedBytes)
    shared.erase();
  if (!shape.maps.empty())
    entry->setAttr(tensorMapsAttribute, code.getI64IntegerAttr(shape.maps.size()));
  if (shape.blocksAtOnce)
    entry->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                   code.getI32IntegerAttr(shape.blocksAtOnce));
  entry.setKnownBlockSize(ArrayRef<int32_t>{static_cast<int32_t>(shape.threads), 1, 1});
  return shape;
}

/// Declares the shared memory that a launch gives its blocks, if any function uses it.
static void declareShared(gpu::GPUModuleOp module, ArrayRef<GPUPhase> phases) {
  if (llvm::none_of(phases, [](const GPUPhase &phase) { return phase.sharedBytes; }))
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto none = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
  LLVM::GlobalOp::create(builder, module.getLoc(), none, /*isConstant=*/false,
                         LLVM::Linkage::External, sharedSymbol, Attribute(), sharedAlignment,
                         sharedSpace);
}

FailureOr<GPUKernel> roux::lowerToGPU(FuncOp function, const TargetDescription &target) {
  Block &body = function.getBody().front();
  if (auto folds = body.getOps<FoldRowsOp>(); !folds.empty())
    return (*folds.begin()).emitOpError("has no lowering to a GPU");
  if (auto attention = dyn_cast<AttentionOp>(body.front()); attention && attention.getGrouped())
    return attention.emitOpError("has no lowering to a GPU whose items are groups of heads");
  MLIRContext *context = function.getContext();
  context->loadDialect<scf::SCFDialect, LLVM::LLVMDialect, NVVM::NVVMDialect, gpu::GPUDialect,
                       memref::MemRefDialect>();
  GPUKernel result{ModuleOp::create(function.getLoc()), {}};
  OpBuilder builder = OpBuilder::atBlockBegin(result.module->getBody());
  auto module = gpu::GPUModuleOp::create(builder, function.getLoc(), "kernels");
  std::string kernel = function.getName().str(), name = gpuSymbol(kernel);
  auto add = [&](const std::string &phase, auto lower) {
    result.phases.push_back(addPhase(module, function, phase, target, lower));
  };
  if (auto contract = dyn_cast<ContractOp>(body.front())) {
    add(name, [&](GPUFunction &gpu) { lowerContract(contract, gpu); });
  } else if (auto attention = dyn_cast<AttentionOp>(body.front())) {
    add(name, [&](GPUFunction &gpu) { lowerAttention(attention, gpu); });
  } else if (auto gradient = dyn_cast<AttentionGradientOp>(body.front())) {
    add(name, [&](GPUFunction &gpu) { lowerAttentionGradient(gradient, gpu); });
    add(gpuFinishSymbol(kernel), [&](GPUFunction &gpu) { lowerQuerySums(gradient, gpu); });
  } else {
    add(name, [&](GPUFunction &gpu) { lowerRows(function, gpu); });
  }
  declareShared(module, result.phases);
  return std::move(result);
}
