//===- Scores.cpp - a recipe's scores as what they are made of ------------===//
//
// Key by key from the table of constructs to the score's plain values.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/Scores.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainSettings.h"
#include "runtime/score/ScoreFile.h"

#include <algorithm>
#include <xxhash.h>

namespace roux {

static uint32_t countOrNone(const SourceManager &sources, const CheckedValue &value) {
  return value.isNone() ? 0 : countOf(sources, value);
}

static std::optional<data::SpanRule> spansOf(const SourceManager &sources,
                                             const CheckedValue &value) {
  if (value.isNone())
    return std::nullopt;
  data::SpanRule rule;
  if (value.is("turn"))
    rule.at = data::SpanRule::At::Turn;
  if (value.calls("tokens")) {
    rule.at = data::SpanRule::At::Tokens;
    rule.tokens = countOrNone(sources, value["length"]);
    rule.dropTail = value["tail"].is("drop");
    rule.atMost = countOrNone(sources, value["at_most"]);
  }
  if (value.calls("delimiters")) {
    rule.at = data::SpanRule::At::Delimiters;
    const CheckedValue &texts = value["texts"];
    for (const CheckedValue &text : texts.items)
      rule.delimiters.push_back(text.text);
    if (texts.kind == ValueKind::Text)
      rule.delimiters.push_back(texts.text);
  }
  return rule;
}

static score::ScoreSpec specOf(const SourceManager &sources, const CheckedDefinition &score) {
  score::ScoreSpec spec;
  spec.name = score.name;
  spec.scope = score.scores;
  spec.spans = spansOf(sources, score["spans"]);
  if (const CheckedValue &pairs = score["pairs"]; !pairs.isNone())
    spec.pairs = {countOrNone(sources, pairs["sample"]), pairs["fewer"].is("none")};
  for (const CheckedArgument &let : score.lets)
    spec.lets.push_back({let.name, let.value.expression});
  spec.value = score["value"].expression;
  if (const CheckedValue &nan = score["nan"]; !nan.isNone())
    spec.nan = nan.number;
  if (const CheckedValue &windows = score["windows"]; !windows.isNone())
    spec.overlap = countOrNone(sources, windows);
  return spec;
}

/// The models that the nodes of `expression` name.
static void addModelsAsked(const Expression &expression, std::vector<std::string> &names) {
  for (const Expression::Node &node : expression.nodes)
    if (node.operation == Operation::Model) {
      size_t blank = node.text.find(' ');
      std::string name = blank == std::string::npos ? "" : node.text.substr(blank + 1);
      if (std::ranges::find(names, name) == names.end())
        names.push_back(name);
    }
}

static bool readsText(const Expression &expression) {
  return std::ranges::any_of(expression.nodes, [](const Expression::Node &node) {
    return node.operation == Operation::Read && node.attribute == Attribute::Text;
  });
}

/// Whether spans or expressions look at the text behind the tokens.
static bool needsText(const score::ScoreSpec &spec) {
  bool needs = readsText(spec.value) || std::ranges::any_of(spec.lets, [](const score::Let &let) {
                 return readsText(let.value);
               });
  return needs || (spec.spans && spec.spans->at != data::SpanRule::At::Tokens);
}

void addScoresRead(const Expression &expression, std::vector<std::string> &names) {
  for (const Expression::Node &node : expression.nodes)
    if (node.operation == Operation::Read && node.attribute == Attribute::Score &&
        std::ranges::find(names, node.text) == names.end())
      names.push_back(node.text);
}

ScoreRecipe scoreRecipeOf(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedDefinition &score) {
  ScoreRecipe made;
  made.spec = specOf(sources, score);
  const CheckedValue &data = score["data"];
  addModelsAsked(made.spec.value, made.spec.models);
  for (const score::Let &let : made.spec.lets)
    addModelsAsked(let.value, made.spec.models);
  for (const std::string &name : made.spec.models) {
    CheckedValue model = score["model"];
    if (!name.empty()) {
      const CheckedDefinition *named = recipe.find(name);
      model.kind = ValueKind::Reference;
      model.text = name;
      model.where = score.where;
      model.definition = static_cast<uint32_t>(named - recipe.definitions.data());
    }
    ModelFacts facts = builder.modelOf(model);
    if (!facts.tokenizer)
      throw RefusedRecipe(sources, model.where,
                          "the model brings no tokenizer; expected a block with tokenizer:");
    if (made.consumer.tokenizer &&
        made.consumer.tokenizer->contentHash() != facts.tokenizer->contentHash())
      throw RefusedRecipe(
          sources, score.where,
          fmt::format("the models of score '{}' have different tokenizers, so their "
                      "tokens cannot be compared",
                      score.name));
    made.consumer.tokenizer = facts.tokenizer;
    if (!made.consumer.chat)
      made.consumer.chat = facts.chat;
    made.models.push_back(std::move(model));
  }
  if (!made.consumer.tokenizer)
    throw RefusedRecipe(sources, score["value"].where,
                        "a score asks a model; this value asks none");
  made.consumer.sentences = needsText(made.spec);
  if (data.kind == ValueKind::Reference)
    made.definition = data.text;
  else if (made.spec.scope != Scope::Sequence)
    throw RefusedRecipe(sources, data.where,
                        fmt::format("a score of each {} is read beside the data that were scored; "
                                    "give these data a name",
                                    spelling(made.spec.scope)));
  made.pipeline = builder.pipelineFor(data, made.consumer, {});
  return made;
}

std::string scoreIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                          data::KnownFiles &known, const CheckedDefinition &score,
                          const ScoreRecipe &made, const std::string &origin,
                          const TrainedModel &trained) {
  std::string text =
      fmt::format("score {}\n", score::scoreFormat) + meaningOf(recipe, score) + origin;
  for (const CheckedValue &model : made.models)
    text += modelIdentity(sources, recipe, model, known, trained, Precision::Exported);
  return text;
}

std::shared_ptr<const data::ScoreTable> keptScores(const std::filesystem::path &file,
                                                   const ScoreRecipe &made,
                                                   const std::string &identity) {
  std::shared_ptr<data::ScoreTable> table = score::readScores(file);
  if (!table)
    return nullptr;
  table->name = made.spec.name;
  table->scope = made.spec.scope;
  table->definition = made.definition;
  table->tokenizer = made.consumer.tokenizer->contentHash();
  table->hash = XXH3_64bits(identity.data(), identity.size());
  return table;
}

} // namespace roux
