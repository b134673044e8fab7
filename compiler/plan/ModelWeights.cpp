//===- ModelWeights.cpp - a recipe's model with its weights ---------------===//
//
// Blocks change a model's shape and never its weights, so they are looked through.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/ModelWeights.h"

#include "compiler/plan/Counts.h"
#include "compiler/plan/ExportType.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainTuning.h"
#include "compiler/plan/UnroundedWeights.h"
#include "runtime/data/JsonText.h"
#include "runtime/model/Adapter.h"
#include "runtime/model/Blend.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/model/RotaryStyle.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/StoredType.h"
#include "runtime/model/WriteConfig.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/CheckpointFolder.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <numeric>
#include <optional>
#include <set>

namespace roux {

/// The folder that the adapter of a block comes from; empty where there is none.
static std::filesystem::path adapterFolder(const SourceManager &sources,
                                           const CheckedValue &block) {
  const CheckedValue *adapter = block.find("adapt");
  bool isRead = adapter && !adapter->isNone() && !(*adapter)["from"].isNone();
  return isRead ? std::filesystem::path(resolvePath(sources, (*adapter)["from"]))
                : std::filesystem::path();
}

namespace {

class WeightReader {
public:
  WeightReader(const SourceManager &sources, const CheckedRecipe &recipe, DataBuilder &builder,
               const TrainedModel &trained, Precision precision)
      : sources(sources), recipe(recipe), builder(builder), trained(trained), precision(precision) {
  }

