//===- Generate.h - answers to prompts ------------------------------------===//
//
// Many prompts at a time; those that are done leave the batch. What a prompt gets
// does not depend on its neighbours or on how many go at once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/LanguageModel.h"
#include "runtime/eval/Sample.h"
#include "runtime/eval/TextStream.h"

namespace roux::eval {

struct GenerateOptions {
  uint64_t tokens = 256; ///< most tokens of an answer
  uint64_t atLeast = 0;  ///< tokens before which none of `ends` is drawn
  Sampling sampling;
  uint64_t seed = 0;
  std::vector<uint64_t> draws;    ///< each prompt's place in the tree of seeds; empty: its number
  std::vector<int32_t> ends;      ///< ids that end an answer and are no part of it
  std::vector<std::string> stops; ///< texts that end an answer and are no part of it
  uint32_t batch = 16;            ///< prompts at a time
  uint32_t known = UINT32_MAX;    ///< ids that have tokens; a model's rows beyond are never drawn
  /// Told each answer's text, with its prompt's number, as it is written; may be null.
  std::function<void(size_t prompt, std::string_view piece)> sink;
};

enum class Ending : uint8_t { EndToken, StopText, Length, Context };

struct Answer {
  std::vector<int32_t> tokens; ///< all that were generated, without the end
  std::string text;
  Ending ending = Ending::Length;
};

/// Turns ids into text. They may stop inside a character.
using DecodeText = std::function<std::string(std::span<const int32_t>)>;

/// Answers in the order of the prompts. A prompt that leaves no room in the model's context gets an
/// empty answer that says so. Throws std::invalid_argument for an empty prompt.
std::vector<Answer> generate(LanguageModel &model, const DecodeText &decode,
                             std::span<const std::vector<int32_t>> prompts,
                             const GenerateOptions &options);

} // namespace roux::eval
