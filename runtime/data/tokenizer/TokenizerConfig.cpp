//===- TokenizerConfig.cpp - the files beside a tokenizer -----------------===//
//
// Roles, templates and added tokens are read. What restates tokenizer.json or concerns
// Python classes is listed; what would change ids is refused; the rest is told.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/TokenizerConfig.h"

#include "runtime/data/tokenizer/GenerationConfig.h"
#include "runtime/data/tokenizer/Hash.h"
#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/WholeFile.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace roux::data {

namespace {

struct Config {
  std::map<std::string, std::string> tokens;
  std::map<std::string, std::string> templates;
  /// Tokens that Python would add behind the others where the vocabulary lacks them, and by which
  /// key of which file.
  std::vector<std::pair<std::string, std::string>> further;
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

/// Added tokens as {"7": {"content": "<s>", "special": true, …}}, by id, or as {"<s>": 7}.
static void readAddedTokens(const JsonNode &node, bool byId, Tokenizer &tokenizer) {
  JsonObject(node).forEach([&](std::string_view name, const JsonNode &value) {
    AddedToken token;
    if (byId) {
      JsonObject entry(value);
      auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), token.id);
      if (error != std::errc() || end != name.data() + name.size())
        value.fail("its key is no id");
      token.content = entry.require("content").text();
      token.special = entry.flag("special", false);
      token.singleWord = entry.flag("single_word", false);
      token.stripLeft = entry.flag("lstrip", false);
      token.stripRight = entry.flag("rstrip", false);
    } else {
      token.content = name;
      token.id = value.number();
    }
    if (token.content.empty())
      value.fail("is an empty token");
    try {
      tokenizer.addToken(token);
    } catch (const TokenizerError &error) {
      value.fail(error.what());
    }
  });
}

/// A list of tokens, or newer files' names for them.
static void readFurtherTokens(JsonObject &object, const std::string &file, Config &config) {
  for (std::string_view key :
       {"additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens"}) {
    auto take = [&](const JsonNode &entry) {
      config.further.emplace_back(readToken(entry), fmt::format("{}: key '{}'", file, key));
    };
    std::optional<JsonNode> node = object.find(key);
    if (node && node->isList())
      for (const JsonNode &entry : node->list())
        take(entry);
    else if (node && node->isObject())
      JsonObject(*node).forEach([&](std::string_view, const JsonNode &entry) { take(entry); });
  }
}

/// Keys of tokenizer_config.json that cannot change an id here: lengths are the recipe's, and the
/// rest is Python's.
static constexpr std::string_view harmlessKeys[] = {"add_bos_token",
                                                    "add_eos_token",
                                                    "added_tokens",
                                                    "auto_map",
                                                    "backend",
                                                    "chat_template",
                                                    "clean_up_tokenization_spaces",
                                                    "device_map",
                                                    "errors",
                                                    "fast_tokenizer",
                                                    "from_slow",
                                                    "is_local",
                                                    "max_length",
                                                    "model_input_names",
                                                    "model_max_length",
                                                    "name_or_path",
                                                    "pad_to_multiple_of",
                                                    "pad_token_type_id",
                                                    "padding",
                                                    "padding_side",
                                                    "processor_class",
                                                    "return_token_type_ids",
                                                    "sp_model_kwargs",
                                                    "special_tokens_map_file",
                                                    "spaces_between_special_tokens",
                                                    "stride",
                                                    "tokenizer_class",
                                                    "tokenizer_file",
                                                    "torch_dtype",
                                                    "transformers_version",
                                                    "truncation",
                                                    "truncation_side",
                                                    "truncation_strategy",
                                                    "use_default_system_prompt",
                                                    "use_fast",
                                                    "vocab_file",
                                                    "vocab_size"};

