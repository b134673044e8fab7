//===- HuggingFaceModel.cpp - vocabulary and merges of a tokenizer.json ---===//
//
// The vocabulary and the merges come from different tools often enough that
// they must be held against each other: every half and every result of a merge
// is a token, no id is used twice, none is out of range.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/ByteAlphabet.h"
#include "runtime/data/tokenizer/Decoder.h"
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/HuggingFace.h"

#include <fmt/format.h>

namespace roux::data {

static void readVocabulary(const JsonNode &node, Vocabulary &vocabulary) {
  simdjson::dom::object entries;
  if (node.value().get(entries))
    node.wrongType("an object of tokens and ids");
  for (auto [token, value] : entries) {
    std::uint64_t id;
    if (value.get(id) || id > largestId)
      node.below(value, token)
          .fail(fmt::format("found {}, expected an id from 0 to {}", simdjson::minify(value),
                            largestId));
    switch (vocabulary.add(token, id)) {
    case Vocabulary::Added::idTaken:
      node.fail(
          fmt::format("tokens '{}' and '{}' both have id {}", vocabulary.spelling(id), token, id));
    case Vocabulary::Added::spellingTaken:
      node.fail(fmt::format("token '{}' is given twice", token));
    case Vocabulary::Added::yes:
      break;
    }
  }
}

namespace {

/// Reads one entry of `merges`, written as "a b" or ["a", "b"].
class MergeReader {
public:
  MergeReader(const JsonNode &node, Pipeline &parts) : node(node), parts(parts) {}

  void read(simdjson::dom::element entry, std::uint32_t rank) {
    auto [left, right] = halves(entry, rank);
    TokenId leftId = require(left, "the token", rank), rightId = require(right, "the token", rank);
    whole.assign(left).append(right);
    parts.model.merges.set(leftId, rightId, {rank, require(whole, "the result", rank)});
  }

private:
  [[noreturn]] void fail(std::uint32_t rank, std::string_view what) const {
    node.fail(fmt::format("merge {}: {}", rank, what));
  }

  std::pair<std::string_view, std::string_view> halves(simdjson::dom::element entry,
                                                       std::uint32_t rank) const {
    std::string_view left, right, line;
    simdjson::dom::array pair;
    if (entry.get(line) == simdjson::SUCCESS) {
      std::size_t space = line.find(' ');
      if (space == line.npos || line.find(' ', space + 1) != line.npos)
        fail(rank, fmt::format("found '{}', expected two tokens and one space between them", line));
      left = line.substr(0, space);
      right = line.substr(space + 1);
    } else if (entry.get(pair) || pair.size() != 2 || pair.at(0).get(left) ||
               pair.at(1).get(right)) {
      fail(rank, "expected \"a b\" or [\"a\", \"b\"]");
    }
    if (left.empty() || right.empty())
      fail(rank, "has an empty half, so it would merge a token into itself");
    return {left, right};
  }

  TokenId require(std::string_view token, std::string_view what, std::uint32_t rank) const {
    std::optional<TokenId> id = parts.vocabulary.find(token);
    if (!id)
      fail(rank, fmt::format("{} '{}' is not in the vocabulary", what, token));
    return *id;
  }

  const JsonNode &node;
  Pipeline &parts;
  std::string whole;
};

} // namespace

static void readMerges(const JsonNode &node, Pipeline &parts) {
  simdjson::dom::array entries;
  if (node.value().get(entries))
    node.wrongType("a list of merges");
  MergeReader reader(node, parts);
  std::uint32_t rank = 0;
  for (simdjson::dom::element entry : entries)
    reader.read(entry, rank++);
}

/// Tells the model what a word's first symbols are.
static void spellSymbols(bool byteLevel, Pipeline &parts) {
  BytePair &model = parts.model;
  model.spellsBytes = byteLevel;
  for (int byte = 0; byte < 256 && byteLevel; ++byte)
    model.byteSymbols[byte] = parts.vocabulary.find(spellByte(byte)).value_or(BytePair::none);
  for (TokenId id = 0; id < parts.vocabulary.size(); ++id) {
    std::string_view token = parts.vocabulary.spelling(id);
    if (!parts.vocabulary.has(id) || token.empty())
      continue;
    if (!byteLevel)
      model.spellings.insert(token, id);
    else if (std::optional<std::string> bytes = bytesOf(token))
      model.addSpelling(*bytes, id);
  }
}

static void refuse(JsonObject &object, std::string_view key) {
  std::optional<JsonNode> node = object.find(key);
  if (node && !(node->isText() && node->text().empty()) &&
      !(node->value().is_number() && simdjson::minify(node->value()) == "0.0"))
    node->fail("is not supported");
}

void readModel(const JsonNode &node, bool byteLevel, Pipeline &parts) {
  JsonObject object(node);
  // Files of the first years have no type; their merges say it.
  if (std::optional<JsonNode> type = object.find("type"); type && type->text() != "BPE")
    type->fail(fmt::format("model '{}' is not supported, expected 'BPE'", type->text()));
  for (std::string_view key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"})
    refuse(object, key);

  BytePair &model = parts.model;
  readVocabulary(object.require("vocab"), parts.vocabulary);
  readMerges(object.require("merges"), parts);
  model.wholeWordFirst = object.flag("ignore_merges", false);
  model.fuseUnknown = object.flag("fuse_unk", false);
  if (std::optional<JsonNode> unknown = object.find("unk_token"))
    model.unknown = parts.vocabulary.find(unknown->text());
  if (object.flag("byte_fallback", false))
    for (int byte = 0; byte < 256; ++byte)
      model.fallbackBytes[byte] =
          parts.vocabulary.find(fmt::format("<0x{:02X}>", byte)).value_or(BytePair::none);
  object.finish();

  spellSymbols(byteLevel, parts);
  if (!byteLevel)
    model.cutBefore("▁", parts.vocabulary);
}

} // namespace roux::data
