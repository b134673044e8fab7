//===- Models.cpp - a recipe's model as facts -----------------------------===//
//
// Follows names to a `new` or a `load` and applies the blocks met on the way back.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/Models.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainTuning.h"
#include "runtime/data/tokenizer/WholeFile.h"
#include "runtime/model/Adapter.h"
#include "runtime/model/Family.h"
#include "runtime/model/Llama2c.h"
#include "runtime/model/Weights.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace roux {

namespace {

class ModelReader {
public:
  ModelReader(const SourceManager &sources, const CheckedRecipe &recipe,
              const TokenizerOf &tokenizerOf)
      : sources(sources), recipe(recipe), tokenizerOf(tokenizerOf) {}

  /// `block`: the override around `value`, which decides what a sum's terms disagree about.
  ModelFacts read(const CheckedValue &value, const CheckedValue *block = nullptr) const;

private:
  ModelFacts blend(const CheckedValue &value, const CheckedValue *block) const;
  ModelFacts fresh(const CheckedValue &call) const;
  ModelFacts load(const CheckedValue &call) const;
  ModelFacts override(const CheckedValue &call) const;
  ModelFacts average(const CheckedValue &call) const;
  std::shared_ptr<const data::Tokenizer> tokenizer(const CheckedValue &value) const;

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  const TokenizerOf &tokenizerOf;
};

} // namespace

static int64_t count(const CheckedValue &call, std::string_view name) {
  return static_cast<int64_t>(call[name].number);
}

std::shared_ptr<const data::Tokenizer> ModelReader::tokenizer(const CheckedValue &value) const {
  if (value.kind == ValueKind::Reference)
    return tokenizer(recipe.definitions[value.definition].value);
  return tokenizerOf(value);
}

ModelFacts ModelReader::fresh(const CheckedValue &call) const {
  ModelFacts facts;
  model::ModelConfig &config = facts.config;
  config.file = sources.path(call.where.file);
  config.type = call["architecture"].text;
  const model::Family &family = *model::findFamily(config.type);
  static_cast<model::Blocks &>(config) = family.blocks;
  config.rotary.style = family.rotary.style;
  config.layers = count(call, "layers");
  config.channels = count(call, "dim");
  config.heads = count(call, "heads");
  config.keyValueHeads = count(call, "kv_heads");
  config.feedForward = count(call, "ffn");
  config.context = count(call, "context");
  config.epsilon = 1e-5;
  config.tied = call["tied"].boolean;
  if (config.channels % config.heads != 0)
    throw RefusedRecipe(
        sources, call["dim"].where,
        fmt::format("dim {} does not divide into {} heads", config.channels, config.heads));
  bool sharesHeads = std::ranges::any_of(family.keys, [](const model::ConfigKey &key) {
    auto *member = std::get_if<int64_t model::ModelConfig::*>(&key.member);
    return member && *member == &model::ModelConfig::keyValueHeads;
  });
  if (!sharesHeads && config.keyValueHeads != config.heads)
    throw RefusedRecipe(sources, call["kv_heads"].where,
                        fmt::format("{} has keys and values for each head: expected kv_heads {}, "
                                    "found {}",
                                    config.type, config.heads, config.keyValueHeads));
  config.headChannels = config.channels / config.heads;
  facts.tokenizer = tokenizer(call["tokenizer"]);
  config.vocabulary = facts.tokenizer->vocabularySize();
  if (facts.tokenizer->bos())
    config.beginToken = *facts.tokenizer->bos();
  if (facts.tokenizer->eos())
    config.endTokens = {static_cast<int64_t>(*facts.tokenizer->eos())};
  facts.deviation = call["deviation"].number;
  model::checkSizes(config);
  return facts;
}

ModelFacts ModelReader::load(const CheckedValue &call) const {
  ModelFacts facts;
  facts.weights = resolvePath(sources, call["path"]);
  if (!std::filesystem::is_directory(facts.weights)) {
    model::MappedFile file(facts.weights);
    facts.config = model::parseLlama2cHeader(file.bytes(), facts.weights);
    return facts;
  }
  // What an adapter's folder does not bring is its base's.
  if (model::isAdapterFolder(facts.weights)) {
    std::filesystem::path base = model::baseOfAdapter(facts.weights);
    bool hasTokenizer = data::isNamed(facts.weights / "tokenizer.json") ||
                        data::isNamed(facts.weights / "tokenizer.model");
    facts.config = model::readConfig(base / "config.json");
    if (!hasTokenizer)
      facts.weights = base;
  } else {
    facts.config = model::readConfig(facts.weights / "config.json");
  }
  for (const char *name : {"tokenizer.json", "tokenizer.model", "tokenizer.json.gz"})
    if (data::isNamed(facts.weights / name)) {
      facts.tokenizer = data::loadTokenizer(facts.weights);
      break;
    }
  if (!facts.config.unreadKeys.empty())
    facts.notes.push_back(fmt::format("{}: nothing reads '{}'", facts.config.file.string(),
                                      fmt::join(facts.config.unreadKeys, "', '")));
  if (!facts.tokenizer)
    return facts;
  facts.notes.insert(facts.notes.end(), facts.tokenizer->notes().begin(),
                     facts.tokenizer->notes().end());
  model::checkVocabulary(facts.config, facts.tokenizer->vocabularySize(), facts.weights.string());
  facts.chat = data::ChatTemplate::among(facts.tokenizer->chatTemplates(), facts.weights.string());
  return facts;
}

