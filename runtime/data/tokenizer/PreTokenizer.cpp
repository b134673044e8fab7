//===- PreTokenizer.cpp - cutting text into words -------------------------===//
//
// The pre-tokenizers of Hugging Face tokenizers that published language models
// use, and the table that reads them.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/PreTokenizer.h"

#include "runtime/data/tokenizer/CharacterClass.h"
#include "runtime/data/tokenizer/Normalizer.h"
#include "runtime/data/tokenizer/Regex.h"
#include "runtime/data/tokenizer/Scanner.h"
#include "runtime/data/tokenizer/Split.h"

#include <fmt/format.h>

namespace roux::data {

namespace {

/// ByteLevel's `add_prefix_space`.
class PrefixSpace final : public PreTokenizer {
public:
  void apply(WorkingText &text) const override {
    TextEdit edit(text, mostGrown(text.text().size()));
    for (std::size_t i = 0; i < text.pieces.size(); ++i) {
      edit.open(i);
      std::string_view piece = text.piece(i);
      if (!piece.empty() && piece[0] != ' ')
        edit.replace(0, 0, " ");
      edit.keep(0, piece.size());
      edit.close();
    }
    edit.finish();
  }
};

/// Spells spaces, and the start of a text, with a visible character.
class MarkSpaces final : public PreTokenizer {
public:
  explicit MarkSpaces(Metaspace style) : style(std::move(style)) {}

  void apply(WorkingText &text) const override {
    TextEdit edit(text, mostGrown(text.text().size()));
    for (std::size_t i = 0; i < text.pieces.size(); ++i) {
      edit.open(i);
      rewrite(text.piece(i), text.atStart(i), edit);
      edit.close();
    }
    edit.finish();
  }

private:
  void rewrite(std::string_view piece, bool first, TextEdit &edit) const {
    bool marked = piece.starts_with(' ') || piece.starts_with(style.replacement);
    bool wanted = style.prefix == Metaspace::Prefix::always ||
                  (style.prefix == Metaspace::Prefix::first && first);
    if (!piece.empty() && !marked && wanted)
      edit.replace(0, 0, style.replacement);
    std::size_t kept = 0;
    for (std::size_t at = piece.find(' '); at != piece.npos; at = piece.find(' ', kept)) {
      edit.keep(kept, at);
      edit.replace(at, at + 1, style.replacement);
      kept = at + 1;
    }
    edit.keep(kept, piece.size());
  }

  Metaspace style;
};

} // namespace

Metaspace readMetaspace(JsonObject &object) {
  Metaspace style;
  if (std::optional<JsonNode> node = object.find("replacement")) {
    style.replacement = node->text();
    if (style.replacement.empty() ||
        characterAt(style.replacement, 0).length != style.replacement.size())
      node->fail(fmt::format("found '{}', expected one character", style.replacement));
  }
  // Files written before prepend_scheme say it with a flag, and some say both.
  bool prefixSpace = object.flag("add_prefix_space", true);
  if (std::optional<JsonNode> node = object.find("prepend_scheme")) {
    std::string_view scheme = node->text();
    if (scheme == "first")
      style.prefix = Metaspace::Prefix::first;
    else if (scheme == "never")
      style.prefix = Metaspace::Prefix::never;
    else if (scheme != "always")
      node->fail(fmt::format("prepend scheme '{}' is not supported", scheme));
    if (!prefixSpace && style.prefix != Metaspace::Prefix::never)
      node->fail(fmt::format("'{}' contradicts add_prefix_space false", scheme));
  } else if (!prefixSpace) {
    style.prefix = Metaspace::Prefix::never;
  }
  style.split = object.flag("split", true);
  object.ignore("str_rep"); // the replacement again, in old files
  return style;
}

/// \w+|[^\w\s]+ with the word characters of Rust's regexes, which are not Oniguruma's.
static constexpr std::string_view whitespacePattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+)"
    R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\s]+)";

static void readByteLevel(JsonObject &object, PreTokenizers &result) {
  object.ignore("trim_offsets");
  if (object.flag("add_prefix_space", true))
    result.steps.push_back(std::make_unique<PrefixSpace>());
  if (object.flag("use_regex", true))
    result.steps.push_back(splitByPattern(gpt2Pattern));
  result.byteLevel = true;
}

static void readSplit(JsonObject &object, PreTokenizers &result) {
  JsonNode node = object.require("pattern");
  std::string pattern = readPattern(node);
  SplitBehavior behavior = readSplitBehavior(object.require("behavior"));
  bool invert = object.flag("invert", false);
  try {
    result.steps.push_back(splitByRegex(pattern, behavior, invert));
  } catch (const TokenizerError &error) {
    node.fail(error.what());
  }
}

static void readInto(const JsonNode &node, PreTokenizers &result) {
  JsonObject object(node);
  JsonNode typeNode = object.require("type");
  std::string_view type = typeNode.text();
  // Steps behind ByteLevel would see its byte alphabet instead of the text.
  if (result.byteLevel)
    typeNode.fail(fmt::format("pre-tokenizer '{}' after ByteLevel is not supported", type));
  auto add = [&](std::unique_ptr<PreTokenizer> step) { result.steps.push_back(std::move(step)); };

  if (type == "Sequence") {
    for (const JsonNode &step : object.require("pretokenizers").list())
      readInto(step, result);
  } else if (type == "ByteLevel") {
    readByteLevel(object, result);
  } else if (type == "Split") {
    readSplit(object, result);
  } else if (type == "Metaspace") {
    Metaspace style = readMetaspace(object);
    add(std::make_unique<MarkSpaces>(style));
    if (style.split)
      add(splitByRegex(quoteRegex(style.replacement), SplitBehavior::mergedWithNext, false));
  } else if (type == "Digits") {
    bool single = object.flag("individual_digits", false);
    add(splitByClass(numberClass, single ? SplitBehavior::isolated : SplitBehavior::contiguous));
  } else if (type == "Punctuation") {
    std::optional<JsonNode> behavior = object.find("behavior");
    add(splitByClass(punctuationClass,
                     behavior ? readSplitBehavior(*behavior) : SplitBehavior::isolated));
  } else if (type == "Whitespace") {
    add(splitByRegex(whitespacePattern, SplitBehavior::removed, true));
  } else if (type == "WhitespaceSplit") {
    add(splitByClass(spaceClass, SplitBehavior::removed));
  } else if (type == "CharDelimiterSplit") {
    add(splitByRegex(quoteRegex(object.require("delimiter").text()), SplitBehavior::removed,
                     false));
  } else {
    typeNode.fail(fmt::format("pre-tokenizer '{}' is not supported", type));
  }
  object.finish();
}

PreTokenizers readPreTokenizers(const JsonNode &node) {
  PreTokenizers result;
  readInto(node, result);
  return result;
}

} // namespace roux::data
