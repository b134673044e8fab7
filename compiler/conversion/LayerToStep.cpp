//===- LayerToStep.cpp - Llama's layer and GPT-2's ------------------------===//
//
// Reads top to bottom as the papers draw it: norm, attention, residual, norm,
// feed-forward, residual.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/LayerToStep.h"

#include "dialects/Step/Step.h"
#include "mlir/IR/Builders.h"

#include <array>
#include <cmath>
#include <map>

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;
using model::Role;

RankedTensorType roux::step::streamType(int64_t channels, Type element) {
  return RankedTensorType::get({ShapedType::kDynamic, channels}, element);
}

RankedTensorType roux::step::indexColumnType(MLIRContext *context) {
  return RankedTensorType::get({ShapedType::kDynamic}, IntegerType::get(context, 32));
}

Location roux::step::locationOf(MLIRContext *context, const model::ModelConfig &config,
                                StringRef name) {
  return NameLoc::get(StringAttr::get(context, name),
                      FileLineColLoc::get(context, config.file.string(), 1, 1));
}

bool roux::step::isMultiplied(const model::WeightRow &row) {
  return row.shape.size() == 2 && row.role != Role::Embedding && row.role != Role::PositionTable;
}

namespace {

/// Builds the body of one layer function.
class LayerBuilder {
public:
  LayerBuilder(const model::ModelConfig &config, func::FuncOp function, Precision precision,
               LayerKind kind)
      : config(config), precision(precision), b(function.getContext()), kind(kind) {
    b.setInsertionPointToStart(function.addEntryBlock());
    stream = function.getArgument(0);
    unsigned next = 1;
    if (config.family == model::Family::Llama) {
      cosine = function.getArgument(next++);
      sine = function.getArgument(next++);
    }
    segments = function.getArgument(next++);
    if (kind != LayerKind::Whole)
      slots = function.getArgument(next++);
    for (const model::WeightRow &row : model::weightTable(config))
      if (row.perLayer)
        weights[row.role] = function.getArgument(next++);
    caches = function.getArguments().drop_front(next);
  }

  void build() {
    bool llama = config.family == model::Family::Llama;
    residual(llama ? llamaAttention(norm("attention_norm", Role::AttentionNorm))
                   : gpt2Attention(norm("attention_norm", Role::AttentionNorm)),
             "attention_residual");
    Value rows = norm("feed_forward_norm", Role::FeedForwardNorm);
    residual(llama ? gatedFeedForward(rows) : plainFeedForward(rows), "feed_forward_residual");
    SmallVector<Value> results{stream};
    llvm::append_range(results, appended);
    func::ReturnOp::create(b, at("layer"), results);
  }

private:
  Location at(StringRef name) { return locationOf(b.getContext(), config, name); }
  Value weight(Role role) {
    auto found = weights.find(role);
    return found == weights.end() ? Value() : found->second;
  }

  /// The norm in front of a block; the bias of a layer_norm is the role after its weight.
  Value norm(StringRef name, Role role) {
    FloatAttr epsilon = b.getF64FloatAttr(config.epsilon);
    if (config.family == model::Family::Llama)
      return RMSNormOp::create(b, at(name), stream.getType(), stream, weight(role), epsilon,
                               b.getI64IntegerAttr(1));
    Role bias = static_cast<Role>(static_cast<int>(role) + 1);
    return LayerNormOp::create(b, at(name), stream.getType(), stream, weight(role), weight(bias),
                               epsilon);
  }

  /// `role`'s matrix and, where the model has it, the bias of the role after it.
  Value linear(StringRef name, Value input, Role role) {
    bool transposed = config.family == model::Family::Gpt2;
    auto type = cast<RankedTensorType>(weight(role).getType());
    Value bias = weight(static_cast<Role>(static_cast<int>(role) + 1));
    return LinearOp::create(b, at(name),
                            streamType(type.getDimSize(transposed ? 1 : 0), precision.stream),
                            input, weight(role), bias, transposed);
  }

  void residual(Value change, StringRef name) {
    stream = AddOp::create(b, at(name), stream.getType(), stream, change);
  }

  Value headNorm(StringRef name, Value rows, Role role, int64_t heads) {
    if (!config.headNorms)
      return rows;
    return RMSNormOp::create(b, at(name), rows.getType(), rows, weight(role),
                             b.getF64FloatAttr(config.epsilon), b.getI64IntegerAttr(heads));
  }

  Value rope(StringRef name, Value rows) {
    RopeStyle style = config.rotary.style == model::Rotary::Style::Half ? RopeStyle::half
                                                                        : RopeStyle::interleaved;
    return RopeOp::create(b, at(name), rows.getType(), style, rows, cosine, sine,
                          /*inverse=*/false);
  }

