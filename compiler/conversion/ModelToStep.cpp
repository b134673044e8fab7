//===- ModelToStep.cpp - the entries of a step ----------------------------===//
//
// All entries share the layer function and begin alike: embed, run the layers,
// normalize. They differ in what they make of the hidden states.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/ModelToStep.h"

#include "compiler/conversion/FormulasToStep.h"
#include "compiler/conversion/LayerNames.h"
#include "compiler/conversion/LayerToStep.h"
#include "compiler/conversion/UpdateToStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "runtime/LaunchLists.h"
#include "runtime/model/ParameterTable.h"

#include <map>

using namespace mlir;
// roux::Value and roux::Attribute belong to expressions; here a Value is MLIR's.
namespace model = roux::model;
using roux::Expression, roux::layerNumbersName, roux::LocateNode, roux::WeightInput,
    roux::weightPrefix;
using namespace roux::step;
using model::Role;

static Precision precisionOf(MLIRContext &context, StreamType type) {
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

namespace {

/// One argument of an entry.
struct Argument {
  Type type;
  StringRef attributeName;
  Attribute attribute;
};

/// Builds the entry functions of one module.
class EntryBuilder {
public:
  EntryBuilder(ModuleOp module, const StepRequest &request)
      : module(module), request(request), config(*request.config),
        table(model::parameterTable(config)),
        precision(precisionOf(*module.getContext(), request.type)), b(module.getContext()) {}

  /// Adds the layer functions: one for each kind of layer.
  void layers(LayerKind kind);
  LogicalResult train(LocateNode locate);
  void nll();
  void logits();
  void generate(LayerKind kind);
  LogicalResult update();
  /// True if a step leaves out some of what adapters read.
  bool drops() const { return config.tuning.adapter && config.tuning.adapter->dropout > 0; }

private:
  Location at(StringRef name) { return locationOf(b.getContext(), config, name); }
  /// A column of indexes; one that lists rows has those rows itself.
  Argument indexes(Column which, std::optional<Rows> rows = std::nullopt) {
    return {ofRows(indexColumnType(b.getContext()), rows), StepDialect::columnName,
            ColumnAttr::get(b.getContext(), which)};
  }
  RankedTensorType ofRows(Type type, std::optional<Rows> rows) {
    auto tensor = cast<RankedTensorType>(type);
    mlir::Attribute encoding = rows ? RowsAttr::get(b.getContext(), *rows) : mlir::Attribute();
    return RankedTensorType::get(tensor.getShape(), tensor.getElementType(), encoding);
  }
  /// The rows of `whole` that the column `rows` lists; a scalar is the same for all rows.
  Value pick(StringRef name, Value whole, Value rows);
  /// What is known of some rows, and 0 for all others.
  Value expand(StringRef name, Value some, Value rows) {
    return ExpandRowsOp::create(b, at(name), ofRows(some.getType(), std::nullopt), some, rows);
  }
  RankedTensorType valuesType() {
    return RankedTensorType::get({ShapedType::kDynamic}, precision.accumulation);
  }
  RankedTensorType scalarType() { return RankedTensorType::get({}, precision.accumulation); }

  /// A result the caller knows as `name`.
  struct Result {
    StringRef name;
    Type type;
    StringRef attributeName = StepDialect::resultName;
  };
  /// Begins function `name` with `arguments` and then all parameters; leaves the builder in it.
  /// `rounded`: matrices are in the stream's type already.
  func::FuncOp begin(StringRef name, ArrayRef<Argument> arguments, ArrayRef<Result> results,
                     bool rounded = false);
  /// The value of a parameter, rounded to what is multiplied with, once a function.
  Value multiplied(const model::WeightRow &row);
  const model::WeightRow &row(Role role) {
    return *llvm::find_if(table, [&](const model::WeightRow &row) { return row.role == role; });
  }
  /// Of a weight that no layer has; null where the model has none.
  Value parameter(Role role) {
    auto found =
        llvm::find_if(table, [&](const model::WeightRow &row) { return row.role == role; });
    return found == table.end() ? Value() : parameters.at(found->name);
  }
  /// The embedded tokens.
  Value embed(Value tokens, Value positions);
  /// What every layer reads beside `columns`: the rotations, where the model has any, then those.
  SmallVector<Value> shared(Value positions, ValueRange columns);
  /// The weights that each layer of a range has a slice of, as layers read them.
  SmallVector<Value> layerWeights(int64_t firstLayer = 0);
  /// What adapters draw by, of each token and of each layer.
  struct Noise {
    Value column, layers;
  };
  /// From tokens to the hidden states after the last layer.
  Value hidden(Value tokens, Value positions, Value segments, Noise noise = {});
  Value finalNorm(Value stream);
  std::pair<Value, Value> rotation(const model::Rotary &rotary, Value positions);
  /// True if positions turn by how long their sequence is.
  bool readsLengths();
  FloatAttr logitScale();
  FloatAttr logitSoftcap();
  Value wholeLogits(Type type, Value states);
  Value vocabulary() { return multiplied(row(config.tied ? Role::Embedding : Role::Vocabulary)); }

  ModuleOp module;
  const StepRequest &request;
  const model::ModelConfig &config;
  std::vector<model::WeightRow> table;
  Precision precision;
  OpBuilder b;
  std::map<std::string, Value> parameters; // of the function being built
  std::map<Column, Value> columnValues;    // the same
};

void EntryBuilder::layers(LayerKind kind) {
  for (auto [index, differs] : llvm::enumerate(kindsOf(config)))
    buildLayer(module, config, precision, layerName(kind, index), differs, kind);
}

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

LogicalResult EntryBuilder::update() {
  std::vector<model::WeightRow> trained = table;
  std::erase_if(trained, [](const model::WeightRow &row) { return row.isFrozen; });
  buildUpdate(module, config, trained, precision, request.update);
  return success();
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

Value EntryBuilder::pick(StringRef name, Value whole, Value rows) {
  if (cast<RankedTensorType>(whole.getType()).getRank() == 0)
    return whole;
  Type type = ofRows(whole.getType(), rowsOf(rows.getType()));
  return PickRowsOp::create(b, at(name), type, whole, rows);
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

LogicalResult EntryBuilder::train(LocateNode locate) {
  SmallVector<Argument> arguments{indexes(Column::token), indexes(Column::label),
                                  indexes(Column::position), indexes(Column::segments),
                                  indexes(Column::target, Rows::targets)};
  size_t columns = arguments.size();
  ArrayRef<WeightInput> inputs;
  if (request.weight)
    inputs = request.weight->inputs;
  for (const WeightInput &input : inputs) {
    auto type = input.perToken ? RankedTensorType::get({ShapedType::kDynamic}, b.getF64Type())
                               : RankedTensorType::get({}, b.getF64Type());
    arguments.push_back(
        {type, StepDialect::attributeName, b.getStringAttr(weightPrefix + input.name)});
  }
  if (drops()) {
    arguments.push_back(indexes(Column::noise));
    arguments.push_back({RankedTensorType::get({config.layers, 1}, b.getF32Type()),
                         StepDialect::attributeName, b.getStringAttr(layerNumbersName)});
  }
  func::FuncOp function =
      begin("train", arguments,
            {{"loss", scalarType()}, {"nll", valuesType()}, {"weights", valuesType()}});
  Block &body = function.front();
  Noise noise;
  if (drops())
    noise = {columnValues.at(Column::noise), body.getArgument(columns + inputs.size() + 1)};
  Value stream = hidden(body.getArgument(0), body.getArgument(2), body.getArgument(3), noise);
  // From here on only tokens with a label exist.
  Value target = body.getArgument(4);
  Value states = finalNorm(pick("targets", stream, target));
  Value labels = pick("targets", body.getArgument(1), target);
  SmallVector<Value> picked;
  for (Value input : body.getArguments().slice(columns, inputs.size()))
    picked.push_back(pick("targets", input, target));
  auto placeOf = [&](const Expression *formula) {
    return formula && !formula->empty() ? locate(formula->root()) : at("loss");
  };
  Location place = placeOf(request.loss);
  Type values = ofRows(valuesType(), Rows::targets);
  auto loss = CrossEntropyOp::create(b, place, scalarType(), values, values, values, states,
                                     vocabulary(), parameter(Role::VocabularyBias), labels,
                                     /*teacher=*/Value(), /*teacher_vocabulary=*/Value(), picked,
                                     logitScale(), logitSoftcap());
  func::ReturnOp::create(b, at("train"),
                         ValueRange{loss.getLoss(), expand("nll", loss.getNll(), target),
                                    expand("weights", loss.getWeights(), target)});
  if (failed(buildLoss(request.loss, loss.getFormula(), precision.accumulation, place, locate)))
    return failure();
  return buildWeight(request.weight, loss.getWeight(),
                     placeOf(request.weight ? &request.weight->formula : nullptr), locate);
}

void EntryBuilder::nll() {
  func::FuncOp function =
      begin("nll",
            {indexes(Column::token), indexes(Column::label), indexes(Column::position),
             indexes(Column::segments), indexes(Column::target, Rows::targets)},
            {{"nll", valuesType()}, {"logsumexp", valuesType()}});
  Block &body = function.front();
  Value stream = hidden(body.getArgument(0), body.getArgument(2), body.getArgument(3));
  Value target = body.getArgument(4);
  Value states = finalNorm(pick("targets", stream, target));
  Type values = ofRows(valuesType(), Rows::targets);
  auto scores = NLLOp::create(
      b, at("nll"), values, values, states, vocabulary(), parameter(Role::VocabularyBias),
      pick("targets", body.getArgument(1), target), logitScale(), logitSoftcap());
  func::ReturnOp::create(b, at("nll"),
                         ValueRange{expand("nll", scores.getNll(), target),
                                    expand("logsumexp", scores.getLogsumexp(), target)});
}

void EntryBuilder::logits() {
  Type type = streamType(config.vocabulary, precision.stream);
  func::FuncOp function = begin(
      "logits", {indexes(Column::token), indexes(Column::position), indexes(Column::segments)},
      {{"logits", type}});
  Block &body = function.front();
  Value states = finalNorm(hidden(body.getArgument(0), body.getArgument(1), body.getArgument(2)));
  func::ReturnOp::create(b, at("logits"), wholeLogits(type, states));
}

/// `@prefill` or `@decode`.
void EntryBuilder::generate(LayerKind kind) {
  bool decodes = kind == LayerKind::Decode;
  std::vector<model::LayerRange> ranges = model::layerRanges(config);
  assert(ranges.size() == 1 && "caches are of all layers; no train that freezes some writes");
  StringRef name = decodes ? "decode" : "prefill";
  SmallVector<Argument> arguments{indexes(Column::token), indexes(Column::position),
                                  indexes(Column::first), indexes(Column::slot)};
  if (!decodes)
    arguments.push_back(indexes(Column::last, Rows::sequences));
  Type cache = stackType(streamType(config.keyValueChannels(), precision.stream), config.layers);
  std::optional<Rows> rows = decodes ? std::nullopt : std::optional(Rows::sequences);
  SmallVector<Result> results{
      {"logits", ofRows(streamType(config.vocabulary, precision.stream), rows)}};
  size_t firstCache = arguments.size();
  for (StringRef part : {"keys", "values"}) {
    arguments.push_back({cache, StepDialect::cacheName, b.getStringAttr(part)});
    results.push_back({part, cache, StepDialect::cacheName});
  }
  Block &body = begin(name, arguments, results, /*rounded=*/true).front();
  Value stream = embed(body.getArgument(0), body.getArgument(1));
  SmallVector<Value> weights = layerWeights();
  llvm::append_range(weights, body.getArguments().slice(firstCache, 2));
  auto layers = LayersOp::create(
      b, at("layers"), stream.getType(), stackType(stream.getType(), config.layers),
      TypeRange{cache, cache}, layerCallees(b.getContext(), config, kind, ranges.front()), stream,
      shared(body.getArgument(1), body.getArguments().slice(2, 2)), weights, config.layers,
      Activations::save);
  Value states = layers.getResult();
  if (!decodes)
    states = pick("last", states, body.getArgument(4));
  Value logits = wholeLogits(results[0].type, finalNorm(states));
  SmallVector<Value> returned{logits};
  llvm::append_range(returned, layers.getSaved());
  func::ReturnOp::create(b, at(name), returned);
}

} // namespace

void roux::step::registerStepDialects(DialectRegistry &registry) {
  registry.insert<StepDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect>();
}

OwningOpRef<ModuleOp> roux::step::buildStep(MLIRContext &context, const StepRequest &request,
                                            LocateNode locate) {
  context.loadDialect<StepDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(locationOf(&context, *request.config, "model"));
  EntryBuilder entries(*module, request);
  entries.layers(LayerKind::Whole);
  if (request.trains && entries.drops())
    entries.layers(LayerKind::Dropped);
  if (request.trains && failed(entries.train(locate)))
    return nullptr;
  entries.nll();
  entries.logits();
  if (request.trains && failed(entries.update()))
    return nullptr;
  if (request.generates)
    for (LayerKind kind : {LayerKind::Prefill, LayerKind::Decode}) {
      entries.layers(kind);
      entries.generate(kind);
    }
  if (failed(verify(*module)))
    return nullptr;
  return module;
}
