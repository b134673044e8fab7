//===- RecipeToStep.cpp - one train of a recipe as the step it repeats ----===//
//
// What a recipe says of a step meets the shape of its model here: everything else of
// a train is about which tokens make a step, which only a plan knows.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/RecipeToStep.h"

#include "compiler/conversion/Passes.h"
#include "compiler/conversion/step/ModelToStep.h"
#include "compiler/conversion/step/OptimizerOfTrain.h"
#include "compiler/conversion/step/ShapeFile.h"
#include "dialects/Recipe/Recipe.h"
#include "llvm/ADT/StringSwitch.h"

namespace roux {
#define GEN_PASS_DEF_RECIPETOSTEP
#include "compiler/conversion/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

/// Where a formula's operations begin: ranges are for readers of a recipe, kernels have one line.
static void placeAtBegin(Region &formula) {
  formula.walk([](Operation *op) {
    if (auto range = dyn_cast<FileLineColRange>(op->getLoc()))
      op->setLoc(
          FileLineColLoc::get(range.getFilename(), range.getStartLine(), range.getStartColumn()));
  });
}

static FailureOr<step::StreamType> typeOf(ModuleOp module) {
  auto runs = module.getOps<recipe::RunOp>();
  if (runs.empty())
    return module.emitError() << "there is no recipe.run, which says the type of a step";
  recipe::RunOp run = *runs.begin();
  StringRef word = cast<recipe::WordAttr>(run.getDtype()).getValue().getValue();
  if (word == "tf32")
    return run.emitOpError() << "asks for tf32, in which no step is; expected f32, bf16 or f64";
  return llvm::StringSwitch<step::StreamType>(word)
      .Case("bf16", step::StreamType::BF16)
      .Case("f64", step::StreamType::F64)
      .Default(step::StreamType::F32);
}

namespace {
struct RecipeToStep : roux::impl::RecipeToStepBase<RecipeToStep> {
  using RecipeToStepBase::RecipeToStepBase;
  explicit RecipeToStep(const TrainedStep &step)
      : RecipeToStepBase(RecipeToStepOptions{step.train, step.configFile, step.saves, step.again}),
        given(step.config) {}

  void runOnOperation() override {
    if (failed(convert(getOperation())))
      signalPassFailure();
  }

private:
  LogicalResult convert(ModuleOp module);
  /// Null after a report.
  const model::ModelConfig *shape();

  const model::ModelConfig *given = nullptr;
  std::optional<model::ModelConfig> read;
};
} // namespace

const model::ModelConfig *RecipeToStep::shape() {
  if (given)
    return given;
  std::string why;
  read = step::shapeOfFile(model, why);
  if (!read)
    getOperation().emitError() << why;
  return read ? &*read : nullptr;
}

LogicalResult RecipeToStep::convert(ModuleOp module) {
  auto named = module.lookupSymbol<recipe::TrainOp>(train);
  if (!named)
    return module.emitError() << "there is no train '" << train << "'";
  const model::ModelConfig *config = shape();
  if (!config)
    return failure();
  FailureOr<step::StreamType> type = typeOf(module);
  FailureOr<step::UpdateSettings> update = step::updateOfTrain(named, *config);
  if (failed(type) || failed(update))
    return failure();
  placeAtBegin(named.getLoss());
  placeAtBegin(named.getWeight());
  step::StepRequest request{.config = config,
                            .loss = &named.getLoss(),
                            .weight = &named.getWeight(),
                            .type = *type,
                            .activations =
                                saves ? step::Activations::save : step::Activations::recompute,
                            .update = *update,
                            .again = again};
  OwningOpRef<ModuleOp> built = step::buildStep(getContext(), request);
  if (!built)
    return failure();
  module.getBody()->clear();
  module->setLoc(built->getLoc());
  module.getBody()->getOperations().splice(module.getBody()->end(),
                                           built->getBody()->getOperations());
  return success();
}

std::unique_ptr<Pass> roux::createStepOfTrain(const TrainedStep &step) {
  return std::make_unique<RecipeToStep>(step);
}
