//===- Models.cpp - a recipe's model as facts -----------------------------===//
//
// Follows names to a `new` or a `load` and applies the blocks met on the way back.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/Models.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/plan/RefusedRecipe.h"
#include "runtime/model/Llama2c.h"
#include "runtime/model/Weights.h"

#include <cmath>

namespace roux {

namespace {

class ModelReader {
public:
  ModelReader(const SourceManager &sources, const CheckedRecipe &recipe,
              const TokenizerOf &tokenizerOf)
      : sources(sources), recipe(recipe), tokenizerOf(tokenizerOf) {}

  ModelFacts read(const CheckedValue &value) const;

private:
  ModelFacts fresh(const CheckedValue &call) const;
  ModelFacts load(const CheckedValue &call) const;
  ModelFacts override(const CheckedValue &call) const;
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
  config.type = "llama";
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
  facts.config = model::readConfig(facts.weights / "config.json");
  for (const char *name : {"tokenizer.json", "tokenizer.model", "tokenizer.json.gz"})
    if (std::filesystem::exists(facts.weights / name)) {
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
  facts.chat = data::ChatTemplate::among(facts.tokenizer->chatTemplates());
  return facts;
}

/// The model's rotary positions as `rope:` says, with `context` the one after the block.
static void stretch(model::ModelConfig &config, const CheckedValue &rope, int64_t before) {
  model::Rotary &rotary = config.rotary;
  if (rope.calls("base")) {
    rotary.scaling = model::Rotary::Scaling::None;
    rotary.base = rope["theta"].number;
    return;
  }
  double factor = rope["factor"].number;
  if (rope.calls("ntk")) {
    // Fixed once for the run: LongRecipe's base, systems.md 3.3.
    double channels = static_cast<double>(config.headChannels);
    double stretched = factor * static_cast<double>(config.context) / static_cast<double>(before);
    rotary.scaling = model::Rotary::Scaling::None;
    rotary.base *= std::pow(stretched - (factor - 1), channels / (channels - 2));
    return;
  }
  rotary.scaling =
      rope.calls("linear") ? model::Rotary::Scaling::Linear : model::Rotary::Scaling::Yarn;
  rotary.factor = factor;
  rotary.originalContext = before;
  rotary.attentionFactor =
      rope.calls("yarn") ? model::yarnAttentionFactor(factor) : rotary.attentionFactor;
}

ModelFacts ModelReader::override(const CheckedValue &call) const {
  ModelFacts facts = read(call["base"]);
  int64_t before = facts.config.context;
  if (const CheckedValue *context = call.find("context"); context && !context->isNone())
    facts.config.context = static_cast<int64_t>(context->number);
  if (const CheckedValue *rope = call.find("rope"); rope && !rope->isNone())
    stretch(facts.config, *rope, before);
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

ModelFacts ModelReader::read(const CheckedValue &value) const {
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    return read(named.kind == ast::Kind::Train ? named["model"] : named.value);
  }
  if (value.kind == ValueKind::Blend)
    return read(value.items.front());
  if (value.calls("new"))
    return fresh(value);
  if (value.calls("load"))
    return load(value);
  if (value.calls("override"))
    return override(value);
  throw RefusedRecipe(sources, value.where,
                      "a model that can only answer has no shape, weights or tokenizer; expected "
                      "load(…), new(…) or a train");
}

ModelFacts factsOf(const SourceManager &sources, const CheckedRecipe &recipe,
                   const CheckedValue &value, const TokenizerOf &tokenizerOf) {
  return ModelReader(sources, recipe, tokenizerOf).read(value);
}

} // namespace roux
