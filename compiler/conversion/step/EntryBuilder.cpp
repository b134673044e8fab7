//===- EntryBuilder.cpp - what the entries of a step are made of ----------===//
//
// Arguments in the one order that the runtime binds, and the way from tokens to
// hidden states.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/EntryBuilder.h"

#include "compiler/conversion/step/LayerNames.h"
#include "runtime/LaunchLists.h"
#include "runtime/WeightFormula.h"

using namespace mlir;
namespace model = roux::model;
using roux::layerNumbersName, roux::weightPrefix;
using namespace roux::step;
using model::Role;

func::FuncOp EntryBuilder::begin(StringRef name, ArrayRef<Argument> arguments,
                                 ArrayRef<Result> results, bool rounded) {
  SmallVector<Argument> all(arguments);
  if (readsLengths())
    all.push_back(indexes(Column::length));
  size_t firstParameter = all.size();
  for (const model::WeightRow &row : table) {
    // What no update changes is kept as it is computed with.
    bool isRounded = row.shape.size() == 2 && (rounded || row.isFrozen);
    auto type =
        RankedTensorType::get(row.shape, isRounded ? precision.stream : precision.accumulation);
    all.push_back({row.perLayer ? stackType(type, row.layers) : type, StepDialect::parameterName,
                   b.getStringAttr(row.name)});
  }
  SmallVector<Type> types, resultTypes;
  for (const Argument &argument : all)
    types.push_back(argument.type);
  for (const Result &result : results)
    resultTypes.push_back(result.type);

  b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(b, at(name), name, b.getFunctionType(types, resultTypes));
  for (auto [index, argument] : llvm::enumerate(all))
    function.setArgAttr(index, argument.attributeName, argument.attribute);
  for (auto [index, row] : llvm::enumerate(table))
    if (row.isFrozen)
      function.setArgAttr(firstParameter + index, StepDialect::frozenName, b.getUnitAttr());
  for (auto [index, result] : llvm::enumerate(results))
    function.setResultAttr(index, result.attributeName, b.getStringAttr(result.name));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  parameters.clear();
  for (auto [index, row] : llvm::enumerate(table))
    parameters[row.name] = entry->getArgument(firstParameter + index);
  columnValues.clear();
  for (auto [argument, value] : llvm::zip(all, entry->getArguments()))
    if (auto column = dyn_cast<ColumnAttr>(argument.attribute))
      columnValues[column.getValue()] = value;
  return function;
}

Value EntryBuilder::multiplied(const model::WeightRow &row) {
  Value master = parameters.at(row.name);
  auto type = cast<RankedTensorType>(master.getType());
  if (type.getElementType() == precision.stream)
    return master;
  return CastOp::create(b, at("cast"), type.clone(precision.stream), master);
}

Value EntryBuilder::embed(Value tokens, Value positions) {
  Type stream = streamType(config.channels, precision.stream);
  Type table = streamType(config.tableChannels(), precision.stream);
  Value words = EmbeddingOp::create(b, at("embedding"), table, tokens, parameter(Role::Embedding));
  if (config.embeddingScale != 1)
    words = ScaleOp::create(b, at("embedding_scale"), table, words,
                            llvm::APFloat(config.embeddingScale));
  if (parameter(Role::EmbeddingIn))
    words = LinearOp::create(b, at("embedding_in"), stream, words,
                             multiplied(row(Role::EmbeddingIn)), /*bias=*/Value(),
                             /*transposed=*/false);
  if (!parameter(Role::PositionTable))
    return words;
  Value places = EmbeddingOp::create(b, at("position_table"), stream, positions,
                                     parameter(Role::PositionTable), config.positionOffset);
  return AddOp::create(b, at("position_table"), stream, words, places);
}

Value EntryBuilder::pick(Location place, Value whole, Value rows) {
  if (cast<RankedTensorType>(whole.getType()).getRank() == 0)
    return whole;
  Type type = ofRows(whole.getType(), rowsOf(rows.getType()));
  return PickRowsOp::create(b, place, type, whole, rows);
}

Value EntryBuilder::finalNorm(Value stream) {
  if (parameter(Role::FinalNorm))
    stream = buildNorm(b, at("final_norm"), config, stream, parameter(Role::FinalNorm),
                       parameter(Role::FinalNormBias));
  if (!parameter(Role::EmbeddingOut))
    return stream;
  auto type = cast<RankedTensorType>(stream.getType());
  auto table = RankedTensorType::get({type.getDimSize(0), config.tableChannels()},
                                     type.getElementType(), type.getEncoding());
  return LinearOp::create(b, at("embedding_out"), table, stream,
                          multiplied(row(Role::EmbeddingOut)), /*bias=*/Value(),
                          /*transposed=*/false);
}

/// Cosine and sine of each token.
std::pair<Value, Value> EntryBuilder::rotation(const model::Rotary &rotary, Value positions) {
  int64_t channels = config.rotaryChannels();
  auto list = [&](int64_t length) {
    return b.getDenseF64ArrayAttr(model::frequencies(rotary, channels, length));
  };
  Type angles = streamType(channels / 2, precision.accumulation);
  int64_t limit = rotary.originalContext;
  Value lengths;
  IntegerAttr above;
  DenseF64ArrayAttr beyond;
  FloatAttr stretch;
  if (rotary.dependsOnLength()) {
    lengths = columnValues.at(Column::length);
    above = b.getI64IntegerAttr(limit);
    if (rotary.scaling == model::Rotary::Scaling::LongRope)
      beyond = list(limit + 1);
    else
      stretch = b.getF64FloatAttr(rotary.factor);
  }
  auto made = RotationOp::create(b, at("rotation"), angles, angles, positions, lengths,
                                 list(rotary.dependsOnLength() ? limit : config.context),
                                 b.getF64FloatAttr(rotary.attentionFactor), above, beyond, stretch);
  return {made.getCosine(), made.getSine()};
}

