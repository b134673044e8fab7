//===- Preview.cpp - `roux preview` ---------------------------------------===//
//
// What the model will really see, before it sees it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/Preview.h"

#include "compiler/tools/CommandLine.h"
#include "compiler/tools/PlannedTrain.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/Verbs.h"
#include "runtime/data/AtomicFile.h"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace roux {

namespace {

struct PreviewRequest {
  uint64_t step = 0;
  uint32_t tokens = 400; ///< of each sequence; 0: all
  std::string html;      ///< a file; empty: text to stdout
  bool asJson = false;   ///< that text is for programs
};

} // namespace

/// On a terminal, unless its owner wants none (no-color.org).
static bool showsColours() {
  const char *unwanted = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && !(unwanted && *unwanted);
}

static void show(const CheckedDefinition &train, const TrainingData &data,
                 const PreviewRequest &request) {
  if (request.step >= data.plan.steps())
    throw data::PlanError(fmt::format("step {} of train '{}', which has steps 0 to {}",
                                      request.step, train.name, data.plan.steps() - 1));
  data::Decode decode = [&](std::span<const uint32_t> ids) {
    return data.model.tokenizer->decode(ids);
  };
  data::PreviewStep step = data::previewStep(data.plan, data.store, train["weight"].expression,
                                             decode, request.step, request.tokens);
  if (request.asJson) {
    fmt::print("{}", data::previewJson(step));
    return;
  }
  if (request.html.empty()) {
    fmt::print("{}", data::previewText(step, showsColours()));
    return;
  }
  std::string page = data::previewHtml(step);
  data::AtomicFile file(request.html, 0);
  file.write(std::as_bytes(std::span(page)));
  file.commit({});
}

int runPreview(int argc, char **argv) {
  CLI::App app("show a step as tokens: target, weight, position, segment", "roux preview");
  std::string path, target;
  std::vector<std::string> set;
  PreviewRequest request;
  app.add_option("recipe", path, "the recipe")->required();
  app.add_option("--target", target, "the train to look at; the last one if not said");
  app.add_option("--step", request.step, "which step, from 0");
  app.add_option("--tokens", request.tokens, "show so many of each sequence; 0 for all");
  CLI::Option *html =
      app.add_option("--html", request.html, "write one self-contained page to this file");
  app.add_flag("--json", request.asJson, "one object on stdout, for programs")->excludes(html);
  addSettings(app, set);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] {
    CheckOptions options;
    options.files = true;
    if (!readSettings(set, options))
      return 1;
    return withPlannedTrain(path, target, options,
                            [&](const CheckedDefinition &train, const TrainingData &data) {
                              show(train, data, request);
                            });
  });
}

} // namespace roux
