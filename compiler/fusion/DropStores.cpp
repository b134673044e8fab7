//===- DropStores.cpp - what nothing reads any more -----------------------===//
//
// What lay between two kernels that have become one is still stored. If nobody
// else reads it, it need not exist: that, and not the launch, is most of what a
// fusion is worth.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/Launches.h"
#include "compiler/fusion/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace roux::kernel {
#define GEN_PASS_DEF_DROPSTORES
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

/// True if all that `kernel` does with the argument is to store rows there.
static bool isStoredOnly(FuncOp kernel, unsigned argument) {
  return llvm::all_of(kernel.getArgument(argument).getUsers(),
                      [](Operation *user) { return isa<StoreOp>(user); });
}

static void eraseUnused(Block &body) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body))) {
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        eraseUnused(inner);
    bool isLoad = isa<LoadOp>(op);
    if (op.use_empty() && op.getNumResults() && (isLoad || isPure(&op)))
      op.erase();
  }
}

/// Makes `launch` one of a kernel that does not store to `arguments`, or erases it where that was
/// all it did.
static void dropArguments(LaunchOp launch, FuncOp before, const BitVector &arguments) {
  FuncOp kernel = before.clone();
  SmallVector<Value> operands;
  for (unsigned at = 0; at < kernel.getNumArguments(); ++at) {
    if (!arguments[at]) {
      operands.push_back(launch.getArguments()[at]);
      continue;
    }
    for (Operation *store : llvm::make_early_inc_range(kernel.getArgument(at).getUsers()))
      store->erase();
  }
  Block &body = kernel.getBody().front();
  eraseUnused(body);
  body.eraseArguments(arguments);
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), body.getArgumentTypes(), {}));
  bool stores = false;
  for (ArgumentUse use : usesOf(kernel))
    stores |= use.writes;
  if (!stores) {
    kernel.erase();
    return launch.erase();
  }
  kernel->setAttr(baseNameAttribute, StringAttr::get(kernel.getContext(), baseName(before)));
  SymbolTable(before->getParentOp()).insert(kernel, Block::iterator(before));
  launch.setCallee(kernel.getSymName());
  launch.getArgumentsMutable().assign(operands);
}

/// Drops stores to `buffer`, of which nothing is read. True if there were some.
static bool dropStores(LaunchedKernels &kernels, Value buffer) {
  bool dropped = false;
  for (Operation *user : llvm::make_early_inc_range(buffer.getUsers())) {
    if (isa<SliceOp, WindowOp>(user)) {
      dropped |= dropStores(kernels, user->getResult(0));
      continue;
    }
    auto launch = dyn_cast<LaunchOp>(user);
    if (!launch)
      continue;
    FuncOp kernel = kernels.of(launch);
    BitVector arguments(kernel.getNumArguments());
    for (auto [at, operand] : llvm::enumerate(launch.getArguments()))
      if (operand == buffer && isStoredOnly(kernel, at))
        arguments.set(at);
    if (arguments.none())
      continue;
    dropArguments(launch, kernel, arguments);
    dropped = true;
  }
  return dropped;
}

namespace {
struct DropStores : roux::kernel::impl::DropStoresBase<DropStores> {
  void runOnOperation() override {
    SmallVector<BufferOp> activations;
    getOperation().walk([&](BufferOp buffer) {
      if (buffer.getRole() == Role::Activation)
        activations.push_back(buffer);
    });
    // What was made only for something unread is unread itself.
    LaunchedKernels kernels;
    bool again = true;
    while (std::exchange(again, false))
      for (BufferOp buffer : activations)
        if (!kernels.isRead(buffer))
          again |= dropStores(kernels, buffer);
  }
};
} // namespace
