//===- AskRule.h - what `ask` asks of each record -------------------------===//
//
// Prompts with their names, and how an answer becomes fields. Part of a pipeline's
// step, so it is plain values: who answers is not known here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace roux::data {

/// A prompt and what the recipe calls it: its name, or its number in the choice, from 1.
struct NamedPrompt {
  std::string name, text;
};

/// A field that is asked for; of several prompts one is drawn for each record.
struct AskedField {
  std::string name;
  std::vector<NamedPrompt> prompts;
};

/// What of an answer is kept.
struct ParseRule {
  enum class Kind : uint8_t {
    Whole,
    Numbered, ///< `count` items of a numbered list
    Tag,      ///< what stands between <tags[0]> and </tags[0]>
    Tags      ///< the same of each tag, as fields of their own: "field.tag"
  };
  Kind kind = Kind::Whole;
  uint32_t count = 0;
  std::vector<std::string> tags;
};

struct AskRule {
  std::vector<AskedField> fields;
  ParseRule parse;
  uint32_t chunk = 0;  ///< tokens of the document that the prompts see; 0: all
  uint64_t tokens = 0; ///< most of an answer
  double temperature = 0;
};

/// A text that changes with every value of `ask`.
std::string describe(const AskRule &ask);

/// Names of the fields that stand beside field `name`: what was drawn for it.
inline std::string chunkField(const std::string &name) {
  return name + ".chunk";
}
inline std::string choiceField(const std::string &name) {
  return name + ".choice";
}

} // namespace roux::data
