//===- LoadTokenizer.cpp - which format a path holds ----------------------===//
//
// Formats are told by name, as everyone names them; only `.model` needs a look,
// because Llama 3's is not SentencePiece but tiktoken ranks.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/Hash.h"
#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/TokenizerConfig.h"
#include "runtime/data/tokenizer/WholeFile.h"

#include <fmt/format.h>

namespace roux::data {

/// What a model folder may call its tokenizer, best first.
static constexpr std::string_view namesInFolder[] = {"tokenizer.json", "tokenizer.json.gz",
                                                     "tokenizer.model", "tokenizer.tiktoken"};

static std::filesystem::path findInFolder(const std::filesystem::path &folder) {
  std::string known;
  for (std::string_view name : namesInFolder) {
    if (isNamed(folder / name))
      return folder / name;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  throw TokenizerError(
      fmt::format("{}: holds no tokenizer, expected one of {}", folder.string(), known));
}

static std::unique_ptr<Tokenizer> readByName(std::string_view bytes, const std::string &file,
                                             std::string_view pattern) {
  std::string_view name = file;
  if (name.ends_with(".gz"))
    name.remove_suffix(3);
  // Mistral numbers its models behind the ending: tokenizer.model.v3.
  bool model = name.ends_with(".model") || name.find(".model.v") != name.npos;
  if (name.ends_with(".tiktoken") || (model && looksLikeTiktoken(bytes)))
    return readTiktoken(bytes, file, pattern);
  if (!pattern.empty())
    throw TokenizerError(
        fmt::format("{}: has its own pattern; 'pattern:' is for tiktoken ranks", file));
  if (name.ends_with(".json"))
    return readHuggingFace(bytes, file);
  if (model)
    return readSentencePiece(bytes, file);
  if (name.ends_with(".bin"))
    return readLlama2c(bytes, file);
  throw TokenizerError(fmt::format("{}: unknown kind of tokenizer, expected a folder or a file "
                                   "ending in .json, .model, .tiktoken or .bin (or .gz of these)",
                                   file));
}

/// The JSON of `bytes` in one layout and with one spelling of each text. Beyond the size of any
/// real one as it is: its text a third time would be hundreds of megabytes.
static std::string withoutLayout(std::string_view bytes, std::string_view file) {
  constexpr size_t largest = size_t(64) << 20;
  if (bytes.size() > largest)
    return fmt::format("{:016x}", hashOf(bytes));
  simdjson::dom::parser parser;
  return simdjson::minify(parseJson(parser, bytes, file).value());
}

std::shared_ptr<const Tokenizer> loadTokenizer(const std::filesystem::path &path,
                                               std::string_view pattern) {
  std::filesystem::path file = std::filesystem::is_directory(path) ? findInFolder(path) : path;
  std::string bytes = readWholeFile(file);
  std::unique_ptr<Tokenizer> tokenizer = readByName(bytes, file.string(), pattern);
  bool restated = file.string().ends_with(".json") || file.string().ends_with(".json.gz");
  tokenizer->setContentHash(
      hashOf(pattern, hashOf(restated ? withoutLayout(bytes, file.string()) : bytes)));
  readTokenizerConfig(file.parent_path(), restated, *tokenizer);
  return tokenizer;
}

void Tokenizer::addToken(const AddedToken &token) {
  std::optional<TokenId> known = find(token.content);
  if (!known)
    throw TokenizerError(fmt::format("token '{}' of id {} is not in the vocabulary",
                                     token.content.substr(0, 80), token.id));
  if (*known != token.id)
    throw TokenizerError(fmt::format("token '{}' has id {} here and {} in the vocabulary",
                                     token.content.substr(0, 80), token.id, *known));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<TokenId> ids;
  encode(text, ids, options);
  return ids;
}

} // namespace roux::data
