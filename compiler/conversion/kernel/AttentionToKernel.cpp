//===- AttentionToKernel.cpp - attention over lists of work ---------------===//
//
// Segments reach a kernel as a list of work items that the runtime makes for
// each micro-batch (runtime/LaunchLists), so the code does not depend on
// their lengths.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "runtime/AttentionForm.h"
#include "runtime/LaunchLists.h"

using namespace mlir;
using namespace roux;

static Value workList(EntryLowering &entry, StringRef name, int64_t columns = 6) {
  auto type = MemRefType::get({ShapedType::kDynamic, columns},
                              IntegerType::get(entry.host().getContext(), 32));
  return entry.input(name, type, entry.extent(name));
}

/// "8_of_4_heads_64_f32_window_16", for any attention.
template <typename Op>
static std::string shapeName(Op op) {
  std::string name = std::to_string(op.getHeads()) + "_of_" +
                     std::to_string(op.getKeyValueHeads()) + "_heads_" +
                     sizesOf(columnsOf(op.getQuery()), elementOf(op.getQuery()));
  if (op.getWindow())
    name += "_window_" + std::to_string(*op.getWindow());
  return name;
}

static LogicalResult lower(step::AttentionOp op, EntryLowering &entry) {
  Value work = workList(entry, queryWorkName);
  entry.launch("attention_" + shapeName(op), entry.extent(queryWorkName),
               {entry.buffer(op.getQuery()), entry.buffer(op.getKey()), entry.buffer(op.getValue()),
                entry.result(op.getOutput()), entry.result(op.getLogsumexp()), work},
               [&](RowWriter &k, ValueRange a) {
                 kernel::AttentionOp::create(k, a[0], a[1], a[2], a[3], a[4], a[5], op.getHeads(),
                                             op.getKeyValueHeads(), entry.target().attentionRows,
                                             op.getWindow().value_or(0), op.getScale(),
                                             op.getSoftcapAttr(), /*grouped=*/false);
               });
  return success();
}

/// Of many new tokens the kernel is the one of whole sequences: only its list of work differs.
static LogicalResult lower(step::CachedAttentionOp op, EntryLowering &entry) {
  bool single = op.getSingle();
  int64_t heads = op.getHeads();
  auto table = MemRefType::get({ShapedType::kDynamic, heads}, entry.accumulation());
  Value logsumexp = entry.scratch("logsumexp", table, entry.tokens());
  entry.launch(
      (single ? "attention_single_" : "attention_") + shapeName(op), entry.extent(cachedWorkName),
      {entry.buffer(op.getQuery()), entry.buffer(op.getKeys()), entry.buffer(op.getValues()),
       entry.result(op.getOutput()), logsumexp, workList(entry, cachedWorkName)},
      [&](RowWriter &k, ValueRange a) {
        kernel::AttentionOp::create(
            k, a[0], a[1], a[2], a[3], a[4], a[5], heads, op.getKeyValueHeads(),
            single ? 1 : entry.target().attentionRows, op.getWindow().value_or(0), op.getScale(),
            op.getSoftcapAttr(), single && entry.target().attentionGroups());
      });
  return success();
}

/// A gradient's body that stores each row of a head where it belongs in `buffer`.
static void storeRows(RowWriter &k, Region &body, Value buffer) {
  OpBuilder::InsertionGuard guard(k);
  Block *block =
      k.createBlock(&body, {}, {k.getIndexType(), VectorType::get({columnsOf(buffer)}, k.type())},
                    {k.getLoc(), k.getLoc()});
  k.store(block->getArgument(1), buffer, block->getArgument(0));
  kernel::YieldOp::create(k);
}

/// What a library that the target has needs beside: the output and a workspace. Nothing of what no
/// library takes.
static SmallVector<Value> forLibrary(step::AttentionGradOp op, EntryLowering &entry) {
  constexpr int64_t alignedColumns = 8;
  int64_t heads = op.getHeads(), size = columnsOf(op.getQuery()) / heads;
  if (!entry.target().attentionLibrary || !elementOf(op.getQuery()).isBF16() || op.getSoftcap() ||
      size % alignedColumns != 0)
    return {};
  int64_t words = workspaceBytes(heads, op.getKeyValueHeads(), size) / sizeof(int32_t);
  auto space = MemRefType::get({ShapedType::kDynamic, words},
                               IntegerType::get(entry.host().getContext(), 32));
  return {entry.buffer(op.getOutput()),
          entry.scratch("attention_workspace", space, entry.extent(workspaceName))};
}

static LogicalResult lower(step::AttentionGradOp op, EntryLowering &entry) {
  int64_t heads = op.getHeads(), size = columnsOf(op.getQuery()) / heads;
  auto table = MemRefType::get({ShapedType::kDynamic, heads}, entry.accumulation());
  Value delta = entry.scratch("delta", table, entry.tokens());
  Value gradient = entry.buffer(op.getGradient());
  entry.launch("attention_delta_" + sizesOf(size, elementOf(op.getQuery())),
               entry.times(entry.tokens(), heads),
               {entry.rows(gradient, size), entry.rows(entry.buffer(op.getOutput()), size),
                entry.rows(delta, 0)},
               [](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.sum(k.mul(k.load(a[0], row), k.load(a[1], row))), a[2], row);
               });
  auto sums =
      MemRefType::get({ShapedType::kDynamic, columnsOf(op.getQuery())}, entry.accumulation());
  Value partials = entry.scratch("query_partials", sums, entry.extent(partialRowsName));
  SmallVector<Value> arguments{entry.buffer(op.getQuery()),
                               entry.buffer(op.getKey()),
                               entry.buffer(op.getValue()),
                               gradient,
                               entry.buffer(op.getLogsumexp()),
                               delta,
                               workList(entry, gradientWorkName, sizeof(GradientWork) / 4),
                               partials,
                               workList(entry, querySumsName, sizeof(QuerySums) / 4),
                               entry.extent(querySumsName)};
  SmallVector<Value> library = forLibrary(op, entry);
  size_t needed = arguments.size();
  llvm::append_range(arguments, library);
  size_t inputs = arguments.size();
  for (Value result : {op.getQueryGradient(), op.getKeyGradient(), op.getValueGradient()})
    arguments.push_back(entry.rows(entry.result(result), size));
  entry.launch("attention_gradient_" + shapeName(op), entry.extent(gradientWorkName), arguments,
               [&](RowWriter &k, ValueRange a) {
                 auto gradient = kernel::AttentionGradientOp::create(
                     k, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9],
                     a.slice(needed, inputs - needed), op.getHeads(), op.getKeyValueHeads(),
                     entry.target().attentionRows, op.getWindow().value_or(0), op.getScale(),
                     op.getSoftcapAttr());
                 for (Region &body : gradient->getRegions())
                   storeRows(k, body, a[inputs + body.getRegionNumber()]);
               });
  return success();
}

LogicalResult roux::lowerAttention(Operation *op, EntryLowering &entry) {
  if (auto attention = dyn_cast<step::AttentionOp>(op))
    return lower(attention, entry);
  if (auto attention = dyn_cast<step::CachedAttentionOp>(op))
    return lower(attention, entry);
  return lower(cast<step::AttentionGradOp>(op), entry);
}
