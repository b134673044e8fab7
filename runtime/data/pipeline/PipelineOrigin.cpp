//===- PipelineOrigin.cpp - what tokens were made from, as text -----------===//
//
// A stale cache of tokenized data trains on an old prompt and nobody sees it. The
// origin has everything that tokens depend on: contents of files, every value of
// every step, tokenizer, template and target.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roux::data {

static std::string describe(const Expression &expression) {
  std::string text;
  for (const Expression::Node &node : expression.nodes)
    text += fmt::format("({} {} {} {} {} {:a} {} [{}])", static_cast<int>(node.operation),
                        static_cast<int>(node.scope), static_cast<int>(node.inner),
                        static_cast<int>(node.attribute), node.countsAll, node.number, node.text,
                        fmt::join(node.operands, " "));
  return text;
}

/// `text` with its length, so that two texts beside each other are told from two others.
static std::string counted(std::string_view text) {
  return fmt::format("{}:{}", text.size(), text);
}

std::string describe(const AskRule &ask) {
  std::string text = fmt::format(
      "parse {} {} [{}] chunk {} tokens {} temperature {:a}", static_cast<int>(ask.parse.kind),
      ask.parse.count, fmt::join(ask.parse.tags, "\x1f"), ask.chunk, ask.tokens, ask.temperature);
  for (const AskedField &field : ask.fields) {
    text += fmt::format(" field {}", field.name);
    for (const NamedPrompt &prompt : field.prompts)
      text += fmt::format(" prompt {} {}", counted(prompt.name), counted(prompt.text));
  }
  return text;
}

/// What only some steps have.
static std::string describeMore(const DataStep &step) {
  switch (step.operation) {
  case DataOperation::Sample:
    return fmt::format(" draw {} by file and line", step.draw);
  case DataOperation::Ask:
    return fmt::format(" ask {} answers {:016x}", describe(step.ask), step.answers->hash);
  case DataOperation::Pick:
  case DataOperation::CutField:
    return fmt::format(" field {}", counted(step.field));
  case DataOperation::AsChat:
    return fmt::format(" chat {} {} {}", counted(step.chat.system), counted(step.chat.user),
                       counted(step.chat.assistant));
  default:
    return {};
  }
}

static std::string describe(const DataStep &step) {
  return fmt::format(
             "{} '{}' '{}' inputs [{}] {} amount {:a} {} shares [{}] {} {} times {} {} "
             "characters '{}' role '{}' spans {} {} [{}] {} {} tokens {} {} split {} {} {} {}",
             spelling(step.operation), step.definition, step.construct, fmt::join(step.inputs, " "),
             describe(step.expression), step.amount.value, step.amount.isShare,
             fmt::join(step.shares, " "), step.byTokens, static_cast<int>(step.shorter), step.times,
             step.falling, step.characters, step.role, static_cast<int>(step.spans.at),
             step.spans.tokens, fmt::join(step.spans.delimiters, "\x1f"), step.spans.dropTail,
             step.spans.atMost, step.tokens, static_cast<int>(step.side), step.split.low,
             step.split.high, step.split.randomOverlong, step.split.dropTail) +
         describeMore(step);
}

std::string PipelineRunner::origin() const {
  std::string text = fmt::format("records 6\nseed {}\n", pipeline.seed);
  bool isDrawn = std::ranges::any_of(
      pipeline.steps, [](const DataStep &step) { return step.operation == DataOperation::Sample; });
  for (size_t i = 0; i < pipeline.steps.size(); ++i) {
    text += fmt::format("step {}: {}\n", i, describe(pipeline.steps[i]));
    if (!sources[i])
      continue;
    if (isDrawn)
      text += fmt::format("files {}\n", counted(drawnName(sources[i]->spec())));
    const SourceSpec &spec = sources[i]->spec();
    text += fmt::format("source {} kind {} ends {} layout {} on_error {} max_record {} contents "
                        "{:016x}\n",
                        spec.name, static_cast<int>(spec.kind), static_cast<int>(spec.ends),
                        spelling(spec.layout), static_cast<int>(spec.onError), spec.maxRecord,
                        sources[i]->contentHash());
  }
  for (const auto &score : pipeline.scores)
    text += fmt::format("score {} {:016x}\n", score->name, score->hash);
  if (consumer.tokenizer)
    text += fmt::format("tokenizer {:016x}\n", consumer.tokenizer->contentHash());
  if (consumer.chat)
    text += fmt::format("template {:016x} {}\n", consumer.chat->contentHash(),
                        consumer.chat->separatesAnswers());
  return text +
         fmt::format("target {}\nsentences {}\n", describe(consumer.target), consumer.sentences);
}

} // namespace roux::data
