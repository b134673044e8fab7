//===- LayerToStep.cpp - a layer of any family ----------------------------===//
//
// Reads top to bottom as the papers draw it: norm, attention, residual, norm,
// feed-forward, residual. A part that the family has no weight for is left out.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/LayerToStep.h"

#include "dialects/Step/Step.h"
#include "mlir/IR/Builders.h"
#include "runtime/model/ParameterTable.h"

#include <array>
#include <cmath>
#include <map>
#include <tuple>

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;
using model::Role;

Precision roux::step::precisionOf(MLIRContext &context, StreamType type) {
  FloatType f32 = Float32Type::get(&context);
  switch (type) {
  case StreamType::F32:
    return {f32, f32};
  case StreamType::BF16:
    return {BFloat16Type::get(&context), f32};
  case StreamType::F64:
    return {Float64Type::get(&context), Float64Type::get(&context)};
  }
  llvm_unreachable("all stream types are above");
}

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
               LayerKind kind, model::LayerKind differs)
      : config(config), precision(precision), b(function.getContext()), kind(kind),
        differs(differs) {
    b.setInsertionPointToStart(function.addEntryBlock());
    stream = function.getArgument(0);
    unsigned next = 1;
    for (model::LayerKind::Turn turn : turnsOf(config)) {
      Value first = function.getArgument(next++), second = function.getArgument(next++);
      if (turn == differs.turn)
        std::tie(cosine, sine) = std::pair(first, second);
    }
    segments = function.getArgument(next++);
    if (isCached(kind))
      slots = function.getArgument(next++);
    if (kind == LayerKind::Dropped)
      noise = function.getArgument(next++);
    for (const model::WeightRow &row : model::layerParameters(config))
      weights[{row.role, row.part}] = function.getArgument(next++);
    if (kind == LayerKind::Dropped)
      number = function.getArgument(next++);
    caches = function.getArguments().drop_front(next);
  }

  void build() {
    Value given = stream;
    Value normed = before("attention_norm", Role::AttentionNorm);
    Value mixed = added("attention_out_norm", attention(normed), Role::AttentionOutNorm);
    residual(mixed, "attention_residual");
    after("attention_norm", Role::AttentionNorm);
    if (config.parallel)
      std::swap(stream, given); // the feed-forward reads what attention read
    Value rows = config.parallel && config.oneNorm
                     ? normed
                     : before("feed_forward_norm", Role::FeedForwardNorm);
    if (config.parallel)
      std::swap(stream, given);
    residual(added("feed_forward_out_norm", feedForward(rows), Role::FeedForwardOutNorm),
             "feed_forward_residual");
    after("feed_forward_norm", Role::FeedForwardNorm);
    SmallVector<Value> results{stream};
    llvm::append_range(results, appended);
    func::ReturnOp::create(b, at("layer"), results);
  }

