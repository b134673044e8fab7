//===- PostProcessor.cpp - what stands around a sequence ------------------===//
//
// Reads TemplateProcessing's template for a single sequence. ByteLevel's part is
// only to trim offsets, which Roux does not do.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/PostProcessor.h"

#include <fmt/format.h>

namespace roux::data {

static TokenId readKnownId(const JsonNode &node, const Vocabulary &vocabulary) {
  TokenId id = node.number();
  if (!vocabulary.has(id))
    node.fail(fmt::format("id {} is not in the vocabulary", id));
  return id;
}

/// The ids that special token `name` of a template stands for.
static std::vector<TokenId> readSpecial(JsonObject &specials, std::string_view name,
                                        const Vocabulary &vocabulary) {
  JsonObject entry(specials.require(name));
  entry.ignore("id");
  entry.ignore("tokens");
  std::vector<TokenId> ids;
  for (const JsonNode &id : entry.require("ids").list())
    ids.push_back(readKnownId(id, vocabulary));
  entry.finish();
  return ids;
}

/// Every text that is encoded pays for them.
static constexpr std::size_t mostAround = 1000;

static Surround readTemplate(JsonObject &object, const Vocabulary &vocabulary) {
  JsonNode single = object.require("single");
  JsonObject specials(object.require("special_tokens"));
  object.ignore("pair");
  Surround surround;
  bool seen = false;
  for (const JsonNode &piece : single.list()) {
    JsonObject choice(piece);
    if (std::optional<JsonNode> sequence = choice.find("Sequence")) {
      JsonNode name = JsonObject(*sequence).require("id");
      if (name.text() != "A" || seen)
        name.fail(
            fmt::format("sequence '{}' here is not supported, expected 'A' once", name.text()));
      seen = true;
    } else {
      JsonNode special = choice.require("SpecialToken");
      std::string_view name = JsonObject(special).require("id").text();
      std::vector<TokenId> ids = readSpecial(specials, name, vocabulary);
      std::vector<TokenId> &side = seen ? surround.after : surround.before;
      if (side.size() + ids.size() > mostAround)
        single.fail(fmt::format("puts more than {} tokens around a text", mostAround));
      side.insert(side.end(), ids.begin(), ids.end());
    }
    choice.finish();
  }
  if (!seen)
    single.fail("has no sequence 'A'");
  return surround;
}

Surround readPostProcessor(const JsonNode &node, const Vocabulary &vocabulary) {
  JsonObject object(node);
  JsonNode typeNode = object.require("type");
  std::string_view type = typeNode.text();
  Surround surround;
  if (type == "TemplateProcessing") {
    surround = readTemplate(object, vocabulary);
  } else if (type == "ByteLevel") {
    for (std::string_view key : {"add_prefix_space", "trim_offsets", "use_regex"})
      object.ignore(key);
  } else if (type == "Sequence") {
    // Each one surrounds what the one before it made.
    for (const JsonNode &step : object.require("processors").list()) {
      Surround next = readPostProcessor(step, vocabulary);
      surround.before.insert(surround.before.begin(), next.before.begin(), next.before.end());
      surround.after.insert(surround.after.end(), next.after.begin(), next.after.end());
      if (surround.before.size() + surround.after.size() > mostAround)
        step.fail(fmt::format("puts more than {} tokens around a text", mostAround));
    }
  } else {
    typeNode.fail(fmt::format("post-processor '{}' is not supported", type));
  }
  object.finish();
  return surround;
}

} // namespace roux::data
