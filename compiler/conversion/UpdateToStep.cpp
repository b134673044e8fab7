//===- UpdateToStep.cpp - norm, clip, AdamW -------------------------------===//
//
// The layers of a weight are one stacked tensor, so the number of operations
// does not depend on depth. Where no clip is given the norm is an entry of its own
// and the update is given a factor: who trains looks at the norm in between, so that
// nothing is updated by a gradient that is no number.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/UpdateToStep.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;

/// The arguments of one parameter: itself, its gradient, its two moments.
static constexpr unsigned argumentsPerParameter = 4;

/// The type of what is kept of `row`, all its layers together.
static Type stackOf(const model::WeightRow &row, Precision precision) {
  auto type = RankedTensorType::get(row.shape, precision.accumulation);
  return row.perLayer ? stackType(type, row.layers) : type;
}

/// Adds `@norm`: of all gradients together.
static void buildGradientNorm(OpBuilder &b, Location place,
                              const std::vector<model::WeightRow> &table, Precision precision) {
  OpBuilder::InsertionGuard guard(b);
  Type scalar = RankedTensorType::get({}, precision.accumulation);
  SmallVector<Type> arguments;
  for (const model::WeightRow &row : table)
    arguments.push_back(stackOf(row, precision));
  auto function = func::FuncOp::create(b, place, "norm", b.getFunctionType(arguments, scalar));
  for (auto [i, row] : llvm::enumerate(table))
    function.setArgAttr(i, StepDialect::gradientName, b.getStringAttr(row.name));
  function.setResultAttr(0, StepDialect::resultName, b.getStringAttr("norm"));
  Block *body = function.addEntryBlock();
  b.setInsertionPointToStart(body);
  mlir::Value norm = GlobalNormOp::create(b, place, scalar, body->getArguments());
  func::ReturnOp::create(b, place, norm);
}

void roux::step::buildUpdate(ModuleOp module, const model::ModelConfig &config,
                             const std::vector<model::WeightRow> &table, Precision precision,
                             const UpdateSettings &settings) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location place = locationOf(b.getContext(), config, "update");
  Type scalar = RankedTensorType::get({}, precision.accumulation);
  SmallVector<Type> arguments, results;
  for (const model::WeightRow &row : table) {
    Type stacked = stackOf(row, precision);
    arguments.append(argumentsPerParameter, stacked);
    results.append(3, stacked);
  }
  SmallVector<StringRef> scalars{"rate", "first_correction", "second_correction"};
  if (settings.clip) {
    results.push_back(scalar);
  } else {
    buildGradientNorm(b, place, table, precision);
    scalars.push_back("factor");
  }
  arguments.append(scalars.size(), scalar);

  auto function = func::FuncOp::create(b, place, "update", b.getFunctionType(arguments, results));
  Block *body = function.addEntryBlock();
  b.setInsertionPointToStart(body);
  auto argument = [&](size_t parameter, unsigned which) -> mlir::Value {
    return body->getArgument(parameter * argumentsPerParameter + which);
  };
  auto given = body->getArguments().take_back(scalars.size());
  SmallVector<mlir::Value> gradients, values;
  for (size_t i = 0; i < table.size(); ++i)
    gradients.push_back(argument(i, 1));
  mlir::Value norm, factor = given.back();
  if (settings.clip) {
    norm = GlobalNormOp::create(b, place, scalar, gradients);
    factor = ClipFactorOp::create(b, place, scalar, norm, b.getF64FloatAttr(*settings.clip));
  }

  for (auto [i, row] : llvm::enumerate(table)) {
    unsigned first = i * argumentsPerParameter;
    function.setArgAttr(first, StepDialect::parameterName, b.getStringAttr(row.name));
    function.setArgAttr(first + 1, StepDialect::gradientName, b.getStringAttr(row.name));
    function.setArgAttr(first + 2, StepDialect::stateName, b.getStringAttr(row.name + ".first"));
    function.setArgAttr(first + 3, StepDialect::stateName, b.getStringAttr(row.name + ".second"));
    Type type = argument(i, 0).getType();
    bool decays = row.shape.size() > 1 || settings.decaysVectors;
    auto update = AdamWOp::create(
        b, locationOf(b.getContext(), config, row.name), type, type, type, argument(i, 0),
        argument(i, 1), argument(i, 2), argument(i, 3), given[0], given[1], given[2], factor,
        b.getF64FloatAttr(settings.beta1), b.getF64FloatAttr(settings.beta2),
        b.getF64FloatAttr(settings.epsilon), b.getF64FloatAttr(decays ? settings.decay : 0.0));
    llvm::append_range(values, update.getResults());
  }
  if (norm) {
    values.push_back(norm);
    function.setResultAttr(results.size() - 1, StepDialect::resultName, b.getStringAttr("norm"));
  }
  unsigned next = arguments.size() - scalars.size();
  for (StringRef name : scalars)
    function.setArgAttr(next++, StepDialect::attributeName, b.getStringAttr(name));
  func::ReturnOp::create(b, place, values);
}