private:
  using Part = model::WeightRow::Part;

  Location at(StringRef name) { return locationOf(b.getContext(), config, name); }
  Value weight(Role role, Part part = Part::Whole) {
    auto found = weights.find({role, part});
    return found == weights.end() ? Value() : found->second;
  }

  Value biasOf(Role role) {
    std::optional<Role> bias = model::biasOf(role);
    return bias ? weight(*bias) : Value();
  }

  /// What a block reads of the stream.
  Value before(StringRef name, Role role) {
    return config.normsAfterSum ? stream : norm(name, stream, role);
  }
  /// What a block adds to it.
  Value added(StringRef name, Value change, Role role) {
    change = norm(name, change, role);
    if (config.residualScale == 1)
      return change;
    return ScaleOp::create(b, at("residual_scale"), change.getType(), change,
                           llvm::APFloat(config.residualScale));
  }
  /// The stream after that.
  void after(StringRef name, Role role) {
    if (config.normsAfterSum)
      stream = norm(name, stream, role);
  }
  /// `rows` where the model has no such norm.
  Value norm(StringRef name, Value rows, Role role) {
    if (!weight(role))
      return rows;
    return buildNorm(b, at(name), config, rows, weight(role), biasOf(role));
  }

  Value linear(StringRef name, Value input, Role role) {
    Value product = multiply(at(name), input, weight(role), biasOf(role), config.transposed);
    return weight(role, Part::Down) ? adapt(name, product, input, role) : product;
  }

  Value multiply(Location place, Value input, Value by, Value bias, bool transposed) {
    int64_t channels = cast<RankedTensorType>(by.getType()).getDimSize(transposed ? 1 : 0);
    return LinearOp::create(b, place, streamType(channels, precision.stream), input, by, bias,
                            transposed);
  }

  /// The scale stands between the two products, where there are the fewest channels.
  Value adapt(StringRef name, Value product, Value input, Role role) {
    auto part = [&](const char *what) { return at((adapterPrefix + name + what).str()); };
    if (noise)
      input = DropoutOp::create(b, part("_dropout"), input.getType(), input, noise, number,
                                llvm::APFloat(config.tuning.adapter->dropout),
                                static_cast<int64_t>(role));
    Value inner = multiply(part("_down"), input, weight(role, Part::Down), Value(),
                           /*transposed=*/false);
    if (double scale = config.tuning.adapter->scale(); scale != 1)
      inner = ScaleOp::create(b, part("_scale"), inner.getType(), inner, llvm::APFloat(scale));
    Value addition = multiply(part("_up"), inner, weight(role, Part::Up), Value(),
                              /*transposed=*/false);
    return AddOp::create(b, part("_adapted"), product.getType(), product, addition);
  }

  void residual(Value change, StringRef name) {
    stream = AddOp::create(b, at(name), stream.getType(), stream, change);
  }

  Value headNorm(StringRef name, Value rows, Role role, int64_t heads) {
    if (config.headNorms == model::Blocks::HeadNorms::None)
      return rows;
    bool each = config.headNorms == model::Blocks::HeadNorms::Each;
    return buildNorm(b, at(name), config, rows, weight(role), Value(), each ? heads : 1);
  }

  Value rope(StringRef name, Value rows) {
    if (!cosine)
      return rows;
    RopeStyle style = config.rotary.style == model::Rotary::Style::Half ? RopeStyle::half
                                                                        : RopeStyle::interleaved;
    bool whole = config.rotaryChannels() == config.headChannels;
    return RopeOp::create(b, at(name), rows.getType(), style, rows, cosine, sine,
                          /*inverse=*/false,
                          whole ? IntegerAttr() : b.getI64IntegerAttr(config.headChannels));
  }

  Value attend(Value query, Value key, Value value) {
    IntegerAttr window = differs.windowed ? b.getI64IntegerAttr(config.window) : IntegerAttr();
    FloatAttr scale = b.getF64FloatAttr(config.scoreScale()), softcap;
    if (config.attentionSoftcap != 0)
      softcap = b.getF64FloatAttr(config.attentionSoftcap);
    IntegerAttr heads = b.getI64IntegerAttr(config.heads),
                keyValueHeads = b.getI64IntegerAttr(config.keyValueHeads);
    if (isCached(kind)) {
      for (auto [cache, rows] : llvm::zip_equal(caches, std::array{key, value}))
        appended.push_back(AppendOp::create(b, at("append"), cache.getType(), cache, rows, slots));
      UnitAttr single = kind == LayerKind::Decode ? b.getUnitAttr() : UnitAttr();
      return CachedAttentionOp::create(b, at("attention"), query.getType(), single, query,
                                       appended[0], appended[1], segments, slots, heads,
                                       keyValueHeads, scale, window, softcap);
    }
    return AttentionOp::create(b, at("attention"), query.getType(),
                               streamType(config.heads, precision.accumulation), query, key, value,
                               segments, heads, keyValueHeads, scale, window, softcap)
        .getOutput();
  }

  /// Query, key and value before they are turned.
  std::array<Value, 3> project(Value rows) {
    if (!weight(Role::QueryKeyValue))
      return {linear("query", rows, Role::Query), linear("key", rows, Role::Key),
              linear("value", rows, Role::Value)};
    Value fused = linear("query_key_value", rows, Role::QueryKeyValue);
    Type query = streamType(config.queryChannels(), precision.stream);
    Type key = streamType(config.keyValueChannels(), precision.stream);
    auto split = SplitOp::create(b, at("query_key_value"), TypeRange{query, key, key}, fused,
                                 config.fusedByHead ? config.heads : 1);
    return {split.getResult(0), split.getResult(1), split.getResult(2)};
  }

  Value attention(Value rows) {
    auto [query, key, value] = project(rows);
    query = headNorm("query_norm", query, Role::QueryNorm, config.heads);
    key = headNorm("key_norm", key, Role::KeyNorm, config.keyValueHeads);
    return linear("output", attend(rope("query_rope", query), rope("key_rope", key), value),
                  Role::Output);
  }

  ActivationKind activation() {
    switch (config.activation) {
    case model::Activation::Silu:
      return ActivationKind::silu;
    case model::Activation::Gelu:
      return ActivationKind::gelu;
    case model::Activation::GeluTanh:
      return ActivationKind::gelu_tanh;
    case model::Activation::Relu:
      return ActivationKind::relu;
    }
    llvm_unreachable("all activations are above");
  }

  Value feedForward(Value rows) {
    Value gate, up;
    if (weight(Role::GateUp)) {
      Value fused = linear("gate_up", rows, Role::GateUp);
      Type part = streamType(config.feedForward, precision.stream);
      auto split = SplitOp::create(b, at("gate_up"), TypeRange{part, part}, fused, 1);
      gate = split.getResult(0);
      up = split.getResult(1);
    } else {
      if (weight(Role::Gate))
        gate = linear("gate", rows, Role::Gate);
      up = linear("up", rows, Role::Up);
    }
    Value active;
    if (gate)
      active = GateOp::create(b, at("gated_product"), gate.getType(), activation(), gate, up);
    else
      active = ActivationOp::create(b, at("activation"), up.getType(), activation(), up);
    return linear("down", active, Role::Down);
  }

  const model::ModelConfig &config;
  Precision precision;
  OpBuilder b;
  LayerKind kind;
  model::LayerKind differs;
  Value stream;
  Value cosine, sine; ///< null in a layer that does not turn
  Value segments;     ///< or, with caches, the column first
  Value slots;
  Value noise, number; ///< null unless adapters drop
  ValueRange caches;
  SmallVector<Value> appended;
  std::map<std::pair<Role, Part>, Value> weights;
};

} // namespace

