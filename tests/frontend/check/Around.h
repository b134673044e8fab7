//===- Around.h - a whole recipe around the piece under test --------------===//
//
// A refusal is about one value; the recipe it stands in is the same every time.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"

#include <map>
#include <string>
#include <string_view>

namespace roux {

/// Where a piece of recipe text stands.
enum class Around : uint8_t {
  Nothing, ///< it is the recipe
  File,    ///< definitions beside the usual ones
  Data,    ///< the value of a data definition
  Model,   ///< of a model
  Tokenizer,
  Train, ///< keys of a train, instead of its usual ones
  Score,
  Eval,
  Run,
};

/// The definitions that examples and refusals may name.
inline constexpr std::string_view usual = R"(
tokenizer ids = load("tokenizer.json")
model base = load("models/base") { context: 64Ki }
model blank = new(llama, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, context: 512)
model teacher = endpoint("https://host/v1", "large", key: env("KEY"), spend: 20)
data docs = text("docs/*.txt", ends: none)
data chats = chat("chats.jsonl")
data held = chats | sample(2%)
)";

/// A train that a model may be of.
inline constexpr std::string_view usualTrain = R"(
train trained {
  model: base, data: chats, target: role == assistant, weight: 1 / step.targets
  batch: each(8 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 2 epochs
}
)";

/// The keys of `block` with those that `piece` writes left out, then `piece`.
inline std::string blockWith(std::map<std::string, std::string> block, std::string_view piece) {
  std::string text;
  for (const auto &[key, value] : block) {
    size_t at = piece.find(key + ":");
    bool isWritten =
        at != std::string::npos && (at == 0 || piece[at - 1] == '\n' || piece[at - 1] == '-');
    if (!isWritten)
      text += "  " + key + ": " + value + "\n";
  }
  return text + std::string(piece) + "\n}\n";
}

inline std::string recipeAround(Around around, std::string_view piece) {
  std::string text(piece), start(usual);
  switch (around) {
  case Around::Nothing:
    return text;
  case Around::File:
    return start + text + "\n";
  case Around::Data:
    return start + "data x = " + text + "\n";
  case Around::Model:
    return start + "model x = " + text + "\n" + std::string(usualTrain);
  case Around::Tokenizer:
    return start + "tokenizer x = " + text + "\nmodel y = base { tokenizer: x }\n";
  case Around::Train:
    return start + "train x {\n" +
           blockWith({{"model", "base"},
                      {"data", "chats"},
                      {"target", "role == assistant"},
                      {"weight", "1 / step.targets"},
                      {"batch", "each(8 sequences, overflow: error, last: keep)"},
                      {"optimizer", "adamw(lr: 1e-3)"},
                      {"length", "2 epochs"}},
                     piece);
  case Around::Score:
    return start + "score x {\n" +
           blockWith({{"data", "docs"}, {"model", "base"}, {"value", "perplexity(sequence)"}},
                     piece);
  case Around::Eval:
    return start + "eval x {\n" +
           blockWith({{"model", "base"}, {"target", "true"}, {"unseen", "loss(held)"}}, piece);
  case Around::Run:
    return start + "run {\n" + text + "\n}\n";
  }
  return text;
}

/// A piece of a recipe, checked without touching the disk.
struct CheckedPiece {
  CheckedPiece(Around around, std::string_view piece, CheckOptions options = {})
      : diagnostics(sources) {
    options.read = [](const std::string &) { return std::nullopt; };
    sources.add("test.recipe", recipeAround(around, piece));
    recipe = check(sources, 0, diagnostics, options);
  }
  /// "'found text': message", one a line, notes after a tab.
  std::string errors() const {
    std::string text;
    for (const Diagnostic &diagnostic : diagnostics.all()) {
      text += (text.empty() ? "" : "\n") + std::string(sources.text(diagnostic.where)) + ": " +
              diagnostic.message;
      for (const DiagnosticNote &note : diagnostic.notes)
        text += "\n\t" + std::string(sources.text(note.where)) + ": " + note.message;
    }
    return text;
  }

  SourceManager sources;
  Diagnostics diagnostics;
  std::optional<CheckedRecipe> recipe;
};

} // namespace roux
