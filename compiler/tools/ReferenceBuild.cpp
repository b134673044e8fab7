//===- ReferenceBuild.cpp - what a reference says of a train's pairs ------===//
//
// The file is named after the pairs and the model, and sealed: one that is damaged is
// as good as none.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/ReferenceBuild.h"

#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/Say.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/eval/AnswerLikelihood.h"
#include "runtime/eval/CompiledModel.h"

#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <xxhash.h>

namespace roux {

/// Rises when the same pairs and model have other numbers, beyond rounding, or another file.
static constexpr int referenceFormat = 1;

static std::string_view bytesOf(const data::PairReference &reference) {
  return {reinterpret_cast<const char *>(reference.data()),
          reference.size() * sizeof(reference.front())};
}

static std::string sealed(std::string_view bytes) {
  return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

/// The file's numbers; nothing if it is not there or not whole.
static std::optional<data::PairReference> readReference(const std::filesystem::path &file,
                                                        size_t pairs) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  std::string found = std::move(text).str();
  data::PairReference reference(pairs);
  std::string_view bytes = bytesOf(reference);
  if (!stream || found.size() < bytes.size() ||
      found.substr(0, found.size() - bytes.size()) !=
          sealed(std::string_view(found).substr(found.size() - bytes.size())))
    return std::nullopt;
  std::memcpy(reference.data(), found.data() + (found.size() - bytes.size()), bytes.size());
  return reference;
}

std::optional<data::PairReference> referenceOf(const SourceManager &sources,
                                               const CheckedRecipe &recipe, TrainBuilder &trains,
                                               const CheckedDefinition &train,
                                               const data::TokenStore &store,
                                               const std::filesystem::path &output) {
  const CheckedValue &named = train["reference"];
  if (named.isNone())
    return std::nullopt;
  std::string identity = fmt::format("reference {} of {:016x}\n{}", referenceFormat, store.hash(),
                                     trains.identityOf(named));
  std::filesystem::path file =
      output / "references" /
      fmt::format("{}-{:016x}.logp", train.name, XXH3_64bits(identity.data(), identity.size()));
  if (auto kept = readReference(file, store.sequences().size()))
    return kept;
  if (!isQuiet)
    say(stderr, "train {}: asking the reference about {} pairs\n", train.name,
        store.sequences().size());
  model::Model model = trains.modelOf(named);
  StepSource source = evaluationOf(sources, recipe, model.config);
  source.generates = false;
  if (source.type == StepType::BF16) // a preference hangs on small differences of large sums
    source.type = StepType::F32;
  auto program = programFor(recipe, source);
  program->setParameters(model.weights);
  eval::CompiledNll nll(*program);
  data::PairReference reference =
      eval::answerLikelihoods(nll, store, static_cast<uint64_t>(model.config.context));
  std::filesystem::create_directories(file.parent_path());
  data::writeWhole(file, sealed(bytesOf(reference)) + std::string(bytesOf(reference)));
  return reference;
}

} // namespace roux
