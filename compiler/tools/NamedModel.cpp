//===- NamedModel.cpp - a model given on the command line -----------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/NamedModel.h"

#include "compiler/tools/RecipeProgram.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/model/WriteModel.h"

#include <fmt/format.h>

namespace roux {

model::Model openNamedModel(const std::filesystem::path &path) {
  if (path.extension() == ".recipe")
    throw std::runtime_error(fmt::format(
        "{}: is a recipe; expected a model: a folder, a GGUF or llama2.c file, as 'roux "
        "run' leaves one in runs/{}/",
        path.string(), path.stem().string()));
  // One that was trained here has its hashes beside it.
  if (data::KnownFiles known(path.parent_path() / "known-files");
      std::filesystem::exists(model::sumsOf(path)))
    model::checkModelFolder(path, known);
  model::Model model = model::openModel(path);
  for (const std::string &problem : model::notFinite(model.weights))
    throw model::ModelError(problem);
  return model;
}

std::shared_ptr<const data::Tokenizer> tokenizerOfModel(const std::filesystem::path &path,
                                                        const std::string &named) {
  if (!named.empty())
    return data::loadTokenizer(named);
  if (!std::filesystem::is_directory(path))
    throw std::runtime_error(
        fmt::format("{}: holds no tokenizer; --tokenizer names one", path.string()));
  try {
    return data::loadTokenizer(path);
  } catch (const data::TokenizerError &error) {
    throw std::runtime_error(fmt::format("{}; --tokenizer names another", error.what()));
  }
}

std::unique_ptr<train::ModelProgram> compileNamedModel(const SourceManager &sources,
                                                       const CheckedRecipe &recipe,
                                                       const model::Model &model, bool generates) {
  StepSource source = evaluationOf(sources, recipe, model.config);
  source.generates = generates;
  std::unique_ptr<train::ModelProgram> program = programFor(recipe, source);
  program->setParameters(model.weights);
  return program;
}

} // namespace roux
