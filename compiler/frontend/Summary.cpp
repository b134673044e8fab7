//===- Summary.cpp - what `roux check --no-files` says --------------------===//
//
// A recipe that is right should still tell its author what it is: which trains
// and evals, with which batches, and what this build cannot do yet.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"

#include "compiler/frontend/Nouns.h"

#include <cmath>
#include <fmt/format.h>

namespace roux {

static std::string written(const SourceManager &sources, const CheckedValue &value) {
  std::string text(sources.text(value.where));
  std::string line;
  for (char c : text)
    if (!(c == ' ' && line.ends_with(' ')))
      line += c == '\n' ? ' ' : c;
  return line;
}

/// "4.19M": three digits that matter.
static std::string countText(double count) {
  constexpr std::string_view units[] = {"", "k", "M", "B", "T"};
  size_t unit = 0;
  for (; count >= 1000 && unit + 1 < std::size(units); ++unit)
    count /= 1000;
  return fmt::format("{:.3g}{}", count, units[unit]);
}

/// Tokens that a step has at most, where the batch policy says it; else 0.
static double tokensOfStep(const CheckedValue &batch) {
  if (batch.calls("pack"))
    return batch["units"].number * batch["capacity"].number;
  if (batch.calls("tokens"))
    return batch["budget"].number;
  return batch.calls("bucket") ? batch["tokens"].number : 0;
}

/// Sequences that a step has, where the policy counts them; else 0.
static double sequencesOfStep(const CheckedValue &batch) {
  if (batch.calls("each"))
    return batch["count"].number;
  return batch.calls("sorted") ? batch["units"].number * batch["group"].number : 0;
}

/// How many steps of which size a train makes, as far as that is known without its data, and what
/// then cannot be meant.
static std::string sizeText(const CheckedDefinition &train) {
  const CheckedValue &length = train["length"], &batch = train["batch"];
  double tokens = tokensOfStep(batch), sequences = sequencesOfStep(batch), steps = 0;
  if (length.measure == Measure::Steps)
    steps = length.number;
  else if (length.measure == Measure::Tokens && tokens > 0)
    steps = std::ceil(length.number / tokens);
  std::string size = tokens > 0 ? fmt::format("{} tokens", countText(tokens))
                                : fmt::format("{:.0f} sequences", sequences);
  if (steps == 0)
    return fmt::format("  steps of up to {}\n", size);
  std::string text = fmt::format("  {:.0f} steps of up to {}", steps, size);
  if (tokens > 0)
    text += fmt::format(", {} tokens in all", countText(steps * tokens));
  text += "\n";
  const CheckedValue &schedule = train["schedule"];
  const CheckedValue &first = schedule.items.empty() ? schedule : schedule.items.front();
  if (first.calls("warmup") && first["length"].measure == Measure::Steps &&
      first["length"].number >= steps)
    text += fmt::format("  warning: the warmup of {:.0f} steps is not over when the training is\n",
                        first["length"].number);
  return text;
}

std::string summary(const SourceManager &sources, const CheckedRecipe &recipe) {
  std::string text;
  for (const CheckedDefinition &definition : recipe.definitions) {
    if (!definition.inMainFile)
      continue;
    if (definition.kind == ast::Kind::Train)
      text +=
          fmt::format("train {}: {} on {}, {}\n", definition.name,
                      written(sources, definition["model"]), written(sources, definition["data"]),
                      written(sources, definition["length"])) +
          sizeText(definition);
    if (definition.kind == ast::Kind::Eval) {
      std::string names;
      for (const CheckedArgument &task : definition.tasks)
        names += (names.empty() ? "" : ", ") + task.name;
      text += fmt::format("eval {}: {} of {}\n", definition.name, names,
                          written(sources, definition["model"]));
    }
  }
  std::string only;
  for (const CheckedOnly &construct : recipe.checkedOnly)
    only += (only.empty() ? "" : ", ") + construct.construct;
  if (!only.empty())
    text += "checked only, not run by this build: " + only + "\n";
  return text;
}

} // namespace roux
