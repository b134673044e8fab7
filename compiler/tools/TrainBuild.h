//===- TrainBuild.h - the trains of a recipe, built once ------------------===//
//
// A train is made from its slice of the recipe, its plan and the model it starts
// from. Its folder is named after their hash, so a train that is there is not made
// again, and one whose recipe changed is never mistaken for another.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/pipeline/CompileStep.h"
#include "compiler/plan/ModelWeights.h"
#include "compiler/tools/KeptRun.h"
#include "compiler/tools/RecipeProgram.h"
#include "compiler/tools/StepMemory.h"
#include "runtime/train/CompiledStep.h"
#include "runtime/train/ModelProgram.h"
#include "runtime/train/Trainer.h"

namespace roux {

/// Who only looks met something that a run would make first; the text says what a run would do.
struct NotMadeYet : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What became of a train.
struct BuiltTrain {
  std::filesystem::path folder; ///< checkpoints, metrics, and the model in `model`
  std::shared_ptr<const TrainingData> data;
  bool wasThere = false;
};

/// Whether a train's folder holds the model that it ended with.
bool isWhole(const std::filesystem::path &folder);

class TrainBuilder {
public:
  /// `output` is the recipe's folder. The recipe and its sources must outlive this.
  TrainBuilder(const SourceManager &sources, const CheckedRecipe &recipe,
               std::filesystem::path output);

  /// `train` is to be made of `stage` instead of what the recipe says, and is another train then.
  void edit(const CheckedDefinition &train, EditedStage stage);
  /// Trains that are built from here on have a record of how that came to be.
  void keepRecords(RunOrigin how) { origin = std::move(how); }
  /// Builds `train`, and first the trains it starts from. Says on stdout what it does. Throws what
  /// any part of it throws.
  const BuiltTrain &build(const CheckedDefinition &train);
  /// Does for `train`, and for the trains it starts from, all that can be done before the first
  /// step of any: data, plan, memory. Throws what would be thrown later.
  void prepare(const CheckedDefinition &train);
  /// Opens the files of weights that `model` names itself, and looks whether `average` will find as
  /// many saves as it asks for.
  void prepare(const CheckedValue &model);
  /// A model value with weights; trains that it names are built.
  model::Model modelOf(const CheckedValue &value, Precision precision = Precision::Exported);
  DataBuilder &data() { return dataBuilder; }
  /// The scores of `score`, made if they have to be.
  std::shared_ptr<const data::ScoreTable> scoresOf(const CheckedDefinition &score);
  /// Scores that were asked for, in that order.
  const std::vector<std::pair<const CheckedDefinition *, std::shared_ptr<const data::ScoreTable>>> &
  scores() const {
    return scored;
  }
  /// Changes with the weights of a model value; trains that it names are built.
  std::string identityOf(const CheckedValue &model, Precision precision = Precision::Exported);
  /// From here on a train that is not there is refused with how to build it.
  void neverTrain() { trains = false; }
  /// The same, and so are scores and answers, and nothing is said of what is there.
  void onlyLook() { trains = false, onlyLooks = true; }
  bool looksOnly() const { return onlyLooks; }
  /// Whether some run of `train` ended, of this recipe or of an older one.
  bool hasRun(const CheckedDefinition &train) const;
  /// What a run would do with `train`, and why. Nothing but its data is made.
  std::string outlook(const CheckedDefinition &train);

  /// Tokens and plan of `train`, made where they are not there.
  std::shared_ptr<const TrainingData> dataOf(const CheckedDefinition &train);
  /// Whether `train` is built as the recipe says it.
  bool isThere(const CheckedDefinition &train);

private:
  /// Changes with all that `train` is made of; trains that it starts from need not be built.
  std::string identityOf(const CheckedDefinition &train);
  void prepareSaved(const CheckedValue &model, const train::SaveInterval &save);
  /// Where `train` is, or will be.
  std::filesystem::path folderOf(const CheckedDefinition &train);
  /// Everything that `train` is made of, as text.
  std::string madeOf(const CheckedDefinition &train);
  /// Looks at what a training left in `folder`; throws ModelError and FileError where it is
  /// damaged.
  void verify(const std::filesystem::path &folder);
  /// Writes the model in `folder`, where `train` is whole, anew if it is to be of another type.
  void exportAsAsked(const CheckedDefinition &train, const std::filesystem::path &folder);
  /// Why `train`, which is made from what `made` says, is not one that was trained before; empty
  /// where none was.
  std::string whyAnew(const CheckedDefinition &train, const std::string &made) const;
  /// Says that, and notes in `folder` what it is made from.
  void sayWhy(const CheckedDefinition &train, const std::string &made,
              const std::filesystem::path &folder);
  /// The train whose model `train` starts from.
  const BuiltTrain &before(const CheckedDefinition &train) {
    return build(*recipe.trainBehind(train["model"]));
  }
  /// What the schedule of `train` is over: its own steps and, before them, those whose place it
  /// carries on from.
  train::TrainingExtent scheduledOver(const CheckedDefinition &train);
  /// Takes into `step` and `options` what `carry:` names; the schedule that follows from it.
  train::Schedule takeOver(const CheckedDefinition &train, const data::Plan &plan,
                           train::CompiledStep &step, train::TrainerOptions &options);
  /// The step that `train` is made of, as it fits into memory.
  const FittedStep &stepFor(const CheckedDefinition &train);
  void train(const CheckedDefinition &train, const std::string &identity,
             const std::filesystem::path &folder);
  /// The same, with a record of it.
  void trainOnRecord(const CheckedDefinition &train, const std::filesystem::path &folder);

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  std::filesystem::path output;
  DataBuilder dataBuilder;
  std::map<const CheckedDefinition *, std::shared_ptr<const TrainingData>> dataOfTrains;
  std::map<const CheckedDefinition *, FittedStep> steps;
  std::vector<std::pair<const CheckedDefinition *, std::shared_ptr<const data::ScoreTable>>> scored;
  std::map<const CheckedDefinition *, BuiltTrain> built;
  std::map<const CheckedDefinition *, EditedStage> edited;
  std::optional<RunOrigin> origin;
  bool trains = true, onlyLooks = false;
};

} // namespace roux