  Value attention(Value query, Value key, Value value) {
    IntegerAttr window = config.window ? b.getI64IntegerAttr(config.window) : IntegerAttr();
    double scale = 1 / std::sqrt(static_cast<double>(config.headChannels));
    if (kind != LayerKind::Whole) {
      for (auto [cache, rows] : llvm::zip_equal(caches, std::array{key, value}))
        appended.push_back(AppendOp::create(b, at("append"), cache.getType(), cache, rows, slots));
      return CachedAttentionOp::create(b, at("attention"), query.getType(),
                                       kind == LayerKind::Decode, query, appended[0], appended[1],
                                       segments, slots, config.heads, config.keyValueHeads,
                                       llvm::APFloat(scale), window);
    }
    return AttentionOp::create(b, at("attention"), query.getType(),
                               streamType(config.heads, precision.accumulation), query, key, value,
                               segments, b.getI64IntegerAttr(config.heads),
                               b.getI64IntegerAttr(config.keyValueHeads), b.getF64FloatAttr(scale),
                               window)
        .getOutput();
  }

  Value llamaAttention(Value rows) {
    Value query = linear("query", rows, Role::Query);
    Value key = linear("key", rows, Role::Key);
    Value value = linear("value", rows, Role::Value);
    query = headNorm("query_norm", query, Role::QueryNorm, config.heads);
    key = headNorm("key_norm", key, Role::KeyNorm, config.keyValueHeads);
    Value mixed = attention(rope("query_rope", query), rope("key_rope", key), value);
    return linear("output", mixed, Role::Output);
  }

  Value gpt2Attention(Value rows) {
    Value fused = linear("query_key_value", rows, Role::QueryKeyValue);
    Type part = streamType(config.channels, precision.stream);
    auto split = SplitOp::create(b, at("query_key_value"), {part, part, part}, fused);
    Value mixed = attention(split.getResult(0), split.getResult(1), split.getResult(2));
    return linear("output", mixed, Role::Output);
  }

  ActivationKind activation() {
    return config.activation == model::Activation::Silu ? ActivationKind::silu
                                                        : ActivationKind::gelu_tanh;
  }

  Value gatedFeedForward(Value rows) {
    Value gate = linear("gate", rows, Role::Gate);
    Value up = linear("up", rows, Role::Up);
    Value product = GateOp::create(b, at("gated_product"), gate.getType(), activation(), gate, up);
    return linear("down", product, Role::Down);
  }

  Value plainFeedForward(Value rows) {
    Value up = linear("up", rows, Role::Up);
    Value active = ActivationOp::create(b, at("activation"), up.getType(), activation(), up);
    return linear("down", active, Role::Down);
  }

  const model::ModelConfig &config;
  Precision precision;
  OpBuilder b;
  LayerKind kind;
  Value stream, cosine, sine;
  Value segments; ///< or, with caches, the column first
  Value slots;
  ValueRange caches;
  SmallVector<Value> appended;
  std::map<Role, Value> weights;
};

} // namespace

func::FuncOp roux::step::buildLayer(ModuleOp module, const model::ModelConfig &config,
                                    Precision precision, LayerKind kind) {
  static constexpr StringLiteral names[] = {"layer", "prefill_layer", "decode_layer"};
  StringRef name = names[static_cast<size_t>(kind)];
  MLIRContext *context = module.getContext();
  Type stream = streamType(config.channels, precision.stream);
  SmallVector<Type> arguments{stream};
  if (config.family == model::Family::Llama)
    arguments.append(2, streamType(config.headChannels / 2, precision.accumulation));
  arguments.append(kind == LayerKind::Whole ? 1 : 2, indexColumnType(context));
  size_t firstWeight = arguments.size();
  std::vector<model::WeightRow> table = model::weightTable(config);
  std::erase_if(table, [](const model::WeightRow &row) { return !row.perLayer; });
  for (const model::WeightRow &row : table)
    arguments.push_back(RankedTensorType::get(
        row.shape, isMultiplied(row) ? precision.stream : precision.accumulation));

  SmallVector<Type> results{stream};
  if (kind != LayerKind::Whole) {
    SmallVector<Type> caches(2, streamType(config.keyValueChannels(), precision.stream));
    arguments.append(caches);
    results.append(caches);
  }
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(builder, locationOf(context, config, name), name,
                                       FunctionType::get(context, arguments, results));
  function.setPrivate();
  for (auto [index, row] : llvm::enumerate(table))
    function.setArgAttr(firstWeight + index, StepDialect::parameterName,
                        StringAttr::get(context, row.name));
  LayerBuilder(config, function, precision, kind).build();
  return function;
}
