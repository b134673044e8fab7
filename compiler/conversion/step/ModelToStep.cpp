//===- ModelToStep.cpp - the entries of a step ----------------------------===//
//
// All entries share the layer function and begin alike. They differ in what they make
// of the hidden states.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/ModelToStep.h"

#include "compiler/conversion/step/EntryBuilder.h"
#include "compiler/conversion/step/FormulasToStep.h"
#include "compiler/conversion/step/LayerNames.h"
#include "compiler/conversion/step/UpdateToStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;
using model::Role;

void EntryBuilder::layers(LayerKind kind) {
  for (auto [index, differs] : llvm::enumerate(kindsOf(config)))
    buildLayer(module, config, precision, layerName(kind, index), differs, kind);
}

LogicalResult EntryBuilder::update() {
  std::vector<model::WeightRow> trained = table;
  std::erase_if(trained, [](const model::WeightRow &row) { return row.isFrozen; });
  buildUpdate(module, config, trained, precision, request.update);
  return success();
}

LogicalResult EntryBuilder::trainPairs() {
  SmallVector<Argument> arguments = columnsOfTargets();
  arguments.append({indexes(Column::answer, Rows::targets),
                    indexes(Column::answer_begin, Rows::answers),
                    indexes(Column::answer_end, Rows::answers)});
  size_t columns = arguments.size();
  SmallVector<roux::recipe::InputOp> inputs = inputsOf({request.weight, request.loss});
  addInputs(inputs, Rows::pairs, arguments);
  size_t noise = arguments.size();
  addNoise(arguments);
  RankedTensorType answers = ofRows(valuesType(), Rows::answers);
  Block &body = begin("train", arguments, {{"loss", scalarType()}, {"logp", answers}}).front();
  NLLOp scores = likelihood(targetsOf(body, noiseOf(body, noise)));
  Value logp = AnswerLogPOp::create(b, at("logp"), answers, scores.getNll(), body.getArgument(6),
                                    body.getArgument(7), body.getArgument(5));
  Location place = placeOf(*request.loss);
  auto loss = PairLossOp::create(b, place, scalarType(), logp,
                                 body.getArguments().slice(columns, inputs.size()));
  func::ReturnOp::create(b, at("train"), ValueRange{loss.getLoss(), logp});
  return buildPairLoss(*request.weight, *request.loss, loss.getFormula());
}

LogicalResult EntryBuilder::train() {
  if (request.loss && readsPairs(*request.loss))
    return trainPairs();
  SmallVector<Argument> arguments = columnsOfTargets();
  size_t columns = arguments.size();
  SmallVector<roux::recipe::InputOp> inputs = inputsOf(request.weight);
  addInputs(inputs, std::nullopt, arguments);
  size_t noise = arguments.size();
  addNoise(arguments);
  Block &body = begin("train", arguments,
                      {{"loss", scalarType()}, {"nll", valuesType()}, {"weights", valuesType()}})
                    .front();
  auto [target, states, labels] = targetsOf(body, noiseOf(body, noise));
  Location place = request.loss ? placeOf(*request.loss) : at("loss");
  Location weightPlace = request.weight ? placeOf(*request.weight) : at("loss");
  auto named = [&](StringRef name, Location at) { return NameLoc::get(b.getStringAttr(name), at); };
  SmallVector<Value> picked;
  for (Value input : body.getArguments().slice(columns, inputs.size()))
    picked.push_back(pick(named("targets", weightPlace), input, target));
  Type values = ofRows(valuesType(), Rows::targets);
  auto loss = CrossEntropyOp::create(b, place, scalarType(), values, values, values, states,
                                     vocabulary(), parameter(Role::VocabularyBias), labels,
                                     /*teacher=*/Value(), /*teacher_vocabulary=*/Value(), picked,
                                     logitScale(), logitSoftcap());
  func::ReturnOp::create(
      b, at("train"),
      ValueRange{loss.getLoss(), expand(named("nll", place), loss.getNll(), target),
                 expand(named("weights", weightPlace), loss.getWeights(), target)});
  if (failed(buildLoss(request.loss, loss.getFormula(), precision.accumulation, place)))
    return failure();
  return buildWeight(request.weight, loss.getWeight(), weightPlace);
}

void EntryBuilder::nll() {
  Block &body =
      begin("nll", columnsOfTargets(), {{"nll", valuesType()}, {"logsumexp", valuesType()}})
          .front();
  Targets targets = targetsOf(body);
  NLLOp scores = likelihood(targets);
  func::ReturnOp::create(b, at("nll"),
                         ValueRange{expand(at("nll"), scores.getNll(), targets.rows),
                                    expand(at("logsumexp"), scores.getLogsumexp(), targets.rows)});
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
    states = pick(at("last"), states, body.getArgument(4));
  Value logits = wholeLogits(results[0].type, finalNorm(states));
  SmallVector<Value> returned{logits};
  llvm::append_range(returned, layers.getSaved());
  func::ReturnOp::create(b, at(name), returned);
}

void roux::step::registerStepDialects(DialectRegistry &registry) {
  registry.insert<StepDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect>();
}

OwningOpRef<ModuleOp> roux::step::buildStep(MLIRContext &context, const StepRequest &request) {
  context.loadDialect<StepDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(locationOf(&context, *request.config, "model"));
  EntryBuilder entries(*module, request);
  entries.layers(LayerKind::Whole);
  if (request.trains && entries.drops())
    entries.layers(LayerKind::Dropped);
  if (request.trains && failed(entries.train()))
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
