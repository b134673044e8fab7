//===- HuggingFace.cpp - reads tokenizer.json -----------------------------===//
//
// The order of reading is the order of need: words decide how the vocabulary is
// spelled, the vocabulary checks added tokens, and both check the template.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/HuggingFace.h"

#include "runtime/data/tokenizer/Formats.h"

#include <fmt/format.h>

namespace roux::data {

std::unique_ptr<Tokenizer> readHuggingFace(std::string_view bytes, std::string_view file) {
  simdjson::dom::parser parser;
  JsonObject root(parseJson(parser, bytes, file));
  if (std::optional<JsonNode> version = root.find("version"); version && version->text() != "1.0")
    version->fail(fmt::format("version '{}' is not supported, expected '1.0'", version->text()));
  // Lengths are the recipe's to rule, and transformers resets both before it encodes, too.
  root.ignore("truncation");
  root.ignore("padding");

  Pipeline parts;
  if (std::optional<JsonNode> node = root.find("normalizer"))
    parts.normalizers = readNormalizers(*node);
  if (std::optional<JsonNode> node = root.find("pre_tokenizer"))
    parts.words = readPreTokenizers(*node);
  readModel(root.require("model"), parts.words.byteLevel, parts);
  if (std::optional<JsonNode> node = root.find("added_tokens"))
    readAddedTokens(*node, parts);
  if (std::optional<JsonNode> node = root.find("post_processor"))
    parts.surround = readPostProcessor(*node, parts.vocabulary);
  if (std::optional<JsonNode> node = root.find("decoder"))
    parts.decoder = readDecoder(*node);
  else
    parts.decoder.push_back(decodeWithSpaces());
  auto tokenizer = std::make_unique<PipelineTokenizer>(std::move(parts));
  tokenizer->addNote(root.noteOfUnread());
  return tokenizer;
}

} // namespace roux::data
