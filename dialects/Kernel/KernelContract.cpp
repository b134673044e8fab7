//===- KernelContract.cpp - matmuls with row bodies around them -----------===//
//
// Which body belongs to which product, how it is written, and what of shapes has
// to fit.
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Kernel.h"

using namespace mlir;
using namespace roux::kernel;

/// The row that `body` yields; null if it yields nothing.
static VectorType yieldedRow(Region &body) {
  auto yield = dyn_cast<YieldOp>(body.front().getTerminator());
  return yield && yield.getRow() ? dyn_cast<VectorType>(yield.getRow().getType()) : VectorType();
}

static VectorType sumType(Region &result) {
  return cast<VectorType>(result.getArgument(1).getType());
}

static void addAttributes(Builder &builder, OperationState &state, Form form, int64_t lefts,
                          int64_t rights, ArrayRef<int64_t> products, ArrayRef<int64_t> windows) {
  using Op = ContractOp;
  state.addAttribute(Op::getFormAttrName(state.name), FormAttr::get(builder.getContext(), form));
  state.addAttribute(Op::getLeftsAttrName(state.name), builder.getI64IntegerAttr(lefts));
  state.addAttribute(Op::getRightsAttrName(state.name), builder.getI64IntegerAttr(rights));
  state.addAttribute(Op::getProductsAttrName(state.name), builder.getDenseI64ArrayAttr(products));
  state.addAttribute(Op::getWindowsAttrName(state.name), builder.getDenseI64ArrayAttr(windows));
}

void ContractOp::build(OpBuilder &builder, OperationState &state, Form form, int64_t lefts,
                       int64_t rights, ArrayRef<int64_t> products, ArrayRef<int64_t> windows) {
  addAttributes(builder, state, form, lefts, rights, products, windows);
  for (size_t body = 0; body < lefts + rights + windows.size(); ++body)
    state.addRegion();
}

SmallVector<ContractOp::Product> ContractOp::productsOf(unsigned at) {
  unsigned first = 0;
  for (unsigned before = 0; before < at; ++before)
    first += result(before).getNumArguments() - 1;
  SmallVector<Product> found;
  for (unsigned sum = first; sum + 1 < first + result(at).getNumArguments(); ++sum)
    found.push_back({static_cast<unsigned>(getProducts()[2 * sum]),
                     static_cast<unsigned>(getProducts()[2 * sum + 1])});
  return found;
}

FloatType ContractOp::accumulator() {
  return cast<FloatType>(sumType(result(0)).getElementType());
}

int64_t ContractOp::columns(unsigned at) {
  return sumType(result(at)).getDimSize(0) * getWindows()[at];
}

int64_t ContractOp::rows(unsigned at) {
  return getForm() == Form::TN ? yieldedRow(left(productsOf(at)[0].left)).getDimSize(0) : -1;
}

int64_t ContractOp::terms(Product product) {
  return getForm() == Form::TN ? -1 : yieldedRow(left(product.left)).getDimSize(0);
}

SmallVector<std::pair<unsigned, unsigned>> roux::kernel::argumentsKeptApart(FuncOp function) {
  SmallVector<std::pair<unsigned, unsigned>> pairs;
  auto contract = dyn_cast<ContractOp>(function.getBody().front().front());
  if (!contract)
    return pairs;
  SmallVector<unsigned> stored, read;
  for (Region &body : contract.getBodies())
    body.walk([&](Operation *op) {
      auto note = [&](auto access, SmallVector<unsigned> &to) {
        if (auto argument = dyn_cast<BlockArgument>(access.getBuffer()))
          to.push_back(argument.getArgNumber());
      };
      if (auto store = dyn_cast<StoreOp>(op))
        note(store, stored);
      else if (auto load = dyn_cast<LoadOp>(op); load && contract.isOperand(body))
        note(load, read);
    });
  for (unsigned to : stored)
    for (unsigned from : read)
      pairs.emplace_back(to, from);
  return pairs;
}

ParseResult ContractOp::parse(OpAsmParser &parser, OperationState &state) {
  StringRef name;
  SMLoc where = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  std::optional<Form> form = symbolizeForm(name);
  if (!form)
    return parser.emitError(where) << "expected nt, nn or tn, found '" << name << "'";
  int64_t lefts = 0, rights = 0;
  SmallVector<int64_t> products, windows;
  auto body = [&] { return parser.parseRegion(*state.addRegion(), {}); };
  for (auto [word, count] : {std::pair{"left", &lefts}, std::pair{"right", &rights}})
    for (; succeeded(parser.parseOptionalKeyword(word)); ++*count)
      if (body())
        return failure();
  while (succeeded(parser.parseOptionalKeyword("result"))) {
    auto product = [&] {
      return failure(parser.parseInteger(products.emplace_back()) || parser.parseStar() ||
                     parser.parseInteger(products.emplace_back()));
    };
    if (failed(parser.parseOptionalKeyword("of")))
      products.append({0, 0});
    else if (parser.parseCommaSeparatedList(product))
      return failure();
    windows.push_back(1);
    if (succeeded(parser.parseOptionalKeyword("windows")) && parser.parseInteger(windows.back()))
      return failure();
    if (body())
      return failure();
  }
  addAttributes(parser.getBuilder(), state, *form, lefts, rights, products, windows);
  return parser.parseOptionalAttrDict(state.attributes);
}

