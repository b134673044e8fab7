//===- PreviewJson.cpp - a step for programs -------------------------------===//
//
// The same as a person sees, for scripts that look for what a person would.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonText.h"
#include "runtime/data/view/Preview.h"

#include <fmt/format.h>

namespace roux::data {

static std::string tokenJson(const PreviewToken &token, bool weighed) {
  std::string out = fmt::format(R"({{"id": {}, "text": {}, "role": {}, "position": {})", token.id,
                                jsonText(token.text), jsonText(token.role), token.position);
  if (token.label != noLabel)
    out += fmt::format(R"(, "label": {})", token.label);
  if (token.label != noLabel && weighed)
    out += fmt::format(R"(, "weight": {})", jsonNumber(token.weight));
  if (!token.isInput)
    out += R"(, "input": false)";
  return out + "}";
}

static std::string sequenceJson(const PreviewSequence &sequence, bool weighed) {
  std::string tokens;
  for (const PreviewToken &token : sequence.shown)
    tokens += (tokens.empty() ? "\n    " : ",\n    ") + tokenJson(token, weighed);
  return fmt::format(
      R"({{"name": {}, "pack": {}, "segment": {}, "offset": {}, "tokens": {}, )"
      R"("targets": {}, "weight": {}, "hidden_at": {}, "hidden": {}, "shown": [{}]}})",
      jsonText(sequence.name), sequence.pack, sequence.segment, sequence.offset, sequence.tokens,
      sequence.targets, weighed ? jsonNumber(sequence.weight) : "null", sequence.hiddenAt,
      sequence.hidden, tokens);
}

std::string previewJson(const PreviewStep &step) {
  std::string sequences;
  for (const PreviewSequence &sequence : step.sequences)
    sequences += (sequences.empty() ? "\n  " : ",\n  ") + sequenceJson(sequence, step.weighed);
  return fmt::format(
      "{{\"step\": {}, \"steps\": {}, \"pack_capacity\": {}, \"sequences\": [{}]}}\n", step.step,
      step.steps, step.packCapacity, sequences);
}

} // namespace roux::data
