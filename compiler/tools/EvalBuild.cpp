//===- EvalBuild.cpp - the measurements of a recipe -----------------------===//
//
// loss(…) is the plain mean over targets of -log p, summed so that no batch can
// change a bit of it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalBuild.h"

#include "compiler/plan/RefusedRecipe.h"
#include "runtime/train/ModelProgram.h"

#include <fmt/format.h>

namespace roux {

namespace {

/// Sequences of a store laid end to end until a stream is worth a launch.
class StoreLosses {
public:
  StoreLosses(const data::TokenStore &store, train::ModelProgram &program)
      : store(store), program(program) {}
  eval::LossGroups measure();

private:
  void append(uint32_t sequence);
  void flush(eval::LossGroups &groups);

  const data::TokenStore &store;
  train::ModelProgram &program;
  std::vector<int32_t> tokens, labels, positions;
  train::StreamColumns columns;
  std::vector<std::pair<uint32_t, uint32_t>> rows; ///< sequence and token that a row predicts
};

} // namespace

void StoreLosses::append(uint32_t sequence) {
  data::SequenceView view = store.view(sequence);
  if (view.ids.size() < 2)
    return;
  if (columns.segments.empty())
    columns.segments.push_back(0);
  for (uint32_t t = 1; t < view.ids.size(); ++t) {
    tokens.push_back(view.ids[t - 1]);
    labels.push_back(view.labels[t]);
    positions.push_back(static_cast<int32_t>(t - 1));
    rows.emplace_back(sequence, t);
  }
  columns.segments.push_back(static_cast<int32_t>(tokens.size()));
}

void StoreLosses::flush(eval::LossGroups &groups) {
  if (tokens.empty())
    return;
  columns.tokens = tokens;
  columns.labels = labels;
  columns.positions = positions;
  std::vector<double> nll = program.nll(columns);
  for (size_t i = 0; i < rows.size(); ++i)
    if (labels[i] != data::noLabel)
      groups.add(rows[i].second, store.sources()[store.sequences()[rows[i].first].source], nll[i]);
  tokens.clear(), labels.clear(), positions.clear(), rows.clear();
  columns.segments.clear();
}

eval::LossGroups StoreLosses::measure() {
  constexpr size_t streamTokens = 4096;
  eval::LossGroups groups;
  for (uint32_t sequence = 0; sequence < store.sequences().size(); ++sequence) {
    if (!tokens.empty() && tokens.size() + store.sequences()[sequence].tokens > streamTokens)
      flush(groups);
    append(sequence);
  }
  flush(groups);
  return groups;
}

/// The target that an eval counts: its own, or the one of the train that its model names.
static const Expression &targetOf(const SourceManager &sources, const CheckedRecipe &recipe,
                                  const CheckedDefinition &eval) {
  const CheckedValue &own = eval["target"];
  if (own.kind == ValueKind::Expression)
    return own.expression;
  const CheckedValue &model = eval["model"];
  if (model.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[model.definition];
    if (named.kind == ast::Kind::Train)
      return named["target"].expression;
  }
  throw RefusedRecipe(
      sources, eval.where,
      "the model is no train, so nothing says which tokens count; expected target:");
}

static void print(const std::string &name, const eval::LossGroups &groups, const CheckedValue &by) {
  fmt::print("{:<24} {:>9.4f}  over {} targets\n", name, groups.all().mean(), groups.all().count());
  std::vector<eval::LossGroup> parts;
  if (by.is("position"))
    parts = groups.byPosition();
  else if (by.is("source"))
    parts = groups.bySource();
  for (const eval::LossGroup &part : parts)
    fmt::print("  {:<22} {:>9.4f}  over {} targets\n", part.name, part.sum.mean(),
               part.sum.count());
}

std::vector<Measurement> runEval(const SourceManager &sources, const CheckedRecipe &recipe,
                                 const CheckedDefinition &eval, TrainBuilder &trains) {
  for (const CheckedArgument &task : eval.tasks)
    if (!task.value.calls("loss"))
      throw RefusedRecipe(
          sources, task.value.where,
          fmt::format("'{}' is checked, but this build does not run it", task.name));
  model::Model measured = trains.modelOf(eval["model"]);
  ModelFacts facts = trains.data().modelOf(eval["model"]);
  auto program = programFor(sources, recipe, nullptr, measured.config);
  program->setParameters(measured.weights);
  fmt::print("eval {}\n", eval.name);
  std::vector<Measurement> measurements;
  for (const CheckedArgument &task : eval.tasks) {
    std::filesystem::path file =
        trains.data().buildStore(eval.name + "-" + task.name, task.value["data"], facts,
                                 targetOf(sources, recipe, eval), {}, false);
    data::TokenStore store(file);
    measurements.push_back({eval.name, task.name, StoreLosses(store, *program).measure(),
                            task.value["by"].is("position")});
    print(task.name, measurements.back().losses, task.value["by"]);
  }
  return measurements;
}

} // namespace roux
