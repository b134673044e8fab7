//===- UpdateToStep.cpp - norm, clip, AdamW -------------------------------===//
//
// The layers of a weight are one stacked tensor, so the number of operations
// does not depend on depth.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/UpdateToStep.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;

/// The arguments of one parameter: itself, its gradient, its two moments.
static constexpr unsigned argumentsPerParameter = 4;

void roux::step::buildUpdate(ModuleOp module, const model::ModelConfig &config,
                             const std::vector<model::WeightRow> &table, Precision precision,
                             const UpdateSettings &settings) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location place = locationOf(b.getContext(), config, "update");
  Type scalar = RankedTensorType::get({}, precision.accumulation);
  SmallVector<Type> arguments, results;
  for (const model::WeightRow &row : table) {
    auto type = RankedTensorType::get(row.shape, precision.accumulation);
    Type stacked = row.perLayer ? stackType(type, row.layers) : type;
    arguments.append(argumentsPerParameter, stacked);
    results.append(3, stacked);
  }
  arguments.append(3, scalar);
  results.push_back(scalar);

  auto function = func::FuncOp::create(b, place, "update", b.getFunctionType(arguments, results));
  Block *body = function.addEntryBlock();
  b.setInsertionPointToStart(body);
  auto argument = [&](size_t parameter, unsigned which) -> mlir::Value {
    return body->getArgument(parameter * argumentsPerParameter + which);
  };
  SmallVector<mlir::Value> gradients, values;
  for (size_t i = 0; i < table.size(); ++i)
    gradients.push_back(argument(i, 1));
  mlir::Value norm = GlobalNormOp::create(b, place, scalar, gradients);
  mlir::Value factor;
  if (settings.clip)
    factor = ClipFactorOp::create(b, place, scalar, norm, b.getF64FloatAttr(*settings.clip));

  auto scalars = body->getArguments().take_back(3);
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
        argument(i, 1), argument(i, 2), argument(i, 3), scalars[0], scalars[1], scalars[2], factor,
        b.getF64FloatAttr(settings.beta1), b.getF64FloatAttr(settings.beta2),
        b.getF64FloatAttr(settings.epsilon), b.getF64FloatAttr(decays ? settings.decay : 0.0));
    llvm::append_range(values, update.getResults());
  }
  values.push_back(norm);
  function.setResultAttr(results.size() - 1, StepDialect::resultName, b.getStringAttr("norm"));
  unsigned next = arguments.size() - 3;
  for (StringRef name : {"rate", "first_correction", "second_correction"})
    function.setArgAttr(next++, StepDialect::attributeName, b.getStringAttr(name));
  func::ReturnOp::create(b, place, values);
}
