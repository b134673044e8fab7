//===- InspectOptions.cpp - what `roux inspect` was asked for -------------===//
//
// An option that would change nothing is a mistake of whoever typed it, so a table
// says which stages read which.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/InspectOptions.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/pipeline/Stages.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Settings.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roux {

/// An option that not every stage reads.
struct StageOption {
  std::string_view name;
  uint32_t stages; ///< bits of Stage::reads
};

static constexpr StageOption stageOptions[] = {
    {"--target", reads::Train},    {"--config", reads::Shape},  {"--from", reads::Shape},
    {"--kernel", reads::Kernel},   {"--machine", reads::CPU},   {"--arch", reads::GPU},
    {"--dump-dir", reads::Recipe}, {"--measure", reads::Times}, {"--html", reads::GPU},
};

static std::string stageHelp() {
  std::string help = "what to show:";
  for (const Stage &stage : stages)
    help += fmt::format("\n  {:<8} {}", stage.name, stage.produces);
  return help;
}

static int unknownStage(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Stage &stage : stages)
    names.push_back(stage.name);
  return refuse(fmt::format("unknown stage '{}'{}; stages are {}", name, didYouMean(name, names),
                            fmt::join(names, ", ")));
}

/// 0, or 1 after refusing an option that would change nothing where no stage is printed.
static int refuseUnread(const CLI::App &app) {
  bool hasPage = app.count("--html");
  uint32_t read = reads::Step | (hasPage ? reads::Kernel | reads::GPU : 0);
  for (const StageOption &option : stageOptions)
    if (app.count(std::string(option.name)) && !(read & option.stages))
      return refuse(
          fmt::format("{} has no option '{}'", hasPage ? "--html" : "--dump-dir", option.name));
  return 0;
}

/// 0, or 1 after refusing an option that `stage` does not read.
static int refuseUnread(const CLI::App &app, const Stage &stage) {
  auto refuseOption = [&](std::string_view option) {
    return refuse(fmt::format("--emit={} has no option '{}'", stage.name, option));
  };
  for (const StageOption &option : stageOptions)
    if (app.count(std::string(option.name)) && !(stage.reads & option.stages))
      return refuseOption(option.name);
  for (const Parameter &key : constructOf(ast::Kind::Run).parameters) {
    std::string flag = "--" + std::string(key.name);
    if (flag != "--arch" && app.count(flag) && !(stage.reads & reads::Recipe))
      return refuseOption(flag);
  }
  return 0;
}

/// "step{suffix}, grad{suffix}, fuse{suffix} or kernel{suffix}": the stages that can be read back.
static std::string editableStages(std::string_view suffix) {
  std::vector<std::string> names;
  for (const Stage &stage : stages)
    if (stage.form == StageForm::Module)
      names.push_back(fmt::format("{}{}", stage.name, suffix));
  std::string last = names.back();
  names.pop_back();
  return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

void addEdited(CLI::App &app, std::string &from) {
  app.add_option("--from", from,
                 fmt::format("text that --emit={} printed, edited: it stands instead of what the "
                             "recipe's train says",
                             editableStages("")))
      ->type_name("STAGE=FILE");
}

std::optional<EditedStage> readEdited(const std::string &from) {
  if (from.empty())
    return std::nullopt;
  size_t equals = from.find('=');
  EditedStage edited{from.substr(0, equals), {}, {}};
  const Stage *stage = stageNamed(edited.stage);
  if (!stage || stage->form != StageForm::Module || equals == std::string::npos)
    throw std::runtime_error(
        fmt::format("--from takes {}, found '{}'", editableStages("=FILE"), from));
  edited.path = from.substr(equals + 1);
  std::optional<std::string> text = readFile(edited.path);
  if (!text)
    throw std::runtime_error(fmt::format("--from: cannot read '{}'", edited.path));
  edited.text = std::move(*text);
  return edited;
}

/// 0, or 1 after refusing a stage that stands before the edited one: an edit cannot change it.
static int refuseEarlier(const Stage &stage, const std::optional<EditedStage> &edited) {
  const Stage *from = edited ? stageNamed(edited->stage) : nullptr;
  if (!from || &stage >= from)
    return 0;
  return refuse(
      fmt::format("--emit={} comes before the {} that --from gives", stage.name, edited->stage));
}

std::optional<int> readInspect(int argc, char **argv, InspectRequest &request) {
  CLI::App app("look at any stage of a recipe", "roux inspect");
  std::vector<std::string> set;
  std::string from;
  app.add_option("recipe", request.path, "the recipe")->required();
  app.add_option("--emit", request.text.stage, stageHelp());
  app.add_option("--target", request.target,
                 "which train, otherwise the last one; or an eval: what measures its model, and "
                 "lets it write");
  app.add_option("--kernel", request.text.kernel, "only the kernel of this name");
  app.add_option(
      "--arch", request.text.architecture,
      "of ptx, sass, --html and a table of what kernels would take there: sm_80, sm_90a, "
      "sm_100a, sm_120a");
  app.add_option("--machine", request.text.machine,
                 "of loops, llvm and asm: avx512_amx, avx512_bf16, avx512, avx2, portable");
  app.add_option("--config", request.config, "a config.json that gives the model's shape instead");
  app.add_flag(
      "--measure", request.measures,
      "of table: run a step on the recipe's data, and say what of its bound each kernel reaches");
  addEdited(app, from);
  app.add_option("--dump-dir", request.dumpFolder, "write every stage to files of this folder");
  app.add_option(
      "--html", request.page,
      "write the recipe beside each kernel's IR, PTX and SASS to this file, one page that "
      "leads from lines to instructions and back");
  addSettings(app, set);
  addRunKeys(app, request.check);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return done;
  const Stage *stage = stageNamed(request.text.stage);
  bool writesFiles = !request.dumpFolder.empty() || !request.page.empty();
  if (!stage && !(request.text.stage.empty() && writesFiles))
    return app.count("--emit")
               ? unknownStage(request.text.stage)
               : refuse("what to show is not said; expected --emit=STAGE, --dump-dir "
                        "or --html; see 'roux inspect --help'");
  int status = guarded([&] {
    if (stage ? refuseUnread(app, *stage) : refuseUnread(app))
      return 1;
    request.edited = readEdited(from);
    // A table has one architecture only: that of the step whose kernels are launched.
    if (stage && stage->name == "table" && app.count("--arch")) {
      request.check.run.emplace_back("device", "cuda");
      request.check.run.emplace_back("arch", request.text.architecture);
    }
    bool isRefused = stage && refuseEarlier(*stage, request.edited);
    return isRefused || !readSettings(set, request.check) ? 1 : 0;
  });
  return status ? std::optional(status) : std::nullopt;
}

} // namespace roux
