//===- ModelRunner.cpp - arguments by attribute ---------------------------===//
//
// The same walk over argument attributes that an executor makes.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/ModelRunner.h"

#include "compiler/transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/LaunchLists.h"
#include "runtime/data/SeedTree.h"
#include "runtime/model/ParameterTable.h"
#include "tests/compiler/step/ImportedFormulas.h"

#include <cmath>
#include <numeric>
#include <random>

using namespace mlir;

namespace roux::step::reference {

void Columns::append(const std::vector<int64_t> &ids, double weight,
                     const std::function<bool(size_t)> &target) {
  data::SeedTree sequence(ids.size());
  for (int64_t id : ids)
    sequence = sequence / static_cast<uint64_t>(id);
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    bool wanted = target(i + 1);
    tokens.push_back(ids[i]);
    labels.push_back(wanted ? ids[i + 1] : -1);
    weights.push_back(wanted ? weight : 0);
    positions.push_back(i);
    noise.push_back(static_cast<int32_t>(sequence.bits(i)));
  }
  segments.push_back(tokens.size());
}

WeightFormula givenWeight() {
  Expression read;
  read.nodes.push_back({.operation = Operation::Let, .text = "given"});
  return {read, {{"given", read, true}}};
}

const std::vector<double> &inputOf(const Columns &columns, StringRef name) {
  name.consume_front(weightPrefix);
  return name == "given" ? columns.weights : columns.inputs.at(name.str());
}

Parameters parametersOf(const model::Model &model) {
  Parameters parameters;
  for (const model::BoundWeight &weight : model::bind(model.config, model.weights)) {
    std::vector<int64_t> shape = weight.row.shape;
    if (weight.row.perLayer)
      shape.insert(shape.begin(), weight.tensors.size());
    Array array(shape);
    size_t at = 0;
    for (const model::Tensor *tensor : weight.tensors) {
      model::read(*tensor, std::span(array.values).subspan(at, tensor->elements()));
      at += tensor->elements();
    }
    parameters[weight.row.name] = std::move(array);
  }
  return parameters;
}

Parameters randomParameters(const model::ModelConfig &config, unsigned seed) {
  Parameters parameters;
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  for (const model::WeightRow &row : model::parameterTable(config)) {
    std::vector<int64_t> shape = row.shape;
    if (row.perLayer)
      shape.insert(shape.begin(), row.layers);
    Array array(shape);
    bool around = row.shape.size() == 1 && row.name.ends_with("weight");
    for (double &value : array.values)
      value = around ? 1 + 0.2 * normal(generator) : 0.4 * normal(generator);
    parameters[row.name] = std::move(array);
  }
  return parameters;
}

ModelRunner::ModelRunner(const model::ModelConfig &config, Parameters parameters,
                         const Expression *loss, Activations activations, UpdateSettings update,
                         const WeightFormula &weight)
    : parameters(std::move(parameters)) {
  StepRequest request;
  request.config = &config;
  ImportedFormulas formulas(context, loss, weight);
  formulas.give(request);
  request.type = StreamType::F64;
  request.activations = activations;
  request.update = update;
  imported = buildStep(context, request);
  if (!imported)
    llvm::report_fatal_error("the model was not imported");
  PassManager passes(&context);
  passes.addPass(createStepGrad());
  if (failed(passes.run(*imported)))
    llvm::report_fatal_error("the model was not differentiated");
}

static Array columnOf(const Columns &columns, Column column) {
  switch (column) {
  case Column::token:
    return Array::column(columns.tokens);
  case Column::label:
    return Array::column(columns.labels);
  case Column::position:
    return Array::column(columns.positions);
  case Column::segments:
    return Array::column(columns.segments);
  case Column::length: {
    std::vector<double> lengths;
    for (size_t i = 0; i + 1 < columns.segments.size(); ++i) {
      size_t end = static_cast<size_t>(columns.segments[i + 1]);
      bool follows = end > columns.segments[i] && columns.labels[end - 1] >= 0;
      lengths.resize(end, static_cast<double>(end) - columns.segments[i] + follows);
    }
    return Array::column(lengths);
  }
  case Column::target: {
    std::vector<double> rows;
    for (size_t t = 0; t < columns.labels.size(); ++t)
      if (columns.labels[t] >= 0)
        rows.push_back(static_cast<double>(t));
    return Array::column(rows);
  }
  case Column::noise:
    return Array::column(columns.noise);
  default:
    llvm_unreachable("a column of the entries with caches");
  }
}

