//===- Decoder.cpp - from token spellings to text -------------------------===//
//
// The decoders of Hugging Face tokenizers that published language models use.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Decoder.h"

#include "runtime/data/tokenizer/ByteAlphabet.h"
#include "runtime/data/tokenizer/Normalizer.h"
#include "runtime/data/tokenizer/PreTokenizer.h"
#include "runtime/data/tokenizer/Regex.h"

#include <charconv>
#include <fmt/format.h>

namespace roux::data {

static std::string joined(const std::vector<std::string> &tokens) {
  std::string text;
  for (const std::string &token : tokens)
    text += token;
  return text;
}

static void checkGrown(std::uint64_t bytes, std::uint64_t before) {
  if (bytes > mostGrown(before))
    throw TokenizerError("the tokenizer's decoder makes a text more than 64 times as long");
}

static void replaceAll(std::string &text, std::string_view what, std::string_view with) {
  const std::size_t before = text.size();
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    checkGrown(text.replace(at, what.size(), with).size(), before);
}

namespace {

struct ByteLevelStep final : DecodeStep {
  void apply(std::vector<std::string> &tokens) const override {
    for (std::string &token : tokens)
      if (std::optional<std::string> bytes = bytesOf(token))
        token = *bytes;
  }
};

struct ByteFallbackStep final : DecodeStep {
  void apply(std::vector<std::string> &tokens) const override {
    for (std::string &token : tokens)
      if (int byte = fallbackByte(token); byte >= 0)
        token.assign(1, char(byte));
  }
};

struct FuseStep final : DecodeStep {
  void apply(std::vector<std::string> &tokens) const override { tokens = {joined(tokens)}; }
};

struct SpacesStep final : DecodeStep {
  void apply(std::vector<std::string> &tokens) const override {
    for (std::size_t i = 1; i < tokens.size(); ++i)
      tokens[i].insert(0, " ");
  }
};

/// Takes `content` off the ends of every token, at most so many times.
struct StripStep final : DecodeStep {
  std::string content;
  std::uint32_t start = 0, stop = 0;

  void apply(std::vector<std::string> &tokens) const override {
    for (std::string &token : tokens) {
      for (std::uint32_t i = 0; i < start && token.starts_with(content); ++i)
        token.erase(0, content.size());
      for (std::uint32_t i = 0; i < stop && token.ends_with(content); ++i)
        token.resize(token.size() - content.size());
    }
  }
};

struct ReplaceStep final : DecodeStep {
  std::string what, with;
  std::unique_ptr<Regex> regex; ///< instead of `what`

  void apply(std::vector<std::string> &tokens) const override {
    for (std::string &token : tokens)
      regex ? replaceMatches(token) : replaceAll(token, what, with);
  }

private:
  void replaceMatches(std::string &token) const {
    std::vector<ByteRange> matches;
    regex->findAll(token, matches);
    checkGrown(token.size() + matches.size() * with.size(), token.size());
    for (auto match = matches.rbegin(); match != matches.rend(); ++match)
      token.replace(match->begin, match->end - match->begin, with);
  }
};

/// Spaces again; the one that was put before the text is taken off.
struct MetaspaceStep final : DecodeStep {
  Metaspace style;

  void apply(std::vector<std::string> &tokens) const override {
    if (!tokens.empty() && style.prefix != Metaspace::Prefix::never &&
        tokens[0].starts_with(style.replacement))
      tokens[0].erase(0, style.replacement.size());
    for (std::string &token : tokens)
      replaceAll(token, style.replacement, " ");
  }
};

} // namespace

std::string decodeTokens(const Decoder &decoder, std::vector<std::string> tokens) {
  auto bytes = [&] {
    std::uint64_t sum = 0;
    for (const std::string &token : tokens)
      sum += token.size();
    return sum;
  };
  const std::uint64_t before = bytes();
  for (const std::unique_ptr<DecodeStep> &step : decoder) {
    step->apply(tokens);
    checkGrown(bytes(), before);
  }
  return joined(tokens);
}

int fallbackByte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>'))
    return -1;
  int byte = -1;
  auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return error == std::errc() && end == token.data() + 5 ? byte : -1;
}

std::unique_ptr<DecodeStep> decodeByteAlphabet() {
  return std::make_unique<ByteLevelStep>();
}
std::unique_ptr<DecodeStep> decodeWithSpaces() {
  return std::make_unique<SpacesStep>();
}

Decoder decodeSpacedBytes() {
  auto strip = std::make_unique<StripStep>();
  strip->content = " ";
  strip->start = 1;
  Decoder decoder;
  decoder.push_back(std::make_unique<ByteFallbackStep>());
  decoder.push_back(std::make_unique<FuseStep>());
  decoder.push_back(std::move(strip));
  return decoder;
}

static std::unique_ptr<DecodeStep> readStrip(JsonObject &object) {
  auto step = std::make_unique<StripStep>();
  step->content = object.require("content").text();
  if (step->content.empty())
    object.node().fail("strips nothing, expected one character as 'content'");
  step->start = object.require("start").number();
  step->stop = object.require("stop").number();
  return step;
}

static std::unique_ptr<DecodeStep> readReplace(JsonObject &object) {
  auto step = std::make_unique<ReplaceStep>();
  JsonNode pattern = object.require("pattern");
  step->with = object.require("content").text();
  std::string regex = readPattern(pattern);
  std::string_view plain;
  if (pattern.value()["String"].get(plain) == simdjson::SUCCESS)
    step->what = plain;
  else
    step->regex = std::make_unique<Regex>(regex);
  return step;
}

static void readInto(const JsonNode &node, Decoder &decoder) {
  JsonObject object(node);
  JsonNode typeNode = object.require("type");
  std::string_view type = typeNode.text();
  if (type == "Sequence") {
    for (const JsonNode &step : object.require("decoders").list())
      readInto(step, decoder);
  } else if (type == "ByteLevel") {
    for (std::string_view key : {"add_prefix_space", "trim_offsets", "use_regex"})
      object.ignore(key);
    decoder.push_back(decodeByteAlphabet());
  } else if (type == "ByteFallback") {
    decoder.push_back(std::make_unique<ByteFallbackStep>());
  } else if (type == "Fuse") {
    decoder.push_back(std::make_unique<FuseStep>());
  } else if (type == "Strip") {
    decoder.push_back(readStrip(object));
  } else if (type == "Replace") {
    decoder.push_back(readReplace(object));
  } else if (type == "Metaspace") {
    auto step = std::make_unique<MetaspaceStep>();
    step->style = readMetaspace(object);
    decoder.push_back(std::move(step));
  } else {
    typeNode.fail(fmt::format("decoder '{}' is not supported", type));
  }
  object.finish();
}

Decoder readDecoder(const JsonNode &node) {
  Decoder decoder;
  readInto(node, decoder);
  return decoder;
}

} // namespace roux::data