SmallVector<Value> EntryBuilder::shared(Value positions, ValueRange columns) {
  SmallVector<Value> values;
  for (model::LayerKind::Turn turn : turnsOf(config)) {
    bool isLocal = turn == model::LayerKind::Turn::Local;
    auto [cosine, sine] = rotation(isLocal ? config.localRotary : config.rotary, positions);
    values.append({cosine, sine});
  }
  llvm::append_range(values, columns);
  return values;
}

bool EntryBuilder::readsLengths() {
  return llvm::any_of(turnsOf(config), [&](model::LayerKind::Turn turn) {
    bool isLocal = turn == model::LayerKind::Turn::Local;
    return (isLocal ? config.localRotary : config.rotary).dependsOnLength();
  });
}

FloatAttr EntryBuilder::logitScale() {
  return config.logitDivisor == 1 ? FloatAttr() : b.getF64FloatAttr(1 / config.logitDivisor);
}

FloatAttr EntryBuilder::logitSoftcap() {
  return config.logitSoftcap == 0 ? FloatAttr() : b.getF64FloatAttr(config.logitSoftcap);
}

/// Logits of `states`, whole.
Value EntryBuilder::wholeLogits(Type type, Value states) {
  Value logits = LinearOp::create(b, at("logits"), type, states, vocabulary(),
                                  parameter(Role::VocabularyBias), /*transposed=*/false);
  if (FloatAttr scale = logitScale())
    logits = ScaleOp::create(b, at("logit_scale"), type, logits, scale);
  if (FloatAttr cap = logitSoftcap())
    logits = SoftcapOp::create(b, at("logit_softcap"), type, logits, cap);
  return logits;
}

SmallVector<Value> EntryBuilder::layerWeights(int64_t firstLayer) {
  SmallVector<Value> weights;
  for (const model::WeightRow &row : table)
    if (row.perLayer && row.firstLayer == firstLayer)
      weights.push_back(isMultiplied(row) ? multiplied(row) : parameters.at(row.name));
  return weights;
}

Value EntryBuilder::hidden(Value tokens, Value positions, Value segments, Noise noise) {
  Value stream = embed(tokens, positions);
  SmallVector<Value> columns{segments};
  if (noise.column)
    columns.push_back(noise.column);
  SmallVector<Value> given = shared(positions, columns);
  LayerKind kind = noise.column ? LayerKind::Dropped : LayerKind::Whole;
  for (model::LayerRange range : model::layerRanges(config)) {
    SmallVector<Value> weights = layerWeights(range.first);
    if (noise.column)
      weights.push_back(noise.layers);
    stream = LayersOp::create(b, at("layers"), stream.getType(),
                              stackType(stream.getType(), range.count), /*saved=*/TypeRange(),
                              layerCallees(b.getContext(), config, kind, range), stream, given,
                              weights, range.count, request.activations,
                              request.activations == Activations::save ? request.again : 0)
                 .getResult();
  }
  return stream;
}

void EntryBuilder::addInputs(ArrayRef<roux::recipe::InputOp> inputs, std::optional<Rows> rows,
                             SmallVector<Argument> &arguments) {
  for (roux::recipe::InputOp input : inputs) {
    auto one = RankedTensorType::get({}, b.getF64Type());
    auto many = RankedTensorType::get({ShapedType::kDynamic}, b.getF64Type());
    arguments.push_back({input.getEachRow() ? ofRows(many, rows) : one, StepDialect::attributeName,
                         b.getStringAttr(Twine(weightPrefix) + input.getName())});
  }
}

void EntryBuilder::addNoise(SmallVector<Argument> &arguments) {
  if (!drops())
    return;
  arguments.push_back(indexes(Column::noise));
  arguments.push_back({RankedTensorType::get({config.layers, 1}, b.getF32Type()),
                       StepDialect::attributeName, b.getStringAttr(layerNumbersName)});
}

EntryBuilder::Noise EntryBuilder::noiseOf(Block &body, size_t first) {
  return drops() ? Noise{body.getArgument(first), body.getArgument(first + 1)} : Noise{};
}

SmallVector<Argument> EntryBuilder::columnsOfTargets() {
  return {indexes(Column::token), indexes(Column::label), indexes(Column::position),
          indexes(Column::segments), indexes(Column::target, Rows::targets)};
}

EntryBuilder::Targets EntryBuilder::targetsOf(Block &body, Noise noise) {
  Value stream = hidden(body.getArgument(0), body.getArgument(2), body.getArgument(3), noise);
  // From here on only tokens with a label exist.
  Value target = body.getArgument(4);
  Value states = finalNorm(pick(at("targets"), stream, target));
  return {target, states, pick(at("targets"), body.getArgument(1), target)};
}

NLLOp EntryBuilder::likelihood(const Targets &targets) {
  Type values = ofRows(valuesType(), Rows::targets);
  return NLLOp::create(b, at("nll"), values, values, targets.states, vocabulary(),
                       parameter(Role::VocabularyBias), targets.labels, logitScale(),
                       logitSoftcap());
}