/// The model's rotary positions as `rope:` says, with `context` the one after the block.
static void stretch(model::ModelConfig &config, const CheckedValue &rope, int64_t before) {
  model::Rotary &rotary = config.rotary;
  // Whatever stretched them before is no longer there.
  model::Rotary plain;
  plain.style = rotary.style;
  plain.base = rotary.base;
  rotary = plain;
  if (rope.calls("base")) {
    rotary.base = rope["theta"].number;
    return;
  }
  double factor = rope["factor"].number;
  if (rope.calls("ntk")) {
    // Fixed once for the run: LongRecipe's base, systems.md 3.3.
    double channels = static_cast<double>(config.rotaryChannels());
    double stretched = factor * static_cast<double>(config.context) / static_cast<double>(before);
    rotary.base *= std::pow(stretched - (factor - 1), channels / (channels - 2));
    return;
  }
  rotary.scaling =
      rope.calls("linear") ? model::Rotary::Scaling::Linear : model::Rotary::Scaling::Yarn;
  rotary.factor = factor;
  rotary.originalContext = before;
  if (rope.calls("yarn"))
    rotary.attentionFactor = model::yarnAttentionFactor(factor);
}

/// Whether `block` says `key` itself, so that no term of a sum has a say in it.
static bool decides(const CheckedValue *block, std::string_view key) {
  const CheckedValue *value = block ? block->find(key) : nullptr;
  return value && !value->isNone();
}

/// What two terms of a sum differ in, each with the key of the block that would decide it.
static std::vector<std::pair<std::string_view, std::string>> differences(const ModelFacts &a,
                                                                         const ModelFacts &b) {
  std::vector<std::pair<std::string_view, std::string>> found;
  model::ModelConfig one = a.config, other = b.config;
  auto turnsLikeOther = [&] {
    if (one.headChannels != other.headChannels || one.rotaryShare != other.rotaryShare)
      return true; // shapes or computations differ, which is said elsewhere
    auto list = [](const model::ModelConfig &of) {
      return frequencies(of.rotary, of.rotaryChannels(), of.context);
    };
    return list(one) == list(other) && one.rotary.attentionFactor == other.rotary.attentionFactor &&
           one.rotary.dependsOnLength() == other.rotary.dependsOnLength();
  };
  if (one.rotates && other.rotates && !turnsLikeOther())
    found.emplace_back("rope", fmt::format("rotary positions (base {:g} and {:g})", one.rotary.base,
                                           other.rotary.base));
  if (one.context != other.context)
    found.emplace_back("context",
                       fmt::format("context ({} and {} tokens)", one.context, other.context));
  if (a.tokenizer && b.tokenizer && a.tokenizer->contentHash() != b.tokenizer->contentHash())
    found.emplace_back("tokenizer", "tokenizers");
  if (a.chat && b.chat && a.chat->contentHash() != b.chat->contentHash())
    found.emplace_back("template", "chat templates");
  if (one.type != other.type)
    found.emplace_back("", fmt::format("kinds ({} and {})", one.type, other.type));
  if (one.activation != other.activation)
    found.emplace_back("", "activations");
  if (one.window != other.window)
    found.emplace_back("", fmt::format("attention windows ({} and {})", one.window, other.window));
  if (one.epsilon != other.epsilon)
    found.emplace_back(
        "", fmt::format("the epsilon of their norms ({:g} and {:g})", one.epsilon, other.epsilon));
  if (std::string what = model::differenceOfBlocks(one, other); !what.empty())
    found.emplace_back("", what);
  return found;
}

