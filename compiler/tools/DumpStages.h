//===- DumpStages.h - every stage of a program as files -------------------===//
//
// What is looked at after the fact, diffed between two versions, or sent to somebody:
// `--dump-dir`. It is made from the recipe, never from what a cache has, so it is the
// same whether anything was compiled or not. Weights and texts of the data are not in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/StepMemory.h"

namespace roux {

class StageDump {
public:
  /// Makes the folder. Throws FileError where nothing can be written into it.
  explicit StageDump(std::filesystem::path folder);

  /// Writes `files`, numbered in their order, to the folder `name`, which appears whole or not at
  /// all and replaces an earlier dump. Throws FileError, also where there is a folder of this name
  /// that is no dump.
  void write(const std::string &name, const std::vector<StageFile> &files) const;

private:
  std::filesystem::path folder;
};

/// The stages of a train, from the recipe to the assembly of its kernels; none after saying on
/// stderr what is wrong. `data` is null where there are none to plan.
std::optional<std::vector<StageFile>>
stagesOfTrain(const SourceManager &sources, const CheckedRecipe &recipe,
              const CheckedDefinition &train, const FittedStep &step, const TrainingData *data);

/// Those of what measures and writes.
std::optional<std::vector<StageFile>>
stagesOfEval(const SourceManager &sources, const CheckedRecipe &recipe, const StepSource &source);

/// Writes what a run compiles for `definition`, a train or an eval; a train's with the text that
/// stands instead. Builds its data. Throws what any part of it throws.
void dumpProgram(const SourceManager &sources, const CheckedRecipe &recipe,
                 const CheckedDefinition &definition, DataBuilder &builder,
                 const std::optional<EditedStage> &edited, const StageDump &dump);

} // namespace roux
