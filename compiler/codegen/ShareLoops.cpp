//===- ShareLoops.cpp - a loop that a kernel has twice becomes a function --===//
//
// Products of several results, the rows behind the last whole tile and the passes of
// attention repeat each other's loops. All that follows costs time by the operation,
// so each is left once.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"

namespace roux {
#define GEN_PASS_DEF_SHARELOOPS
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;

static constexpr int64_t mostArguments = 24;

static bool isVariable(Value value) {
  Operation *made = value.getDefiningOp();
  return !made || !made->hasTrait<OpTrait::ConstantLike>();
}

static bool areEqual(Value a, Value b) {
  return a == b || (!isVariable(a) && !isVariable(b) &&
                    OperationEquivalence::isEquivalentTo(a.getDefiningOp(), b.getDefiningOp(),
                                                         OperationEquivalence::IgnoreLocations));
}

static bool isInside(Value value, Operation *loop) {
  return loop->isProperAncestor(value.getParentRegion()->getParentOp()) ||
         loop == value.getParentRegion()->getParentOp();
}

namespace {
/// A loop, and what it takes from outside in order of first use.
struct Loop {
  explicit Loop(Operation *op);

  Operation *op;
  SetVector<Value> taken;
  size_t operations = 0;
  llvm::hash_code hash;
  bool isMovable = true;
};

/// Loops that do the same with what they take.
struct Group {
  Operation *first;
  size_t operations, place;
  SmallVector<Operation *> others;
};
} // namespace

Loop::Loop(Operation *op) : op(op), hash(0) {
  op->walk<WalkOrder::PreOrder>([&](Operation *each) {
    ++operations;
    for (Value operand : each->getOperands())
      if (!isInside(operand, op))
        taken.insert(operand);
    hash = llvm::hash_combine(
        hash, OperationEquivalence::computeHash(each, OperationEquivalence::ignoreHashValue,
                                                OperationEquivalence::ignoreHashValue,
                                                OperationEquivalence::IgnoreLocations));
    // What has no value to show for itself may leave something in registers for the next.
    isMovable &= !isa<LLVM::CallIntrinsicOp>(each) || each->getNumResults() == 1;
  });
  isMovable &= llvm::count_if(taken, isVariable) <= mostArguments;
  for (Value value : taken)
    isMovable &= value.getType().isIndex() || LLVM::isCompatibleType(value.getType());
}

/// Operands from outside, each as often as it is used.
static SmallVector<Value> outsideOf(Operation *loop) {
  SmallVector<Value> used;
  loop->walk<WalkOrder::PreOrder>([&](Operation *each) {
    for (Value operand : each->getOperands())
      if (!isInside(operand, loop))
        used.push_back(operand);
  });
  return used;
}

/// Whether the same operations follow each other, whatever they take from outside.
static bool haveSameForm(Operation *first, Operation *other) {
  DenseMap<Value, Value> inside;
  auto correspond = [&](Value a, Value b) {
    if (auto known = inside.find(a); known != inside.end())
      return success(known->second == b);
    return success(!isInside(a, first) && !isInside(b, other));
  };
  auto remember = [&](Value a, Value b) { inside[a] = b; };
  return OperationEquivalence::isEquivalentTo(first, other, correspond, remember,
                                              OperationEquivalence::IgnoreLocations);
}

/// What `other` takes where `first` takes its values, if they do the same with it. Of constants
/// only sizes and places may be others.
static std::optional<DenseMap<Value, Value>> match(Operation *first, Operation *other) {
  if (!haveSameForm(first, other))
    return std::nullopt;
  DenseMap<Value, Value> given;
  for (auto [a, b] : llvm::zip_equal(outsideOf(first), outsideOf(other))) {
    bool isOpen = isVariable(a) || a.getType().isIndex();
    if (!areEqual(given.try_emplace(a, b).first->second, b) || !(isOpen || areEqual(a, b)))
      return std::nullopt;
  }
  return given;
}

namespace {
struct ShareLoops : roux::impl::ShareLoopsBase<ShareLoops> {
  using ShareLoopsBase::ShareLoopsBase;