void ContractOp::print(OpAsmPrinter &out) {
  out << " " << stringifyForm(getForm());
  for (unsigned at = 0; at < getLefts(); ++at)
    out << " left ", out.printRegion(left(at));
  for (unsigned at = 0; at < getRights(); ++at)
    out << " right ", out.printRegion(right(at));
  for (unsigned at = 0; at < results(); ++at) {
    out << " result ";
    SmallVector<Product> products = productsOf(at);
    if (products.size() != 1 || products[0].left || products[0].right) {
      out << "of ";
      llvm::interleaveComma(products, out,
                            [&](Product each) { out << each.left << " * " << each.right; });
      out << " ";
    }
    if (getWindows()[at] != 1)
      out << "windows " << getWindows()[at] << " ";
    out.printRegion(result(at));
  }
  out.printOptionalAttrDict((*this)->getAttrs(),
                            {"form", "lefts", "rights", "products", "windows"});
}

static LogicalResult verifyOperand(ContractOp op, Region &body) {
  if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isIndex())
    return op.emitOpError("operand regions take one index");
  if (!yieldedRow(body))
    return op.emitOpError("operand regions yield a row");
  return verifyRowBody(body, /*reductions=*/false, /*stores=*/false);
}

/// That every result has sums, and every sum operands that there are.
static LogicalResult verifyNumbers(ContractOp op) {
  if (op.getLefts() < 1 || op.getRights() < 1 || op.getWindows().empty() ||
      op.getBodies().size() != op.getLefts() + op.getRights() + op.getWindows().size())
    return op.emitOpError("needs a left, a right and a result region");
  size_t sums = 0;
  for (unsigned at = 0; at < op.results(); ++at) {
    Region &body = op.result(at);
    auto isSum = [&](Type type) {
      auto row = rowType(type);
      return row && type == body.getArgument(1).getType() &&
             (row.getElementType().isF32() || row.getElementType().isF64());
    };
    TypeRange types = body.getArgumentTypes();
    if (types.size() < 2 || !types[0].isIndex() || !llvm::all_of(types.drop_front(), isSum))
      return op.emitOpError("result regions take an index and rows of f32 or f64 of one type");
    if (op.getWindows()[at] < 1)
      return op.emitOpError() << "has a result of " << op.getWindows()[at] << " windows";
    sums += types.size() - 1;
  }
  if (op.getProducts().size() != 2 * sums)
    return op.emitOpError() << "has products for " << op.getProducts().size() / 2
                            << " sums but results of " << sums;
  for (auto [at, operand] : llvm::enumerate(op.getProducts())) {
    int64_t count = at % 2 ? op.getRights() : op.getLefts();
    if (operand < 0 || operand >= count)
      return op.emitOpError() << "multiplies " << (at % 2 ? "right" : "left") << " operand "
                              << operand << " of " << count;
  }
  return success();
}

static LogicalResult verifyShapes(ContractOp op, unsigned at) {
  auto mismatch = [&](StringRef what, int64_t found, int64_t expected) {
    return op.emitOpError() << what << " is " << found << " but should be " << expected;
  };
  if (sumType(op.result(at)).getElementType() != op.accumulator())
    return op.emitOpError("sums in types that differ");
  for (ContractOp::Product product : op.productsOf(at)) {
    int64_t left = yieldedRow(op.left(product.left)).getDimSize(0);
    int64_t right = yieldedRow(op.right(product.right)).getDimSize(0);
    if (op.getForm() == Form::NT && left != right)
      return mismatch("columns of the right operand", right, left);
    if (op.getForm() != Form::NT && right != op.columns(at))
      return mismatch("columns of the result", op.columns(at), right);
    if (op.getForm() == Form::TN && left != op.rows(at))
      return mismatch("columns of the left operand", left, op.rows(at));
  }
  return success();
}

LogicalResult ContractOp::verify() {
  if (failed(verifyNumbers(*this)))
    return failure();
  for (Region &body : getBodies())
    if (isOperand(body) && failed(verifyOperand(*this, body)))
      return failure();
  for (unsigned at = 0; at < results(); ++at) {
    bool isWhole = getWindows()[at] > 1; // else it runs for part of a row at a time
    if (failed(verifyShapes(*this, at)) ||
        failed(verifyRowBody(result(at), /*reductions=*/isWhole, /*stores=*/true)))
      return failure();
  }
  return success();
}