/// 0, 1, … of that shape.
static Array numbersTo(RankedTensorType type) {
  Array numbers(type.getShape().vec());
  std::iota(numbers.values.begin(), numbers.values.end(), 0.0);
  return numbers;
}

std::vector<Array> ModelRunner::run(StringRef entry, const Columns &columns, const Watch &watch) {
  auto function = imported->lookupSymbol<func::FuncOp>(entry);
  std::vector<Array> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (auto column = function.getArgAttrOfType<ColumnAttr>(i, StepDialect::columnName))
      arguments.push_back(columnOf(columns, column.getValue()));
    else if (auto name = function.getArgAttrOfType<StringAttr>(i, StepDialect::attributeName);
             name && name == layerNumbersName)
      arguments.push_back(numbersTo(cast<RankedTensorType>(function.getArgumentTypes()[i])));
    else if (auto name = function.getArgAttrOfType<StringAttr>(i, StepDialect::attributeName))
      arguments.push_back(cast<RankedTensorType>(function.getArgumentTypes()[i]).getRank() == 0
                              ? Array::scalar(inputOf(columns, name)[0])
                              : Array::column(inputOf(columns, name)));
    else if (function.getArgAttr(i, StepDialect::gradientName))
      arguments.push_back(
          Array(cast<RankedTensorType>(function.getArgumentTypes()[i]).getShape().vec()));
    else
      arguments.push_back(parameters.at(
          function.getArgAttrOfType<StringAttr>(i, StepDialect::parameterName).str()));
  }
  return reference::run(function, std::move(arguments), watch);
}

Parameters ModelRunner::gradients(const Columns &columns, const Watch &watch) {
  auto function = imported->lookupSymbol<func::FuncOp>("train_grad");
  std::vector<Array> results = run("train_grad", columns, watch);
  Parameters gradients{{"", results[0]}};
  for (unsigned i = 0; i < results.size(); ++i)
    if (auto name = function.getResultAttrOfType<StringAttr>(i, StepDialect::gradientName))
      gradients[name.str()] = results[i];
  return gradients;
}

double ModelRunner::update(const Parameters &gradients, Parameters &first, Parameters &second,
                           double rate, double firstCorrection, double secondCorrection) {
  auto function = imported->lookupSymbol<func::FuncOp>("update");
  std::vector<Array> arguments;
  std::vector<std::string> names;
  for (unsigned i = 0; i + 3 < function.getNumArguments(); i += 4) {
    std::string name = function.getArgAttrOfType<StringAttr>(i, StepDialect::parameterName).str();
    names.push_back(name);
    arguments.insert(arguments.end(),
                     {parameters.at(name), gradients.at(name), first.at(name), second.at(name)});
  }
  for (double scalar : {rate, firstCorrection, secondCorrection})
    arguments.push_back(Array::scalar(scalar));
  std::vector<Array> results = reference::run(function, std::move(arguments));
  for (size_t i = 0; i < names.size(); ++i) {
    parameters[names[i]] = results[3 * i];
    first[names[i]] = results[3 * i + 1];
    second[names[i]] = results[3 * i + 2];
  }
  return results.back().values[0];
}

double relativeError(const Array &a, const Array &b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < b.values.size(); ++i) {
    difference += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
    size += b.values[i] * b.values[i];
  }
  return size == 0 ? std::sqrt(difference) : std::sqrt(difference / size);
}

} // namespace roux::step::reference
