//===- ProductForms.cpp - what matmuls a library could stand in for -------===//
//
// A library does all of a kernel or nothing: one that has an activation, a scale or a
// head's rotation in a body is quicker as one kernel than as a product and another.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/ProductForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <fmt/format.h>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

using Matrix = ProductForm::Matrix;

static Type elementOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType();
}

static std::string nameOf(Type element) {
  std::string name;
  llvm::raw_string_ostream(name) << element;
  return name;
}

/// Where `load` or `store` finds row `index`, or, with no index, the only row; none where it is
/// another row, or no argument's.
template <typename Access>
static std::optional<Matrix> matrixOf(Access access, Value index) {
  auto argument = dyn_cast<BlockArgument>(access.getBuffer());
  auto type = cast<MemRefType>(access.getBuffer().getType());
  size_t rank = index ? 2 : 1;
  bool isRow = index ? access.getIndices().size() == 1 && access.getIndices()[0] == index
                     : access.getIndices().empty();
  if (!argument || !isRow || type.getShape().size() != rank ||
      ShapedType::isDynamic(type.getShape().back()))
    return std::nullopt;
  return Matrix{argument.getArgNumber(), static_cast<int64_t>(access.getFrom()),
                type.getShape().back()};
}

/// The rows that an operand's body loads and yields as they are, and their element; none where it
/// does more.
static std::optional<std::pair<Matrix, Type>> operandOf(Region &body) {
  auto load = cast<YieldOp>(body.front().getTerminator()).getRow().getDefiningOp<LoadOp>();
  std::optional<Matrix> matrix =
      load ? matrixOf(load, body.getArgument(0)) : std::optional<Matrix>();
  if (!matrix)
    return std::nullopt;
  return std::pair(*matrix, elementOf(load.getBuffer()));
}

namespace {
/// Reads what a result's body does to its sums. What it does beside storing the row is nothing.
class ResultReader {
public:
  ResultReader(Block &body, ProductForm &form) : body(body), form(form) {}
  bool read();

private:
  bool addRow(Value row);
  bool addLoad(LoadOp load);

  Block &body;
  ProductForm &form;
  bool hasSum = false;
};
} // namespace

/// A buffer's row that is added: of a matrix, or one for all rows.
bool ResultReader::addLoad(LoadOp load) {
  bool isBias = load.getIndices().empty();
  ProductForm::Argument which = isBias ? ProductForm::Bias : ProductForm::Addend;
  std::optional<Matrix> matrix = matrixOf(load, isBias ? Value() : body.getArgument(0));
  if (!matrix || form.has(which) || nameOf(elementOf(load.getBuffer())) != form.stored)
    return false;
  form.matrices[which] = *matrix;
  return true;
}

/// `row` is the sums, a row of a buffer, or a sum of such, each once.
bool ResultReader::addRow(Value row) {
  if (row == body.getArgument(1))
    return !std::exchange(hasSum, true);
  if (auto add = row.getDefiningOp<arith::AddFOp>())
    return addRow(add.getLhs()) && addRow(add.getRhs());
  if (auto widened = row.getDefiningOp<arith::ExtFOp>())
    row = widened.getIn();
  auto load = row.getDefiningOp<LoadOp>();
  return load && addLoad(load);
}

bool ResultReader::read() {
  auto stores = body.getOps<StoreOp>();
  if (body.getNumArguments() != 2 || !llvm::hasSingleElement(stores))
    return false;
  StoreOp store = *stores.begin();
  std::optional<Matrix> matrix = matrixOf(store, body.getArgument(0));
  if (!matrix)
    return false;
  form.matrices[ProductForm::Result] = *matrix;
  form.stored = nameOf(elementOf(store.getBuffer()));
  Value row = store.getValue();
  if (auto rounded = row.getDefiningOp<arith::TruncFOp>())
    row = rounded.getIn();
  return addRow(row) && hasSum;
}

static std::optional<ProductForm> formOf(ContractOp op, unsigned at) {
  ContractOp::Product product = op.productsOf(at)[0];
  auto left = operandOf(op.left(product.left)), right = operandOf(op.right(product.right));
  if (!left || !right || left->second != right->second || !op.accumulator().isF32() ||
      op.getWindows()[at] != 1)
    return std::nullopt;
  ProductForm form;
  form.shape = op.getForm() == Form::NT   ? ProductForm::Shape::NT
               : op.getForm() == Form::NN ? ProductForm::Shape::NN
                                          : ProductForm::Shape::TN;
  form.rows = op.rows(at), form.columns = op.columns(at), form.terms = op.terms(product);
  form.operand = nameOf(left->second);
  form.matrices[ProductForm::Left] = left->first;
  form.matrices[ProductForm::Right] = right->first;
  bool isRead = ResultReader(op.result(at).front(), form).read();
  return isRead && form.canBe() ? std::optional(form) : std::nullopt;
}

std::vector<ProductForm> roux::productFormsOf(FuncOp function) {
  auto contract = dyn_cast<ContractOp>(function.getBody().front().front());
  std::vector<ProductForm> forms;
  if (function.getFewRows()) // a library chooses how it adds by how many rows there are
    return forms;
  for (unsigned at = 0; contract && at < contract.results(); ++at) {
    std::optional<ProductForm> form = formOf(contract, at);
    if (!form)
      return {};
    forms.push_back(*std::move(form));
  }
  return forms;
}

std::string roux::describeForm(FuncOp function, const ProductForm &form) {
  static constexpr const char *names[] = {"left", "right", "result", "addend", "bias"};
  static_assert(std::size(names) == ProductForm::argumentKinds);
  std::string arguments;
  for (size_t i = 0; i < form.matrices.size(); ++i) {
    const Matrix &matrix = form.matrices[i];
    if (matrix.argument < 0)
      continue;
    arguments += fmt::format("{}{} {}", arguments.empty() ? "" : ", ", names[i], matrix.argument);
    if (matrix.pitch != form.columnsOf(ProductForm::Argument(i)))
      arguments += fmt::format(" from {} of {}", matrix.from, matrix.pitch);
  }
  return fmt::format("{}: {}; arguments: {}", function.getName().str(), form.text(), arguments);
}
