//===- UpdateToStep.cpp - norm, clip, an update of each weight ------------===//
//
// The layers of a weight are one stacked tensor, so the number of operations
// does not depend on depth. Where no clip is given the norm is an entry of its own
// and the update is given a factor: who trains looks at the norm in between, so that
// nothing is updated by a gradient that is no number.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/UpdateToStep.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;

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

namespace {

/// One weight's row of the update's table, and where it is among the arguments: itself, its
/// gradient, its moments.
struct UpdatedWeight {
  const model::WeightRow *row;
  UpdateRule rule;
  Type type, momentType;
  unsigned begin = 0;

  unsigned moments() const { return rule.isMuon ? 1 : 2; }
  unsigned end() const { return begin + 2 + moments(); }
};

} // namespace

static SmallVector<UpdatedWeight> updatedWeights(const model::ModelConfig &config,
                                                 const std::vector<model::WeightRow> &table,
                                                 Precision precision,
                                                 const UpdateSettings &settings) {
  SmallVector<UpdatedWeight> weights;
  unsigned next = 0;
  for (const model::WeightRow &row : table) {
    auto type = cast<RankedTensorType>(stackOf(row, precision));
    Type element = type.getElementType();
    if (settings.halfMoments)
      element = BFloat16Type::get(type.getContext());
    weights.push_back({&row, ruleOf(settings, config, row), type, type.clone(element), next});
    next = weights.back().end();
  }
  return weights;
}

static void nameArguments(func::FuncOp function, const UpdatedWeight &weight) {
  static constexpr StringLiteral suffixes[] = {".first", ".second"};
  MLIRContext *context = function.getContext();
  StringAttr name = StringAttr::get(context, weight.row->name);
  function.setArgAttr(weight.begin, StepDialect::parameterName, name);
  function.setArgAttr(weight.begin + 1, StepDialect::gradientName, name);
  for (unsigned i = 0; i < weight.moments(); ++i)
    function.setArgAttr(weight.begin + 2 + i, StepDialect::stateName,
                        StringAttr::get(context, weight.row->name + suffixes[i].str()));
}

/// The operation that updates `weight`, whose arguments are `own`; `scalars` are those of the
/// launch.
static mlir::Operation *updateOf(OpBuilder &b, Location place, const UpdatedWeight &weight,
                                 ValueRange own, ValueRange scalars, mlir::Value factor,
                                 const UpdateSettings &settings) {
  const UpdateRule &rule = weight.rule;
  auto number = [&](double value) { return b.getF64FloatAttr(value); };
  if (rule.isMuon)
    return MuonOp::create(b, place, weight.type, weight.momentType, own[0], own[1], own[2],
                          scalars[0], factor, number(settings.muon->momentum),
                          settings.muon->isNesterov ? b.getUnitAttr() : UnitAttr(),
                          number(rule.decay), number(rule.share), number(rule.length));
  return AdamWOp::create(b, place, weight.type, weight.momentType, weight.momentType, own[0],
                         own[1], own[2], own[3], scalars[0], scalars[1], scalars[2], factor,
                         number(settings.beta1), number(settings.beta2), number(settings.epsilon),
                         number(rule.decay), number(rule.share));
}

void roux::step::buildUpdate(ModuleOp module, const model::ModelConfig &config,
                             const std::vector<model::WeightRow> &table, Precision precision,
                             const UpdateSettings &settings) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location place = locationOf(b.getContext(), config, "update");
  Type scalar = RankedTensorType::get({}, precision.accumulation);
  SmallVector<UpdatedWeight> weights = updatedWeights(config, table, precision, settings);
  SmallVector<Type> arguments, results;
  for (const UpdatedWeight &weight : weights) {
    arguments.append(2, weight.type);
    arguments.append(weight.moments(), weight.momentType);
    results.push_back(weight.type);
    results.append(weight.moments(), weight.momentType);
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
  ValueRange given = body->getArguments().take_back(scalars.size());
  SmallVector<mlir::Value> gradients, values;
  for (const UpdatedWeight &weight : weights)
    gradients.push_back(body->getArgument(weight.begin + 1));
  mlir::Value norm, factor = given.back();
  if (settings.clip) {
    Location clip = locationOf(b.getContext(), config, clipName);
    norm = GlobalNormOp::create(b, clip, scalar, gradients);
    factor = ClipFactorOp::create(b, clip, scalar, norm, b.getF64FloatAttr(*settings.clip));
  }
  for (const UpdatedWeight &weight : weights) {
    nameArguments(function, weight);
    ValueRange own = body->getArguments().slice(weight.begin, weight.end() - weight.begin);
    mlir::Operation *update = updateOf(b, locationOf(b.getContext(), config, weight.row->name),
                                       weight, own, given, factor, settings);
    llvm::append_range(values, update->getResults());
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