Value roux::step::buildNorm(OpBuilder &b, Location place, const model::ModelConfig &config,
                            Value rows, Value gain, Value bias, int64_t groups) {
  llvm::APFloat epsilon(config.epsilon);
  if (config.norm == model::Blocks::Norm::Layer)
    return LayerNormOp::create(b, place, rows.getType(), rows, gain, bias, epsilon, groups);
  return RMSNormOp::create(b, place, rows.getType(), rows, gain, epsilon, groups,
                           config.gainAroundOne);
}

std::vector<model::LayerKind::Turn> roux::step::turnsOf(const model::ModelConfig &config) {
  using Turn = model::LayerKind::Turn;
  std::vector<Turn> turns;
  for (Turn turn : {Turn::Rotary, Turn::Local})
    for (int64_t layer = 0; layer < config.layers; ++layer)
      if (config.kind(layer).turn == turn) {
        turns.push_back(turn);
        break;
      }
  return turns;
}

func::FuncOp roux::step::buildLayer(ModuleOp module, const model::ModelConfig &config,
                                    Precision precision, StringRef name, model::LayerKind differs,
                                    LayerKind kind) {
  MLIRContext *context = module.getContext();
  Type stream = streamType(config.channels, precision.stream);
  SmallVector<Type> arguments{stream};
  arguments.append(2 * turnsOf(config).size(),
                   streamType(config.rotaryChannels() / 2, precision.accumulation));
  arguments.append(kind == LayerKind::Whole ? 1 : 2, indexColumnType(context));
  size_t firstWeight = arguments.size();
  std::vector<model::WeightRow> table = model::layerParameters(config);
  for (const model::WeightRow &row : table)
    arguments.push_back(RankedTensorType::get(
        row.shape, isMultiplied(row) ? precision.stream : precision.accumulation));

  SmallVector<Type> results{stream};
  if (kind == LayerKind::Dropped)
    arguments.push_back(RankedTensorType::get({1}, Float32Type::get(context)));
  if (isCached(kind)) {
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
  LayerBuilder(config, function, precision, kind, differs).build();
  return function;
}