  model::Weights read(const CheckedValue &value, std::string_view name) const;
  model::Weights exportedBy(const CheckedDefinition &train) const;
  /// What `train` ended with, of its saves and adapter, whose folder has `exported`.
  model::Weights unrounded(const CheckedDefinition &train, const model::Weights &exported) const;

private:
  model::Weights blend(const CheckedValue &value) const;
  model::Weights adapted(const CheckedValue &block, model::Weights base) const;
  model::Weights meanOfSaves(const CheckedValue &call) const;
  model::Weights madeBy(const CheckedDefinition &train) const;

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  DataBuilder &builder;
  const TrainedModel &trained;
  Precision precision;
};

} // namespace

model::Weights WeightReader::blend(const CheckedValue &value) const {
  std::vector<model::BlendPart> parts;
  for (const CheckedValue &item : value.items) {
    std::string name(sources.text(item.where));
    parts.push_back({name, item.number, {builder.modelOf(item).config, read(item, name)}});
  }
  return model::blend(parts).weights;
}

/// The checkpoint that `saved` names. Throws RefusedRecipe where there is none of that step.
static std::vector<std::filesystem::path> saveOf(const SourceManager &sources,
                                                 const CheckedValue &call,
                                                 const CheckedDefinition &train,
                                                 const train::CheckpointFolder &folder) {
  std::vector<uint64_t> steps = folder.steps();
  auto step = countOf<uint64_t>(sources, call["step"]);
  if (std::ranges::find(steps, step) == steps.end())
    throw RefusedRecipe(sources, call["step"].where,
                        fmt::format("train '{}' has no save of step {}; it has {}", train.name,
                                    step, fmt::join(steps, ", ")));
  return {folder.file(step)};
}

/// The checkpoints that `average` or `saved` is of. Throws RefusedRecipe where there are fewer.
static std::vector<std::filesystem::path> savesOf(const SourceManager &sources,
                                                  const CheckedRecipe &recipe,
                                                  const CheckedValue &call,
                                                  const TrainedModel &trained) {
  const CheckedDefinition &train = *recipe.trainNamedBy(call["model"]);
  train::CheckpointFolder folder(trained(train).parent_path(), 0);
  if (call.calls("saved"))
    return saveOf(sources, call, train, folder);
  std::vector<uint64_t> steps = folder.steps();
  auto count = countOf<size_t>(sources, call["saves"]);
  if (steps.size() < count)
    throw RefusedRecipe(
        sources, call["saves"].where,
        fmt::format("train '{}' has {} save{}; expected {}, as save: every(…, keep: "
                    "{}) of the run block leaves them",
                    train.name, steps.size(), steps.size() == 1 ? "" : "s", count, count));
  std::vector<std::filesystem::path> files;
  for (size_t i = steps.size() - count; i < steps.size(); ++i)
    files.push_back(folder.file(steps[i]));
  return files;
}

/// What is in the folder of `train`, in the order of rows that its config has.
model::Weights WeightReader::exportedBy(const CheckedDefinition &train) const {
  model::Model exported = model::openModel(trained(train));
  model::Rotary::Style style = builder.modelOf(train["model"]).config.rotary.style;
  return model::withRotaryStyle(exported.config, exported.weights, style);
}

model::Weights WeightReader::madeBy(const CheckedDefinition &train) const {
  model::Weights weights = exportedBy(train);
  return precision == Precision::Exported || isUnrounded(weights) ? weights
                                                                  : unrounded(train, weights);
}

model::Weights WeightReader::unrounded(const CheckedDefinition &train,
                                       const model::Weights &exported) const {
  std::filesystem::path folder = trained(train).parent_path();
  const CheckedValue *block = adaptedBlock(recipe, train["model"]);
  if (!block)
    return unroundedWeights(folder, exported, [&] { return read(train["model"], train.name); });
  model::ModelConfig config = builder.modelOf(*block).config;
  model::AdapterFiles adapter = model::readAdapter(folder / "adapter", config);
  config.tuning.adapter = adapter.adapter;
  model::Weights merged =
      model::mergedWeights(config, read((*block)["base"], train.name), adapter.weights);
  checkRounded(folder, merged, exported);
  return merged;
}

/// The mean in double precision, rounded once. The model that the train wrote says which tensors
/// there are.
model::Weights WeightReader::meanOfSaves(const CheckedValue &call) const {
  const CheckedDefinition &train = *recipe.trainNamedBy(call["model"]);
  std::map<std::string, std::vector<double>> sums;
  std::map<std::string, std::vector<int64_t>> shapes;
  std::optional<model::Weights> start; // where something was frozen
  model::Weights exported = exportedBy(train);
  for (const auto &[name, tensor] : exported.all())
    shapes[name] = tensor.shape;
  std::vector<std::filesystem::path> files = savesOf(sources, recipe, call, trained);
  for (const std::filesystem::path &file : files) {
    train::Checkpoint checkpoint(file);
    for (const auto &[name, shape] : shapes) {
      int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies());
      std::vector<float> values(static_cast<size_t>(count));
      train::TensorBytes tensor{name, "f32", shape, std::as_writable_bytes(std::span(values))};
      if (checkpoint.holds(name))
        checkpoint.restore(std::span(&tensor, 1));
      else {
        if (!start)
          start = read(train["model"], train.name);
        model::read(*start->find(name), std::span(values));
      }
      std::vector<double> &sum = sums[name];
      sum.resize(values.size());
      for (size_t i = 0; i < values.size(); ++i)
        sum[i] += static_cast<double>(values[i]);
    }
  }
  model::Weights mean;
  for (auto &[name, sum] : sums) {
    std::vector<float> values;
    for (double each : sum)
      values.push_back(static_cast<float>(each / static_cast<double>(files.size())));
    mean.addValues(name, shapes[name], std::move(values));
  }
  return mean;
}

/// Where nobody trains it, a fresh adapter changes nothing, and one of a folder is merged.
model::Weights WeightReader::adapted(const CheckedValue &block, model::Weights base) const {
  std::filesystem::path folder = adapterFolder(sources, block);
  if (folder.empty())
    return base;
  model::ModelConfig config = builder.modelOf(block).config;
  model::AdapterFiles files = model::readAdapter(folder, config);
  config.tuning.adapter = files.adapter;
  return model::mergedWeights(config, base, files.weights);
}

model::Weights WeightReader::read(const CheckedValue &value, std::string_view name) const {
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    if (named.kind == ast::Kind::Train)
      return madeBy(named);
    return read(named.value, named.name);
  }
  if (value.kind == ValueKind::Blend)
    return blend(value);
  if (value.calls("override"))
    return adapted(value, read(value["base"], name));
  if (value.calls("average") || value.calls("saved"))
    return meanOfSaves(value);
  if (value.calls("new"))
    return model::freshWeights(builder.modelOf(value).config, value["deviation"].number,
                               data::SeedTree(recipe.seed) / name / "new",
                               value["truncate"].isNone() ? INFINITY : value["truncate"].number);
  return model::openModel(resolvePath(sources, value["path"])).weights;
}

