//===- Asks.cpp - a recipe's `ask` as what it is made of ------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/Asks.h"

#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "runtime/ask/AnswerFile.h"

#include <algorithm>
#include <map>
#include <xxhash.h>

namespace roux {

const std::string &promptText(const CheckedRecipe &recipe, const CheckedValue &prompt) {
  return prompt.kind == ValueKind::Reference
             ? promptText(recipe, recipe.definitions[prompt.definition].value)
             : prompt.text;
}

static data::ParseRule parseRuleOf(const SourceManager &sources, const CheckedValue &parse) {
  using Kind = data::ParseRule::Kind;
  data::ParseRule rule;
  if (parse.calls("numbered")) {
    rule.kind = Kind::Numbered;
    rule.count = countOf(sources, parse["count"]);
  } else if (parse.calls("tag")) {
    rule.kind = Kind::Tag;
    rule.tags = {parse["name"].text};
  } else if (parse.calls("tags")) {
    rule.kind = Kind::Tags;
    if (parse["names"].kind == ValueKind::Text)
      rule.tags = {parse["names"].text};
    for (const CheckedValue &name : parse["names"].items)
      rule.tags.push_back(name.text);
  }
  return rule;
}

static data::AskedField fieldOf(const CheckedRecipe &recipe, const CheckedArgument &argument) {
  data::AskedField field{argument.name, {}};
  auto add = [&](const CheckedValue &prompt) {
    std::string number = std::to_string(field.prompts.size() + 1);
    field.prompts.push_back(
        {prompt.kind == ValueKind::Reference ? prompt.text : number, promptText(recipe, prompt)});
  };
  if (argument.value.calls("choice"))
    std::ranges::for_each(argument.value["prompts"].items, add);
  else
    add(argument.value);
  return field;
}

data::AskRule askRuleOf(const SourceManager &sources, const CheckedRecipe &recipe,
                        const CheckedValue &ask) {
  data::AskRule rule;
  for (const CheckedArgument &argument : ask.arguments)
    if (argument.named)
      rule.fields.push_back(fieldOf(recipe, argument));
  rule.parse = parseRuleOf(sources, ask["parse"]);
  if (ask["on"].calls("chunk"))
    rule.chunk = countOf(sources, ask["on"]["length"]);
  rule.tokens = countOf<uint64_t>(sources, ask["tokens"], uint64_t(1) << 32);
  rule.temperature = ask["temperature"].number;
  return rule;
}

data::DataPipeline partOf(const data::DataPipeline &pipeline, uint32_t last) {
  std::vector<bool> isNeeded(last + 1);
  isNeeded[last] = true;
  for (uint32_t step = last + 1; step-- > 0;)
    if (isNeeded[step])
      for (uint32_t input : pipeline.steps[step].inputs)
        isNeeded[input] = true;
  data::DataPipeline part;
  part.seed = pipeline.seed;
  part.scores = pipeline.scores;
  std::vector<uint32_t> places(last + 1);
  for (uint32_t step = 0; step <= last; ++step) {
    if (!isNeeded[step])
      continue;
    places[step] = static_cast<uint32_t>(part.steps.size());
    data::DataStep &copy = part.steps.emplace_back(pipeline.steps[step]);
    for (uint32_t &input : copy.inputs)
      input = places[input];
  }
  return part;
}

std::string answererIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                             DataBuilder &builder, const CheckedValue &model,
                             const TrainedModel &trained) {
  if (const CheckedValue *endpoint = endpointOf(recipe, model))
    return fmt::format("endpoint {}\n", (*endpoint)["name"].text);
  ModelFacts facts = builder.modelOf(model);
  return fmt::format(
      "model {}tokenizer {:016x} template {:016x}\n",
      modelIdentity(sources, recipe, model, builder.known(), trained, Precision::Exported),
      facts.tokenizer ? facts.tokenizer->contentHash() : 0,
      facts.chat ? facts.chat->contentHash() : 0);
}

std::filesystem::path answersFile(const std::filesystem::path &output, const AskRecipe &ask,
                                  const std::string &origin, const std::string &answerer) {
  std::string identity =
      fmt::format("asked {}\n{}\n{}{}", ask::answerFormat, describe(ask.rule), answerer, origin);
  return output / "asked" /
         fmt::format("{}-{}-{:016x}.jsonl", ask.construct.substr(0, ask.construct.find('/')),
                     ask.rule.fields[0].name, XXH3_64bits(identity.data(), identity.size()));
}

std::shared_ptr<const data::AnswerTable> keptAnswers(const std::filesystem::path &file) {
  std::shared_ptr<data::AnswerTable> table = ask::readAnswers(file);
  std::string name = file.filename();
  if (table)
    table->hash = XXH3_64bits(name.data(), name.size());
  return table;
}

} // namespace roux