/// Keys that say how Python builds a tokenizer that has no tokenizer.json, and what Roux does.
struct BuildingKey {
  std::string_view key;
  bool value;
};
static constexpr BuildingKey buildingKeys[] = {{"add_prefix_space", true}, {"do_lower_case", false},
                                               {"legacy", true},           {"remove_space", false},
                                               {"keep_accents", true},     {"byte_fallback", true}};

static void checkKeys(JsonObject &object, bool isWhole, Tokenizer &tokenizer) {
  if (object.flag("split_special_tokens", false))
    object.require("split_special_tokens")
        .fail("true is not supported: special tokens in a text are tokens");
  for (std::string_view key : harmlessKeys)
    object.ignore(key);
  // One that says what Roux does anyway is read; another stays unread and is told.
  for (const BuildingKey &each : buildingKeys)
    if (isWhole || object.says(each.key, each.value))
      object.ignore(each.key);
  tokenizer.addNote(object.noteOfUnread());
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

/// Templates in files of their own, as newer folders have those for tools.
static void readFurtherTemplates(const std::filesystem::path &folder, Config &config) {
  if (!std::filesystem::is_directory(folder))
    return;
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jinja")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path &file : files)
    config.templates[file.stem().string()] = readWholeFile(file);
}

void readTokenizerConfig(const std::filesystem::path &folder, bool isWhole, Tokenizer &tokenizer) {
  Config config;
  std::uint64_t hash = tokenizer.contentHash();
  auto read = [&](const char *name) -> std::optional<std::string> {
    if (!isNamed(folder / name))
      return std::nullopt;
    return readWholeFile(folder / name);
  };

  simdjson::dom::parser parser;
  // A tokenizer.json has all its tokens, and what another file says has to agree with it; where the
  // config states them, an older file beside it is read by nobody.
  bool isStated = false;
  // The config is read last: it rules where both speak.
  for (const char *name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    if (std::optional<std::string> bytes = read(name)) {
      std::string file = (folder / name).string();
      JsonObject object(parseJson(parser, *bytes, file));
      readRoles(object, config);
      readFurtherTokens(object, file, config);
      if (std::optional<JsonNode> node = object.find("chat_template"))
        readTemplates(*node, config);
      if (std::optional<JsonNode> node = object.find("added_tokens_decoder")) {
        readAddedTokens(*node, true, tokenizer);
        isStated = true;
      }
      checkKeys(object, isWhole, tokenizer);
      hash = hashOf(object.meaning(), hash);
    }
  }
  if (!isWhole || !isStated)
    if (std::optional<std::string> bytes = read("added_tokens.json")) {
      std::string file = (folder / "added_tokens.json").string();
      JsonNode added = parseJson(parser, *bytes, file);
      readAddedTokens(added, false, tokenizer);
      hash = hashOf(simdjson::minify(added.value()), hash);
    }
  for (const auto &[token, place] : config.further)
    if (!tokenizer.find(token))
      throw TokenizerError(
          fmt::format("{}: token '{}' is not in the vocabulary", place, token.substr(0, 80)));
  if (std::optional<std::string> text = read("chat_template.jinja"))
    config.templates["default"] = *text;
  readFurtherTemplates(folder / "additional_chat_templates", config);
  if (std::optional<std::string> bytes = read("generation_config.json")) {
    std::string file = (folder / "generation_config.json").string();
    hash = readGenerationConfig(parseJson(parser, *bytes, file), tokenizer, hash);
  } else if (std::filesystem::exists(folder / "config.json")) {
    // As before there were such files. The rest of that one is not the tokenizer's.
    std::string text = readWholeFile(folder / "config.json"),
                file = (folder / "config.json").string();
    JsonObject object(parseJson(parser, text, file));
    hash = readAnswerEnds(object, tokenizer, hash);
  }

  setEnds(config, folder, tokenizer);
  tokenizer.setNamedTokens(std::move(config.tokens));
  tokenizer.setChatTemplates(std::move(config.templates));
  tokenizer.setContentHash(hash);
}

} // namespace roux::data