/// What all terms agree about, or `block` decides: no order of the terms gives another model.
ModelFacts ModelReader::blend(const CheckedValue &value, const CheckedValue *block) const {
  ModelFacts first = read(value.items.front());
  for (size_t i = 1; i < value.items.size(); ++i) {
    ModelFacts other = read(value.items[i]);
    for (const auto &[key, what] : differences(first, other))
      if (!decides(block, key))
        throw RefusedRecipe(
            sources, value.where,
            fmt::format("models '{}' and '{}' cannot be added: they differ in {}{}",
                        sources.text(value.items.front().where), sources.text(value.items[i].where),
                        what,
                        key.empty() ? "" : fmt::format("; a block with {}: decides it", key)));
    if (std::exchange(first.config.drawing, {}) == other.config.drawing)
      first.config.drawing = other.config.drawing;
    else
      first.notes.push_back(fmt::format("'{}': the generation configs of its terms differ in how "
                                        "answers are drawn, and the sum's says nothing of it",
                                        sources.text(value.where)));
    if (!first.tokenizer)
      first.tokenizer = other.tokenizer;
    if (!first.chat)
      first.chat = other.chat;
  }
  return first;
}

ModelFacts ModelReader::override(const CheckedValue &call) const {
  ModelFacts facts = read(call["base"], &call);
  int64_t before = facts.config.context;
  if (const CheckedValue *context = call.find("context"); context && !context->isNone())
    facts.config.context = static_cast<int64_t>(context->number);
  if (const CheckedValue *rope = call.find("rope"); rope && !rope->isNone()) {
    if (!facts.config.rotates)
      throw RefusedRecipe(sources, rope->where,
                          fmt::format("a model of type {} has a table of positions, and nothing "
                                      "that rope: changes",
                                      facts.config.type));
    if (facts.config.type == "phi3" && (rope->calls("linear") || rope->calls("yarn")))
      throw RefusedRecipe(sources, rope->where,
                          "files of phi3 have no place for linear or yarn; expected base or ntk");
    stretch(facts.config, *rope, before);
  }
  if (const CheckedValue *value = call.find("tokenizer"); value && !value->isNone()) {
    facts.tokenizer = tokenizer(*value);
    model::checkVocabulary(facts.config, facts.tokenizer->vocabularySize(),
                           std::string(sources.text(value->where)));
  }
  if (const CheckedValue *name = call.find("template"); name && !name->isNone())
    if (!name->is("own"))
      facts.chat = data::ChatTemplate::named(name->text);
  return facts;
}

/// Refuses before any training what will not have been saved after it.
ModelFacts ModelReader::average(const CheckedValue &call) const {
  const CheckedValue &saves = call["saves"], &save = recipe.run()["save"];
  double kept = save.isNone() ? 1 : INFINITY;
  if (!save.isNone() && !save["keep"].isNone())
    kept = save["keep"].number;
  if (saves.number > kept)
    throw RefusedRecipe(sources, saves.where,
                        fmt::format("{} saves are asked for, and {:.0f} stay{}; expected save: "
                                    "every(…, keep: {}) in the run block",
                                    saves.number, kept, kept == 1 ? "s" : "", saves.number));
  if (adaptedBlock(recipe, (*recipe.trainNamedBy(call["model"]))["model"]))
    throw RefusedRecipe(sources, call["model"].where,
                        "the saves of a train with an adapter are adapters, and their mean is not "
                        "that of the models; expected a train of the weights themselves");
  return read(call["model"]);
}

ModelFacts ModelReader::read(const CheckedValue &value, const CheckedValue *block) const {
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    return named.kind == ast::Kind::Train ? read(named["model"]) : read(named.value, block);
  }
  if (value.kind == ValueKind::Blend)
    return blend(value, block);
  if (value.calls("new"))
    return fresh(value);
  if (value.calls("load"))
    return load(value);
  if (value.calls("override"))
    return override(value);
  if (value.calls("average"))
    return average(value);
  if (value.calls("saved"))
    return read(value["model"]);
  throw RefusedRecipe(sources, value.where,
                      "a model that can only answer has no shape, weights or tokenizer; expected "
                      "load(…), new(…) or a train");
}

ModelFacts factsOf(const SourceManager &sources, const CheckedRecipe &recipe,
                   const CheckedValue &value, const TokenizerOf &tokenizerOf) {
  return ModelReader(sources, recipe, tokenizerOf).read(value);
}

const CheckedValue *endpointOf(const CheckedRecipe &recipe, const CheckedValue &model) {
  if (model.calls("endpoint"))
    return &model;
  if (model.kind != ValueKind::Reference)
    return nullptr;
  const CheckedDefinition &named = recipe.definitions[model.definition];
  return named.kind == ast::Kind::Model ? endpointOf(recipe, named.value) : nullptr;
}

} // namespace roux
