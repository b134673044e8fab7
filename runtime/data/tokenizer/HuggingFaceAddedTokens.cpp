//===- HuggingFaceAddedTokens.cpp - added_tokens of a tokenizer.json ------===//
//
// The library gives an added token the id its spelling has in the vocabulary, or
// the next free one, whatever the file says. A file that says otherwise is
// refused: one of the two ids would be wrong.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/HuggingFace.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

static AddedToken readAddedToken(const JsonNode &node) {
  JsonObject object(node);
  AddedToken token;
  token.id = object.require("id").number();
  if (token.id > largestId)
    object.require("id").fail(
        fmt::format("found {}, expected an id from 0 to {}", token.id, largestId));
  token.content = object.require("content").text();
  if (token.content.empty())
    object.require("content").fail("is empty");
  token.special = object.flag("special", false);
  token.normalized = object.flag("normalized", !token.special);
  token.singleWord = object.flag("single_word", false);
  token.stripLeft = object.flag("lstrip", false);
  token.stripRight = object.flag("rstrip", false);
  object.finish();
  return token;
}

/// Holds the file's id against the vocabulary's, and gives the token its id if it is new.
static void place(const JsonNode &node, const AddedToken &token, Vocabulary &vocabulary,
                  TokenId nextFree) {
  if (std::optional<TokenId> known = vocabulary.find(token.content)) {
    if (*known != token.id)
      node.fail(fmt::format("token '{}' has id {} here and {} in the vocabulary", token.content,
                            token.id, *known));
    return;
  }
  if (vocabulary.has(token.id))
    node.fail(fmt::format("token '{}' has id {}, which is '{}' in the vocabulary", token.content,
                          token.id, vocabulary.spelling(token.id)));
  if (token.id != nextFree)
    node.fail(fmt::format("token '{}' has id {}, but the next free id is {}", token.content,
                          token.id, nextFree));
  vocabulary.add(token.content, token.id);
}

void readAddedTokens(const JsonNode &node, Pipeline &parts) {
  TokenId modelSize = parts.vocabulary.count();
  TokenId nextFree = modelSize;
  for (const JsonNode &entry : node.list()) {
    AddedToken token = readAddedToken(entry);
    place(entry, token, parts.vocabulary, nextFree);
    nextFree = std::max(nextFree, std::max(token.id + 1, modelSize));
    if (token.special)
      parts.markSpecial(token.id);
    if (!token.normalized) {
      parts.added.add(token.content, token);
      continue;
    }
    WorkingText spelling;
    spelling.reset(token.content, 0, /*trackOrigins=*/false);
    normalize(parts.normalizers, spelling);
    // The library would find it between any two characters.
    if (spelling.text().empty())
      entry.fail(fmt::format("token '{}' is empty behind the normalizer", token.content));
    parts.addedNormalized.add(spelling.text(), token);
  }
}

} // namespace roux::data
