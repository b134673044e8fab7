//===- JoinedKernel.cpp - one kernel made of two --------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/JoinedKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace roux::kernel;

/// Where the sizes of a kernel's name begin: behind the last word before the first number.
static size_t endOfWords(StringRef name) {
  for (size_t at = 0; at + 1 < name.size(); ++at)
    if (name[at] == '_' && llvm::isDigit(name[at + 1]))
      return at;
  return name.size();
}

std::string roux::kernel::joinedName(StringRef first, StringRef second) {
  StringRef words = first.take_front(endOfWords(first)), sizes = first.substr(words.size());
  SmallVector<std::pair<StringRef, int>> said; // each with how often
  SmallVector<StringRef> all;
  words.split(all, '.');
  second.take_front(endOfWords(second)).split(all, '.');
  for (StringRef word : all) {
    StringRef what = word.rtrim("0123456789");
    int times = 1;
    (void)word.substr(what.size()).getAsInteger(10, times);
    auto known = llvm::find_if(said, [&](auto &each) { return each.first == what; });
    if (known == said.end())
      said.emplace_back(what, times);
    else
      known->second += times;
  }
  std::string name;
  for (auto [what, times] : said)
    name += (name.empty() ? "" : ".") + what.str() + (times > 1 ? std::to_string(times) : "");
  return name + sizes.str();
}

JoinedKernel::JoinedKernel(LaunchedKernels &kernels, LaunchOp firstLaunch, LaunchOp secondLaunch)
    : builder(firstLaunch.getContext()), firstLaunch(firstLaunch), secondLaunch(secondLaunch),
      before(kernels.of(firstLaunch)) {
  FuncOp behind = kernels.of(secondLaunch);
  Location both = builder.getFusedLoc({before.getLoc(), behind.getLoc()});
  kernel =
      FuncOp::create(builder, both, joinedName(baseName(before), baseName(behind)), TypeRange());
  builder.setInsertionPointToEnd(&kernel.getBody().front());
  first = mapArguments(firstLaunch, before);
  second = mapArguments(secondLaunch, behind);
}

JoinedKernel::~JoinedKernel() {
  if (!isFinished)
    kernel.erase();
}

Value JoinedKernel::argumentFor(Value operand) {
  Block &body = kernel.getBody().front();
  auto known = llvm::find(operands, operand);
  if (known != operands.end())
    return body.getArgument(known - operands.begin());
  operands.push_back(operand);
  return body.addArgument(operand.getType(), kernel.getLoc());
}

Value JoinedKernel::operandOf(Value argument) {
  return operands[cast<BlockArgument>(argument).getArgNumber()];
}

IRMapping JoinedKernel::mapArguments(LaunchOp launch, FuncOp launched) {
  IRMapping mapped;
  for (auto [argument, operand] :
       llvm::zip(launched.getBody().getArguments(), launch.getArguments()))
    mapped.map(argument, argumentFor(operand));
  return mapped;
}

Value JoinedKernel::seenAs(Value argument, int64_t columns) {
  Value operand = operandOf(argument);
  auto type = cast<MemRefType>(operand.getType());
  auto seen = MemRefType::get({ShapedType::kDynamic, columns}, type.getElementType());
  for (auto [index, other] : llvm::enumerate(operands))
    if (other.getType() == seen && storageOf(other) == storageOf(operand))
      return kernel.getBody().getArgument(index);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(operand);
  Value zero = arith::ConstantOp::create(builder, operand.getLoc(), builder.getIndexAttr(0));
  return argumentFor(WindowOp::create(builder, operand.getLoc(), seen, storageOf(operand), zero));
}

LaunchOp JoinedKernel::finish(Operation *place) {
  ReturnOp::create(builder, kernel.getLoc());
  Block &body = kernel.getBody().front();
  kernel.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), {}));
  {
    ScopedDiagnosticHandler listen(kernel.getContext(), [&](Diagnostic &diagnostic) {
      if (whyNot.empty())
        whyNot = diagnostic.str();
      return success();
    });
    if (failed(verify(kernel)))
      return {};
  }
  isFinished = true;
  kernel->setAttr(baseNameAttribute, kernel.getSymNameAttr());
  SymbolTable(before->getParentOp()).insert(kernel, Block::iterator(before));
  builder.setInsertionPoint(place);
  auto launch = LaunchOp::create(builder, kernel.getLoc(), kernel.getSymName(),
                                 firstLaunch.getExtent(), operands);
  firstLaunch.erase();
  secondLaunch.erase();
  return launch;
}