model::Model modelWithWeights(const SourceManager &sources, const CheckedRecipe &recipe,
                              DataBuilder &builder, const CheckedValue &value,
                              const TrainedModel &trained, Precision precision) {
  WeightReader reader(sources, recipe, builder, trained, precision);
  return {builder.modelOf(value).config, reader.read(value, "model")};
}

model::Model trainedModel(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedDefinition &train,
                          const TrainedModel &trained) {
  WeightReader reader(sources, recipe, builder, trained, Precision::Trained);
  return {builder.modelOf(train["model"]).config,
          reader.unrounded(train, reader.exportedBy(train))};
}

static std::string adapterIdentity(const std::filesystem::path &folder, data::KnownFiles &known) {
  std::string text;
  for (const char *file : {"adapter_config.json", "adapter_model.safetensors"})
    text += fmt::format("adapter {:016x}\n", known.contentHash(folder / file));
  return text;
}

/// What weights and shape of the model at `path` are made from. Other files of its folder, and how
/// config.json is laid out, make no other model.
static std::string contentsOf(const std::filesystem::path &path, data::KnownFiles &known) {
  if (!std::filesystem::is_directory(path))
    return fmt::format("weights {:016x}\n", known.contentHash(path));
  if (model::isAdapterFolder(path))
    return contentsOf(model::baseOfAdapter(path), known) + adapterIdentity(path, known);
  model::ModelConfig config = model::readConfig(path / "config.json");
  // Where answers begin and end is for who asks the model.
  config.beginToken = -1;
  config.endTokens.clear();
  std::string text = fmt::format("shape {}\n", data::jsonText(model::configText(config, {})));
  std::set<std::filesystem::path> files; // in one order, however many tensors each has
  model::Weights weights = model::readSafetensorsFolder(path);
  for (const auto &[name, tensor] : weights.all())
    files.insert(tensor.file);
  for (const std::filesystem::path &file : files)
    text += fmt::format("weights {:016x}\n", known.contentHash(file));
  return text;
}

/// True of a model that began as one file, whose rows may be in another order than those of the
/// folder that is written of it.
static bool beganAsFile(const SourceManager &sources, const CheckedRecipe &recipe,
                        const CheckedValue &value) {
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    return beganAsFile(sources, recipe,
                       named.kind == ast::Kind::Train ? named["model"] : named.value);
  }
  for (const char *inner : {"base", "model"})
    if (const CheckedValue *part = value.find(inner))
      return beganAsFile(sources, recipe, *part);
  for (const CheckedValue &item : value.items)
    if (beganAsFile(sources, recipe, item))
      return true;
  return value.calls("load") && !std::filesystem::is_directory(resolvePath(sources, value["path"]));
}

/// Of a train: its folder's name, and what else decides the weights that are read there.
static std::string trainIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                                 const CheckedDefinition &train, const TrainedModel &trained,
                                 Precision precision) {
  std::filesystem::path model = trained(train);
  std::string text = fmt::format("from {}\n", model.parent_path().filename().string());
  if (beganAsFile(sources, recipe, train["model"]))
    text += "rows in the order of a file\n";
  if (precision == Precision::Trained)
    return text;
  model::DataType type = model::mainType(model::readSafetensorsFolder(model));
  return type == model::DataType::F32 ? text : text + fmt::format("exported {}\n", wordOf(type));
}

std::string modelIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                          const CheckedValue &value, data::KnownFiles &known,
                          const TrainedModel &trained, Precision precision) {
  auto of = [&](const CheckedValue &part) {
    return modelIdentity(sources, recipe, part, known, trained, precision);
  };
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    if (named.kind == ast::Kind::Train)
      return trainIdentity(sources, recipe, named, trained, precision);
    return of(named.value);
  }
  if (value.calls("override")) {
    std::filesystem::path folder = adapterFolder(sources, value);
    return of(value["base"]) + (folder.empty() ? "" : adapterIdentity(folder, known));
  }
  if (value.calls("average") || value.calls("saved")) {
    std::string text = of(value["model"]);
    for (const std::filesystem::path &file : savesOf(sources, recipe, value, trained))
      text += fmt::format("save {}\n", file.filename().string());
    return text;
  }
  if (value.calls("load"))
    return contentsOf(resolvePath(sources, value["path"]), known);
  std::string text;
  for (const CheckedValue &item : value.items) // of a blend
    text += of(item);
  return text;
}

} // namespace roux
