//===- Launches.cpp - which launches may stand beside each other ----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/Launches.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace roux::kernel;

StringRef roux::kernel::baseName(FuncOp kernel) {
  auto base = kernel->getAttrOfType<StringAttr>(baseNameAttribute);
  return base ? base.getValue() : kernel.getName();
}

bool roux::kernel::isRowKernel(FuncOp kernel) {
  return !isa<ContractOp, AttentionOp, AttentionGradientOp>(kernel.getBody().front().front());
}

SmallVector<ArgumentUse> roux::kernel::usesOf(FuncOp kernel) {
  SmallVector<ArgumentUse> uses(kernel.getNumArguments());
  auto note = [&](Value buffer, bool ArgumentUse::*how) {
    if (auto argument = dyn_cast<BlockArgument>(buffer);
        argument && argument.getOwner() == &kernel.getBody().front())
      uses[argument.getArgNumber()].*how = true;
  };
  kernel.walk([&](Operation *op) {
    if (auto store = dyn_cast<StoreOp>(op))
      return note(store.getBuffer(), &ArgumentUse::writes);
    SmallVector<Value> outputs;
    if (auto attention = dyn_cast<AttentionOp>(op))
      outputs = {attention.getOutput(), attention.getLogsumexp()};
    if (auto gradient = dyn_cast<AttentionGradientOp>(op))
      for (auto [at, operand] : llvm::enumerate(gradient->getOperands()))
        if (gradient.isScratch(at))
          outputs.push_back(operand);
    if (auto fold = dyn_cast<FoldRowsOp>(op))
      outputs = {fold.getPartials()};
    for (Value operand : op->getOperands())
      note(operand,
           llvm::is_contained(outputs, operand) ? &ArgumentUse::writes : &ArgumentUse::reads);
  });
  return uses;
}

static bool isFromFirstRow(WindowOp window) {
  return matchPattern(window.getFirst(), m_Zero());
}

Value roux::kernel::storageOf(Value buffer) {
  while (auto window = buffer.getDefiningOp<WindowOp>()) {
    if (!isFromFirstRow(window))
      break;
    buffer = window.getBuffer();
  }
  return buffer;
}

/// True if one is the other and a number that is not 0.
static bool areApart(Value index, Value other) {
  APInt a, b;
  if (matchPattern(index, m_ConstantInt(&a)) && matchPattern(other, m_ConstantInt(&b)))
    return a != b;
  auto isMore = [](Value more, Value than) {
    auto add = more.getDefiningOp<arith::AddIOp>();
    APInt by;
    return add && add.getLhs() == than && matchPattern(add.getRhs(), m_ConstantInt(&by)) &&
           !by.isZero();
  };
  return isMore(index, other) || isMore(other, index);
}

bool roux::kernel::mayOverlap(Value buffer, Value other) {
  auto whole = [](Value part) {
    while (auto window = part.getDefiningOp<WindowOp>())
      part = window.getBuffer();
    return part;
  };
  buffer = whole(buffer), other = whole(other);
  if (buffer == other)
    return true;
  auto slice = buffer.getDefiningOp<SliceOp>(), otherSlice = other.getDefiningOp<SliceOp>();
  if (slice && otherSlice)
    return mayOverlap(slice.getBuffer(), otherSlice.getBuffer()) &&
           !areApart(slice.getAt(), otherSlice.getAt());
  if (slice)
    return mayOverlap(slice.getBuffer(), other);
  if (otherSlice)
    return mayOverlap(buffer, otherSlice.getBuffer());
  auto declared = buffer.getDefiningOp<BufferOp>(), otherDeclared = other.getDefiningOp<BufferOp>();
  // What the caller or the model owns goes by its name.
  return declared && otherDeclared && declared.getRole() != Role::Activation &&
         declared.getRole() == otherDeclared.getRole() &&
         declared.getName() == otherDeclared.getName();
}

LaunchedKernels::Kernel &LaunchedKernels::find(LaunchOp launch) {
  std::unique_ptr<Kernel> &known = kernels[launch.getCalleeAttr()];
  if (!known) {
    Operation *module = launch->getParentOfType<ProgramOp>()->getParentOp();
    auto kernel = SymbolTable::lookupNearestSymbolFrom<FuncOp>(module, launch.getCalleeAttr());
    known = std::make_unique<Kernel>(Kernel{kernel, ::usesOf(kernel)});
  }
  return *known;
}

