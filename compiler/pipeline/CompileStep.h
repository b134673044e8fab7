//===- CompileStep.h - from a model's shape and a loss to a program -------===//
//
// The whole pipeline behind one door that includes no MLIR, for the verbs: what a
// step computes goes in, a program that the runtime walks comes out, or the text
// of any stage on the way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/UpdateRules.h"
#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/pipeline/ListedKernels.h"
#include "runtime/Expression.h"
#include "runtime/Program.h"
#include "runtime/WeightFormula.h"
#include "runtime/model/ModelConfig.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

/// Rises when the same recipe becomes a step that computes other numbers, beyond rounding: trains
/// made before are then made again.
inline constexpr unsigned stepFormat = 1;

/// What the numbers of a step are: `run { dtype: … }`.
enum class StepType : uint8_t { F32, BF16, F64 };

/// Text of a stage that stands instead of what the recipe says: `--from kernel=FILE`.
struct EditedStage {
  std::string stage; ///< recipe, step, grad, fuse or kernel
  std::string path;  ///< for diagnostics
  std::string text;
};

/// Where a recipe says what a step is made of. Of a part that it does not say: where the whole is.
struct StepPlaces {
  SourceRange model, heads, feedForward, rope, adapter;
  SourceRange optimizer, clip;
};

/// What a step is made of: a train of a recipe and the shape of its model, or, of no train, what
/// stands instead.
struct StepSource {
  const SourceManager *sources = nullptr; ///< for the places of diagnostics
  const CheckedRecipe *recipe = nullptr;  ///< which says loss, weight, optimizer and type
  std::string train;                      ///< of it; empty: the four below say it
  StepPlaces places;
  model::ModelConfig config;
  WeightFormula weight; ///< empty: 1
  step::UpdateSettings update{.beta2 = 0.999};
  StepType type = StepType::F32;
  bool fuses = true;             ///< else each operation keeps its kernels: the same bits
  bool savesActivations = false; ///< else a layer's gradient computes the layer again
  int64_t again = 0;             ///< values of a layer that it computes again all the same
  bool trains = true;            ///< the program has `train` and `update`
  bool generates = false;        ///< the program has `prefill` and `decode`
  std::optional<EditedStage> edited;
  std::string machine;                 ///< avx512, avx2, portable, sm_90a, …; empty: this processor
  CodeKind code = CodeKind::Processor; ///< of a GPU, what runs its kernels
  bool attentionLibrary = false;       ///< of a GPU, whose library may do attention's gradient
};

/// Which text of a step is asked for.
struct StageText {
  std::string stage;        ///< step, grad, fuse, kernel, loops, llvm, asm, gpu, ptx, table
  std::string kernel = {};  ///< only this one; empty: all
  std::string machine = {}; ///< of --machine; empty: this processor's
  std::string architecture = "sm_90a"; ///< of gpu and ptx
  std::string cacheFolder = {};        ///< where PTX and tables are kept; empty: nowhere
};

struct MeasuredKernels;

/// The stage's text; none after saying on stderr what is wrong. A table of kernels that were
/// measured says how they did.
std::optional<std::string> printStage(const StepSource &source, const StageText &what,
                                      const MeasuredKernels *measured = nullptr);

/// The kernels of a step on the GPU `what` names, in each form, line by line; none after saying on
/// stderr what is wrong.
std::optional<ListedKernels> listStep(const StepSource &source, const StageText &what);

/// A file of a dump: its name, which may have a folder, and what is in it.
struct StageFile {
  std::string name, text;
};

/// All texts from the step to each kernel's assembly on this machine, in their order; none after
/// saying on stderr what is wrong.
std::optional<std::vector<StageFile>> printStages(const StepSource &source);

/// The entries with their buffers, of which a memory plan can be made, and no code; as it was kept
/// in `cacheFolder`, or kept there; empty: nowhere.
std::optional<Program> outlineStep(const StepSource &source, const std::string &cacheFolder = "");

/// The entries `nll` and `logits`, and those that `source` asks for, for its machine. Kernels
/// compiled before are taken from `cacheFolder`, and new ones put there; empty: no cache. None
/// after saying on stderr what is wrong.
std::optional<Program> compileStep(const StepSource &source, const std::string &cacheFolder);

} // namespace roux