  void runOnOperation() override {
    groups.clear();
    byHash.clear();
    SmallVector<LLVM::LLVMFuncOp> functions(getOperation().getOps<LLVM::LLVMFuncOp>());
    for (LLVM::LLVMFuncOp function : functions)
      for (Block &block : function.getBody())
        collect(block);
    // What contains others of them goes first, as long as it still equals its like.
    llvm::erase_if(groups, [](const Group &group) { return group.others.empty(); });
    llvm::sort(groups, [](const Group &a, const Group &b) {
      return std::pair(b.operations, a.place) < std::pair(a.operations, b.place);
    });
    for (auto [number, group] : llvm::enumerate(groups))
      outline(group, number);
  }

private:
  void collect(Block &block) {
    for (Operation &op : block)
      if (!isa<scf::ForOp, scf::IfOp>(op) || op.getNumResults() || !join(&op))
        for (Region &region : op.getRegions())
          for (Block &inside : region)
            collect(inside);
  }

  /// Whether the loop is one of those that do the same as an earlier one.
  bool join(Operation *op) {
    Loop loop(op);
    if (!loop.isMovable || loop.operations < fewest)
      return false;
    for (size_t place : byHash[loop.hash])
      if (match(groups[place].first, op)) {
        groups[place].others.push_back(op);
        return true;
      }
    byHash[loop.hash].push_back(groups.size());
    groups.push_back({op, loop.operations, groups.size(), {}});
    return false;
  }

  /// The function's arguments are what is no constant, or not the same one for all.
  void outline(Group &group, size_t number) {
    Loop loop(group.first);
    SmallVector<DenseMap<Value, Value>> given;
    // Equal constants may have become unlike arguments of the function that a loop went into.
    llvm::erase_if(group.others, [&](Operation *other) {
      std::optional<DenseMap<Value, Value>> values = match(loop.op, other);
      if (values)
        given.push_back(*std::move(values));
      return !values;
    });
    if (group.others.empty())
      return;
    auto isArgument = [&](Value value) {
      return isVariable(value) || llvm::any_of(given, [&](auto &values) {
               return !areEqual(value, values.lookup(value));
             });
    };
    auto arguments = llvm::filter_to_vector(loop.taken, isArgument);
    LLVM::LLVMFuncOp function = declare(loop.op->getLoc(), arguments, number);
    for (auto [other, values] : llvm::zip_equal(group.others, given)) {
      call(function, other, llvm::map_to_vector(arguments, [&, &values = values](Value value) {
             return values.lookup(value);
           }));
      other->erase();
    }
    call(function, loop.op, arguments);
    move(loop, arguments, function);
  }

  LLVM::LLVMFuncOp declare(Location where, ArrayRef<Value> arguments, size_t number) {
    ModuleOp module = getOperation();
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto types = llvm::map_to_vector(arguments, [&](Value value) {
      return value.getType().isIndex() ? builder.getI64Type() : value.getType();
    });
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()), types);
    std::string name;
    do
      name = (module.getSymName().value_or("kernel") + ".loop" + Twine(number++)).str();
    while (module.lookupSymbol(name));
    return LLVM::LLVMFuncOp::create(builder, where, name, type, LLVM::Linkage::Internal);
  }

  void call(LLVM::LLVMFuncOp function, Operation *before, ArrayRef<Value> taken) {
    OpBuilder builder(before);
    Location where = before->getLoc();
    auto arguments = llvm::map_to_vector(taken, [&](Value value) -> Value {
      if (!value.getType().isIndex())
        return value;
      return arith::IndexCastOp::create(builder, where, builder.getI64Type(), value);
    });
    LLVM::CallOp::create(builder, where, function, arguments);
  }

  /// Makes the loop all that `function` does.
  void move(Loop &loop, ArrayRef<Value> arguments, LLVM::LLVMFuncOp function) {
    Location where = loop.op->getLoc();
    OpBuilder builder(&getContext());
    Block *body = function.addEntryBlock(builder);
    builder.setInsertionPointToStart(body);
    IRMapping inside;
    for (auto [value, argument] : llvm::zip_equal(arguments, body->getArguments()))
      inside.map(
          value,
          value.getType().isIndex()
              ? arith::IndexCastOp::create(builder, where, value.getType(), argument).getResult()
              : Value(argument));
    for (Value value : loop.taken)
      if (!inside.contains(value))
        inside.map(value, builder.clone(*value.getDefiningOp())->getResult(0));
    loop.op->remove();
    builder.insert(loop.op);
    loop.op->walk([&](Operation *each) {
      for (OpOperand &operand : each->getOpOperands())
        operand.set(inside.lookupOrDefault(operand.get()));
    });
    LLVM::ReturnOp::create(builder, where, ValueRange());
  }

  std::vector<Group> groups;
  DenseMap<size_t, SmallVector<size_t>> byHash;
};
} // namespace
