//===- PlannedTrain.cpp - a recipe's trains with their data ---------------===//
//
// What is built here stays under runs/, where the training finds it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/PlannedTrain.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/plan/ExportType.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainSettings.h"
#include "compiler/tools/CommandLine.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/data/FileState.h"
#include "runtime/data/JsonText.h"
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/data/view/DataSummary.h"
#include "runtime/train/StepSource.h"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <xxhash.h>

namespace roux {

/// To stderr, as it begins: a large corpus is minutes of work.
static void announce(const std::string &what) {
  fmt::print(stderr, "{}\n", what);
}

int withPlannedTrain(
    const std::string &path, const std::string &target, const CheckOptions &options,
    const std::function<void(const CheckedDefinition &, const TrainingData &)> &show) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (int status = printFound(diagnostics); status || !recipe)
    return status;
  const CheckedDefinition &train = trainNamed(*recipe, target);
  DataBuilder builder(sources, *recipe, readingFolder(path));
  builder.announce(announce);
  show(train, builder.build(train));
  return 0;
}

/// What names the summary of `train`: it hangs on the plan, on the weights, and on who sums up, so
/// that another build never shows what an older one found. Empty where that cannot be told.
static std::string summaryKey(const CheckedRecipe &recipe, const CheckedDefinition &train,
                              const data::Plan &plan) {
  std::string program = data::stateOf("/proc/self/exe").text;
  return program.empty()
             ? ""
             : fmt::format("{}\n{:016x}\n{}", program, plan.hash(), meaningOf(recipe, train));
}

/// The text in `file` if it is whole: its first line is its sum.
static std::string keptText(const std::filesystem::path &file) {
  std::ifstream stream(file);
  std::string sum, text;
  std::getline(stream, sum);
  text.assign(std::istreambuf_iterator(stream), {});
  return sum == fmt::format("{:016x}", XXH3_64bits(text.data(), text.size())) ? text : "";
}

/// Summing up reads the tables of all sequences, so it is done once for a plan.
static std::string summaryText(const CheckedRecipe &recipe, const CheckedDefinition &train,
                               const TrainingData &data) {
  std::string key = summaryKey(recipe, train, data.plan);
  std::filesystem::path file = data.planFile;
  file.replace_extension("summary");
  std::string head = fmt::format("{:016x}\n", XXH3_64bits(key.data(), key.size()));
  if (std::string kept = keptText(file); !key.empty() && kept.starts_with(head))
    return kept.substr(head.size());
  std::string text = summarize(data.plan, data.store, train["weight"].expression).text();
  std::string whole = head + text;
  try {
    data::writeWhole(file,
                     fmt::format("{:016x}\n{}", XXH3_64bits(whole.data(), whole.size()), whole));
  } catch (const data::FileError &) {
    // It is summed up again the next time, and nothing else is lost.
  }
  return text;
}

/// What `train` is too short for: parts of its schedule, and intervals of evals on its way.
static std::string unreachedText(const SourceManager &sources, const CheckedRecipe &recipe,
                                 const CheckedDefinition &train, uint64_t steps,
                                 const train::TrainingExtent &extent) {
  std::string text;
  train::Schedule schedule = scheduleOf(sources, train, extent);
  for (const std::string &part : schedule.unreached())
    text += fmt::format("warning: {}\n", part);
  for (const CheckedDefinition &eval : recipe.definitions) {
    if (eval.kind != ast::Kind::Eval || !eval.inMainFile || eval["during"].isNone() ||
        recipe.trainBehind(eval["model"]) != &train)
      continue;
    const CheckedValue &interval = eval["during"]["interval"];
    if (interval.measure == Measure::Steps && interval.number > static_cast<double>(steps))
      text += fmt::format("warning: eval {} is never measured on the way: every {:.0f} steps, of "
                          "which there are {}\n",
                          eval.name, interval.number, steps);
  }
  return text;
}

DataSummaries dataSummariesJson(const SourceManager &sources, const CheckedRecipe &recipe,
                                const std::string &path) {
  using data::jsonText;
  DataBuilder builder(sources, recipe, readingFolder(path));
  builder.announce(announce);
  DataSummaries summaries;
  std::string &out = summaries.text;
  for (const CheckedDefinition &train : recipe.definitions) {
    if (train.kind != ast::Kind::Train || !train.inMainFile)
      continue;
    out += fmt::format(R"({{"train": {}, )", jsonText(train.name));
    try {
      TrainingData data = builder.build(train);
      if (!carries(train, "schedule"))
        scheduleOf(sources, train, train::extentOf(data.plan));
      std::string ledger = data.plan.ledger().json();
      std::erase(ledger, '\n');
      out += fmt::format(R"("plan": {}, "ledger": {}, "export": "{}"}})",
                         summarize(data.plan, data.store, train["weight"].expression).json(),
                         ledger, wordOf(exportType(sources, recipe, train["model"])));
    } catch (const ToBeMade &later) {
      out += fmt::format(R"("not_planned": {}}})", jsonText(later.what()));
    } catch (const RefusedRecipe &refused) {
      out += fmt::format(R"("not_planned": {}}})", jsonText(refused.what()));
      summaries.refused.push_back(refused.json);
    }
    out += "\n";
  }
  return summaries;
}

DataSummaries dataSummaries(const SourceManager &sources, const CheckedRecipe &recipe,
                            const std::string &path) {
  DataBuilder builder(sources, recipe, readingFolder(path));
  builder.announce(announce);
  DataSummaries summaries;
  std::string &out = summaries.text;
  std::map<const CheckedDefinition *, TrainingData> built;
  auto dataOf = [&](const CheckedDefinition &train) -> const TrainingData & {
    auto known = built.find(&train);
    return known != built.end() ? known->second
                                : built.emplace(&train, builder.build(train)).first->second;
  };
  auto planOf = [&](const CheckedDefinition &train) -> const data::Plan & {
    return dataOf(train).plan;
  };
  for (const CheckedDefinition &train : recipe.definitions) {
    if (train.kind != ast::Kind::Train || !train.inMainFile)
      continue;
    out += fmt::format("\ntrain {}\n", train.name);
    try {
      train::TrainingExtent extent = scheduledOver(recipe, train, planOf);
      const TrainingData &data = dataOf(train);
      out += summaryText(recipe, train, data);
      for (const data::LedgerLine &line : data.plan.ledger().lines())
        if (std::string_view remedy = data::remedyOf(line.rule);
            line.fate == data::Fate::Warned && !remedy.empty())
          out += fmt::format("warning: {}{}\n", line.rule, remedy);
      out += fmt::format("model: written in {}\n", exportText(sources, recipe, train));
      for (const std::string &note : data.model.notes)
        out += fmt::format("note: {}\n", note);
      out += unreachedText(sources, recipe, train, planOf(train).steps(), extent);
    } catch (const ToBeMade &later) {
      out += fmt::format("not planned: {}\n", later.what());
    } catch (const RefusedRecipe &refused) {
      summaries.refused.push_back(refused.diagnostic);
    }
  }
  if (std::filesystem::path ours = outputFolder(path) / "data", other = readingFolder(path);
      other != ours)
    out += fmt::format("note: {} cannot be written, so plans and tokens lie in {}\n", ours.string(),
                       other.string());
  return summaries;
}

} // namespace roux
