//===- Preview.cpp - `roux preview` ---------------------------------------===//
//
// Shows a step as the model will see it: every token with its target, weight,
// position and segment.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/Preview.h"
#include "compiler/plan/TrainingData.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/Verbs.h"
#include "compiler/tools/WithRecipe.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace roux {

namespace {
struct PreviewRequest {
  std::string path, target, html;
  uint64_t step = 0;
};
} // namespace

static int writePage(const std::string &path, const std::string &page) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << page) || !file.flush())
    return refuse(fmt::format("{}: cannot be written", path));
  fmt::print("wrote {}\n", path);
  return 0;
}

static int preview(const SourceManager &sources, const CheckedRecipe &recipe,
                   const PreviewRequest &request) {
  // Enough of a long document to see what it is; a page has room for more than a terminal.
  constexpr uint32_t inTerminal = 256, onPage = 4096;
  const CheckedDefinition &train = trainNamed(recipe, request.target);
  DataBuilder builder(sources, recipe, outputFolder(request.path) / "data");
  TrainingData built = builder.build(train);
  if (request.step >= built.plan.steps())
    return refuse(fmt::format("step {} is not in the plan of '{}', which has {} steps, counted "
                              "from 0",
                              request.step, train.name, built.plan.steps()));
  bool isPage = !request.html.empty();
  data::PreviewStep step = data::previewStep(
      built.plan, built.store, train["weight"].expression,
      [&](std::span<const uint32_t> ids) { return built.model.tokenizer->decode(ids); },
      request.step, isPage ? onPage : inTerminal);
  if (isPage)
    return writePage(request.html, previewHtml(step));
  bool colour = isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR");
  fmt::print("{}", previewText(step, colour));
  return 0;
}

int runPreview(int argc, char **argv) {
  CLI::App app("show a step as the model will see it", "roux preview");
  PreviewRequest request;
  std::vector<std::string> set;
  app.add_option("recipe", request.path, "the recipe")->required();
  app.add_option("--step", request.step, "which step, from 0");
  app.add_option("--target", request.target, "which train; otherwise the last one");
  app.add_option("--html", request.html, "write one self-contained page to this file");
  addSettings(app, set);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] {
    CheckOptions options;
    if (!readSettings(set, options))
      return 1;
    return withRecipe(request.path, options, [&](const auto &sources, const auto &recipe) {
      return preview(sources, recipe, request);
    });
  });
}

} // namespace roux
