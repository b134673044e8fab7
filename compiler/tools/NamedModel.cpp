//===- NamedModel.cpp - a model given on the command line -----------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/NamedModel.h"

#include "compiler/pipeline/CompileStep.h"
#include "compiler/tools/CompilerVerbs.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/model/WriteModel.h"

#include <algorithm>
#include <fmt/format.h>
#include <thread>

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

std::unique_ptr<train::ModelProgram> compileNamedModel(const model::Model &model, bool generates) {
  StepSource source;
  source.config = model.config;
  source.trains = false;
  source.generates = generates;
  std::optional<Program> program = compileStep(source, kernelCacheFolder());
  if (!program)
    throw std::runtime_error("the model could not be compiled");
  auto runs = std::make_unique<train::ModelProgram>(
      std::move(*program), model.config,
      std::make_shared<CPUDevice>(std::max(1u, std::thread::hardware_concurrency())));
  runs->setParameters(model.weights);
  return runs;
}

} // namespace roux
