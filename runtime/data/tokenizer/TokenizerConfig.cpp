//===- TokenizerConfig.cpp - the files beside a tokenizer -----------------===//
//
// Only roles and templates are read: everything else in these files restates
// tokenizer.json or concerns Python classes, so unknown keys are not errors here.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/TokenizerConfig.h"

#include "runtime/data/tokenizer/Hash.h"
#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/WholeFile.h"

#include <fmt/format.h>

namespace roux::data {

namespace {

struct Config {
  std::map<std::string, std::string> tokens;
  std::map<std::string, std::string> templates;
};

} // namespace

/// A token as "<s>" or {"content": "<s>", …}.
static std::string_view readToken(const JsonNode &node) {
  return node.isObject() ? JsonObject(node).require("content").text() : node.text();
}

static void readRoles(JsonObject &object, Config &config) {
  for (std::string_view role :
       {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"})
    if (std::optional<JsonNode> node = object.find(role))
      config.tokens[std::string(role)] = readToken(*node);
}

/// One template, or a list of named ones.
static void readTemplates(const JsonNode &node, Config &config) {
  if (node.isText()) {
    config.templates["default"] = node.text();
    return;
  }
  for (const JsonNode &entry : node.list()) {
    JsonObject object(entry);
    std::string name(object.require("name").text());
    config.templates[name] = object.require("template").text();
  }
}

/// The tokens that open and close texts under these names in every model that has them.
static std::optional<TokenId> wellKnown(const Tokenizer &tokenizer,
                                        std::initializer_list<std::string_view> spellings) {
  for (std::string_view spelling : spellings)
    if (std::optional<TokenId> id = tokenizer.find(spelling); id && tokenizer.isSpecial(*id))
      return id;
  return std::nullopt;
}

static std::optional<TokenId> idOfRole(const Config &config, const std::string &role,
                                       const std::filesystem::path &folder,
                                       const Tokenizer &tokenizer) {
  auto found = config.tokens.find(role);
  if (found == config.tokens.end())
    return std::nullopt;
  std::optional<TokenId> id = tokenizer.find(found->second);
  if (!id)
    throw TokenizerError(fmt::format("{}: key '{}': token '{}' is not in the vocabulary",
                                     (folder / "tokenizer_config.json").string(), role,
                                     found->second));
  return id;
}

static void setEnds(const Config &config, const std::filesystem::path &folder,
                    Tokenizer &tokenizer) {
  std::optional<TokenId> bos = idOfRole(config, "bos_token", folder, tokenizer);
  std::optional<TokenId> eos = idOfRole(config, "eos_token", folder, tokenizer);
  // A config that names one end and not the other means it: Qwen has no bos.
  bool silent = !bos && !eos;
  if (silent && tokenizer.bos() == std::nullopt)
    bos = wellKnown(tokenizer, {"<s>", "<|begin_of_text|>"});
  if (silent && tokenizer.eos() == std::nullopt)
    eos = wellKnown(tokenizer, {"</s>", "<|end_of_text|>", "<|endoftext|>"});
  tokenizer.setEnds(bos || !silent ? bos : tokenizer.bos(), eos || !silent ? eos : tokenizer.eos());
}

void readTokenizerConfig(const std::filesystem::path &folder, Tokenizer &tokenizer) {
  Config config;
  std::uint64_t hash = tokenizer.contentHash();
  auto read = [&](const char *name) -> std::optional<std::string> {
    if (!std::filesystem::exists(folder / name))
      return std::nullopt;
    std::string bytes = readWholeFile(folder / name);
    hash = hashOf(bytes, hash);
    return bytes;
  };

  simdjson::dom::parser parser;
  // The config is read last: it rules where both speak.
  for (const char *name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    if (std::optional<std::string> bytes = read(name)) {
      std::string file = (folder / name).string();
      JsonObject object(parseJson(parser, *bytes, file));
      readRoles(object, config);
      if (std::optional<JsonNode> node = object.find("chat_template"))
        readTemplates(*node, config);
    }
  }
  if (std::optional<std::string> text = read("chat_template.jinja"))
    config.templates["default"] = *text;

  setEnds(config, folder, tokenizer);
  tokenizer.setNamedTokens(std::move(config.tokens));
  tokenizer.setChatTemplates(std::move(config.templates));
  tokenizer.setContentHash(hash);
}

} // namespace roux::data
