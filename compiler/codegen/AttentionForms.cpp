//===- AttentionForms.cpp - what kernels a library could stand in for -----===//
//
// A library does all of a kernel or nothing: one whose gradients are turned back
// before they are stored says nowhere to store them.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/AttentionForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <fmt/format.h>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// The buffer of `element` that a gradient's body stores its row in, as it is; null where it does
/// more.
static Value storedAsIs(Region &region, Type element) {
  Block &body = region.front();
  StoreOp store;
  for (Operation &op : body.without_terminator())
    if (auto found = dyn_cast<StoreOp>(op); found && !store)
      store = found;
    else if (!isa<arith::TruncFOp>(op))
      return {};
  if (!store || store.getIndices().size() != 1 || store.getIndices()[0] != body.getArgument(0) ||
      store.getFrom() != 0)
    return {};
  Value row = store.getValue();
  if (auto rounded = row.getDefiningOp<arith::TruncFOp>())
    row = rounded.getIn();
  auto type = dyn_cast<VectorType>(row.getType());
  auto stored = cast<MemRefType>(store.getBuffer().getType());
  bool isWhole =
      type && stored.getShape().back() == type.getDimSize(0) && stored.getElementType() == element;
  return row == body.getArgument(1) && isWhole ? store.getBuffer() : Value();
}

namespace {
struct FormWriter {
  AttentionForm form;

  void set(AttentionForm::Argument which, Value buffer) {
    if (auto argument = dyn_cast_if_present<BlockArgument>(buffer))
      form.arguments[which] = argument.getArgNumber();
  }
  template <typename Op>
  void setShared(Op op) {
    form.heads = op.getHeads();
    form.keyValueHeads = op.getKvHeads();
    form.headColumns = op.headColumns();
    form.window = op.getWindow();
    form.scale = op.getScale().convertToDouble();
    if (op.getSoftcap())
      form.softcap = op.getSoftcap()->convertToDouble();
    llvm::raw_string_ostream(form.element)
        << cast<MemRefType>(op.getQuery().getType()).getElementType();
    set(AttentionForm::Query, op.getQuery());
    set(AttentionForm::Key, op.getKey());
    set(AttentionForm::Value, op.getValue());
    if (cast<MemRefType>(op.getLogsumexp().getType()).getElementType().isF32())
      set(AttentionForm::Logsumexp, op.getLogsumexp());
  }
};
} // namespace

std::optional<AttentionForm> roux::attentionFormOf(FuncOp function) {
  Operation *first = &function.getBody().front().front();
  FormWriter writer;
  if (auto attention = dyn_cast<AttentionOp>(first)) {
    writer.setShared(attention);
    writer.set(AttentionForm::Output, attention.getOutput());
    return writer.form;
  }
  auto gradient = dyn_cast<AttentionGradientOp>(first);
  if (!gradient)
    return std::nullopt;
  writer.setShared(gradient);
  writer.form.isGradient = true;
  if (gradient.getLibrary().size() == 2) {
    writer.set(AttentionForm::Output, gradient.getLibrary()[0]);
    writer.set(AttentionForm::Workspace, gradient.getLibrary()[1]);
  }
  writer.set(AttentionForm::OutputGradient, gradient.getOutputGradient());
  Type element = cast<MemRefType>(gradient.getQuery().getType()).getElementType();
  writer.set(AttentionForm::QueryGradient, storedAsIs(gradient.getQueryResult(), element));
  writer.set(AttentionForm::KeyGradient, storedAsIs(gradient.getKeyResult(), element));
  writer.set(AttentionForm::ValueGradient, storedAsIs(gradient.getValueResult(), element));
  return writer.form;
}

std::string roux::describeForm(FuncOp function, const AttentionForm &form) {
  static constexpr const char *names[] = {
      "query",           "key",       "value",          "output",       "logsumexp",
      "output gradient", "workspace", "query gradient", "key gradient", "value gradient",
  };
  static_assert(std::size(names) == AttentionForm::argumentKinds);
  std::string arguments;
  for (size_t i = 0; i < form.arguments.size(); ++i)
    if (form.arguments[i] >= 0)
      arguments +=
          fmt::format("{}{} {}", arguments.empty() ? "" : ", ", names[i], form.arguments[i]);
  return fmt::format("{}: {}; arguments: {}", function.getName().str(), form.text(), arguments);
}