bool LaunchedKernels::isReadThrough(Value buffer, LaunchOp besides) {
  return llvm::any_of(buffer.getUses(), [&](OpOperand &use) {
    if (isa<SliceOp, WindowOp>(use.getOwner()))
      return isReadThrough(use.getOwner()->getResult(0), besides);
    auto launch = dyn_cast<LaunchOp>(use.getOwner());
    if (!launch || launch == besides)
      return false;
    return usesOf(launch)[use.getOperandNumber() - 1].reads;
  });
}

bool LaunchedKernels::isRead(Value buffer, LaunchOp besides) {
  while (Operation *view = buffer.getDefiningOp()) {
    if (!isa<SliceOp, WindowOp>(view))
      break;
    buffer = view->getOperand(0);
  }
  return isReadThrough(buffer, besides);
}

bool LaunchedKernels::depend(LaunchOp launch, LaunchOp other) {
  for (auto [use, buffer] : llvm::zip(usesOf(launch), launch.getArguments()))
    for (auto [otherUse, otherBuffer] : llvm::zip(usesOf(other), other.getArguments()))
      if ((use.writes || otherUse.writes) && isa<MemRefType>(buffer.getType()) &&
          isa<MemRefType>(otherBuffer.getType()) && mayOverlap(buffer, otherBuffer))
        return true;
  return false;
}

/// True if `launch` may change places with all that is between two operations of its block.
bool LaunchedKernels::passes(LaunchOp launch, Operation *after, Operation *before) {
  for (Operation *op = after->getNextNode(); op != before; op = op->getNextNode()) {
    WalkResult found = op->walk([&](LaunchOp between) {
      return depend(launch, between) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (found.wasInterrupted())
      return false;
  }
  return true;
}

/// Moves what makes `value` before `place`, if it stands behind it.
static void hoist(Value value, Operation *place) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != place->getBlock() || op->isBeforeInBlock(place))
    return;
  for (Value operand : op->getOperands())
    hoist(operand, place);
  op->moveBefore(place);
}

std::optional<Operation *> LaunchedKernels::placeOfBoth(LaunchOp first, LaunchOp second) {
  if (passes(first, first, second))
    return second;
  if (!passes(second, first, second))
    return std::nullopt;
  for (Value operand : second->getOperands())
    hoist(operand, first);
  return first;
}

namespace {
/// Two launches that stay two.
struct Declined {
  Location where;
  std::string launches, reason;
};
} // namespace

namespace {
/// One pass over the pairs of a block after another.
class Joiner {
public:
  Joiner(remark::RemarkOpts opts, Join join) : opts(opts), join(join) {}

  void run(Block &block) {
    // What has become one may be the first or the second of others.
    while (sweep(block))
      declined.clear();
    llvm::StringSet<> said; // of equal layers and parameters once
    for (const Declined &pair : declined)
      if (said.insert(pair.launches + pair.reason).second)
        remark::missed(pair.where, opts)
            << remark::add("{0}", pair.launches) << remark::reason("{0}", pair.reason);
    declined.clear();
  }

private:
  /// True if some were joined.
  bool sweep(Block &block) {
    bool joined = false;
    SmallVector<LaunchOp> launches(block.getOps<LaunchOp>());
    for (size_t first = 0; first < launches.size(); ++first)
      for (size_t second = first + 1; second < launches.size();) {
        Declined pair{launches[second].getLoc(), {}, {}};
        StringRef into = baseName(kernels.of(launches[first]));
        std::string names = (baseName(kernels.of(launches[second])) + " into " + into).str();
        if (join(kernels, launches[first], launches[second], pair.reason)) {
          remark::passed(pair.where, opts) << remark::add("{0}", names);
          launches = llvm::to_vector(block.getOps<LaunchOp>());
          second = first + 1;
          joined = true;
          continue;
        }
        pair.launches = std::move(names);
        if (!pair.reason.empty())
          declined.push_back(std::move(pair));
        ++second;
      }
    return joined;
  }

  remark::RemarkOpts opts;
  Join join;
  LaunchedKernels kernels;
  SmallVector<Declined> declined;
};
} // namespace

void roux::kernel::joinLaunches(ModuleOp module, StringLiteral name, Join join) {
  Joiner joiner(remark::RemarkOpts::name(name).category("fuse"), join);
  for (ProgramOp program : module.getOps<ProgramOp>()) {
    joiner.run(program.getBody().front());
    program.walk([&](RepeatOp loop) { joiner.run(loop.getBody().front()); });
  }
}
