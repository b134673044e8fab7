//===- Tiktoken.cpp - reads tiktoken ranks --------------------------------===//
//
// A rank file holds the tokens and nothing else: how text is cut and which
// special tokens there are lives in tiktoken's source, here in a table. The
// pattern is named by the recipe because nothing in the file tells it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/ByteAlphabet.h"
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/PipelineTokenizer.h"
#include "runtime/data/tokenizer/Scanner.h"

#include <charconv>
#include <fmt/format.h>

namespace roux::data {

namespace {

struct SpecialToken {
  std::string_view spelling;
  TokenId id;
};

/// A published encoding: its special tokens hold for its own rank file, known by its size.
struct PublishedEncoding {
  std::string_view name;
  std::string_view pattern;
  std::size_t ranks;
  std::vector<SpecialToken> specials;
};

} // namespace

static constexpr std::string_view o200kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

static const std::vector<PublishedEncoding> &encodings() {
  static const std::vector<PublishedEncoding> table = {
      {"gpt2", gpt2Pattern, 50256, {{"<|endoftext|>", 50256}}},
      {"cl100k",
       cl100kPattern,
       100256,
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {"o200k", o200kPattern, 199998, {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
  };
  return table;
}

static const PublishedEncoding &findEncoding(std::string_view name, std::string_view file) {
  std::string known;
  for (const PublishedEncoding &encoding : encodings()) {
    if (encoding.name == name)
      return encoding;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", encoding.name);
  }
  if (name.empty())
    throw TokenizerError(
        fmt::format("{}: tiktoken ranks need 'pattern:', which is one of {}", file, known));
  throw TokenizerError(
      fmt::format("{}: unknown pattern '{}', expected one of {}", file, name, known));
}

static int base64Value(char letter) {
  if (letter >= 'A' && letter <= 'Z')
    return letter - 'A';
  if (letter >= 'a' && letter <= 'z')
    return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9')
    return letter - '0' + 52;
  return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/// The bytes of `text`, or nothing where it is not padded base64 of at least one byte.
static std::optional<std::string> decodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0)
    return std::nullopt;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (char letter : text.substr(0, text.size() - padding)) {
    int value = base64Value(letter);
    if (value < 0)
      return std::nullopt;
    bits = bits << 6 | unsigned(value);
    if ((count += 6) >= 8)
      bytes += char(bits >> (count -= 8) & 0xFF);
  }
  return bytes;
}

/// One line: the token's bytes and its id; nothing where the line is not that.
static std::optional<std::pair<std::string, TokenId>> parseLine(std::string_view line) {
  std::size_t space = line.find(' ');
  if (space == line.npos)
    return std::nullopt;
  std::optional<std::string> bytes = decodeBase64(line.substr(0, space));
  TokenId id = 0;
  auto [end, error] = std::from_chars(line.data() + space + 1, line.data() + line.size(), id);
  if (!bytes || error != std::errc() || end != line.data() + line.size())
    return std::nullopt;
  return std::pair(*bytes, id);
}

/// Calls `visit(line, number)` for each line that is not empty.
template <typename Visit>
static void forEachLine(std::string_view bytes, Visit visit) {
  for (std::size_t at = 0, number = 1; at < bytes.size(); ++number) {
    std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    std::string_view line = bytes.substr(at, end - at);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (!line.empty())
      visit(line, number);
    at = end + 1;
  }
}

static void readRanks(std::string_view bytes, std::string_view file, Pipeline &parts) {
  forEachLine(bytes, [&](std::string_view line, std::size_t number) {
    auto fail = [&](std::string_view what) {
      throw TokenizerError(fmt::format("{}:{}: {}", file, number, what));
    };
    auto token = parseLine(line);
    if (!token)
      fail(fmt::format("found '{}', expected a token in base64 and its rank", line.substr(0, 80)));
    auto &[content, id] = *token;
    if (id > largestId)
      fail(fmt::format("rank {} is out of range; the largest is {}", id, largestId));
    switch (parts.vocabulary.add(spellBytes(content), id)) {
    case Vocabulary::Added::idTaken:
      fail(fmt::format("rank {} is given twice", id));
      break;
    case Vocabulary::Added::spellingTaken:
      fail(fmt::format("token '{}' is given twice", spellBytes(content)));
      break;
    case Vocabulary::Added::yes:
      parts.model.addSpelling(content, id);
    }
  });
}

static void addSpecials(const PublishedEncoding &encoding, Pipeline &parts) {
  for (auto [spelling, id] : encoding.specials) {
    if (parts.vocabulary.add(spelling, id) != Vocabulary::Added::yes)
      continue; // a rank file of that size which is not the published one
    parts.markSpecial(id);
    parts.added.add(spelling, {.id = id, .content = std::string(spelling), .special = true});
  }
}

bool looksLikeTiktoken(std::string_view bytes) {
  std::string_view line = bytes.substr(0, std::min(bytes.find('\n'), std::size_t(256)));
  return parseLine(line).has_value();
}

std::unique_ptr<Tokenizer> readTiktoken(std::string_view bytes, std::string_view file,
                                        std::string_view patternName) {
  const PublishedEncoding &encoding = findEncoding(patternName, file);
  Pipeline parts;
  readRanks(bytes, file, parts);
  BytePair &model = parts.model;
  model.spellsBytes = true;
  for (int byte = 0; byte < 256; ++byte) {
    std::optional<TokenId> id = parts.vocabulary.find(spellByte(byte));
    if (!id)
      throw TokenizerError(fmt::format("{}: byte 0x{:02X} has no rank", file, byte));
    model.byteSymbols[byte] = *id;
  }
  model.mergeSplits([](TokenId id) { return id; });
  model.wholeWordFirst = true;
  parts.words.byteLevel = true;
  parts.words.steps.push_back(splitByPattern(encoding.pattern));
  parts.decoder.push_back(decodeByteAlphabet());
  if (parts.vocabulary.count() == encoding.ranks)
    addSpecials(encoding, parts);
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

} // namespace roux::data
