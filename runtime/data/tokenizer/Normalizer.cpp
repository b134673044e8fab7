//===- Normalizer.cpp - rewriting text before it is cut -------------------===//
//
// The normalizers of Hugging Face tokenizers that published language models
// use, and the table that reads them. Case and marks follow Rust's per-character
// rules, which that library applies.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Normalizer.h"

#include "runtime/data/tokenizer/CharacterClass.h"
#include "runtime/data/tokenizer/Regex.h"
#include "runtime/data/tokenizer/UnicodeForm.h"

#include <algorithm>
#include <fmt/format.h>
#include <utf8proc.h>

namespace roux::data {

namespace {

/// Puts text before a piece that is not empty.
class Prepend final : public Normalizer {
public:
  explicit Prepend(std::string text) : text(std::move(text)) {}

  void rewrite(std::string_view piece, TextEdit &edit) const override {
    if (!piece.empty())
      edit.replace(0, 0, text);
    edit.keep(0, piece.size());
  }
  bool leaves(std::string_view piece) const override { return piece.empty(); }

private:
  std::string text;
};

/// Puts text in place of every occurrence of other text.
class ReplaceText final : public Normalizer {
public:
  ReplaceText(std::string what, std::string with) : what(std::move(what)), with(std::move(with)) {}

  void rewrite(std::string_view piece, TextEdit &edit) const override {
    std::size_t kept = 0;
    for (std::size_t at = piece.find(what); at != piece.npos; at = piece.find(what, kept)) {
      edit.keep(kept, at);
      kept = at + what.size();
      edit.replace(at, kept, with);
    }
    edit.keep(kept, piece.size());
  }
  bool leaves(std::string_view piece) const override { return piece.find(what) == piece.npos; }

private:
  std::string what, with;
};

class ReplaceRegex final : public Normalizer {
public:
  ReplaceRegex(std::string_view pattern, std::string with)
      : regex(pattern), with(std::move(with)) {}

  void rewrite(std::string_view piece, TextEdit &edit) const override {
    std::vector<ByteRange> matches;
    regex.findAll(piece, matches);
    std::size_t kept = 0;
    for (ByteRange match : matches) {
      edit.keep(kept, match.begin);
      edit.replace(match.begin, match.end, with);
      kept = match.end;
    }
    edit.keep(kept, piece.size());
  }

private:
  Regex regex;
  std::string with;
};

/// Drops white space at the ends.
class Strip final : public Normalizer {
public:
  Strip(bool left, bool right) : left(left), right(right) {}

  void rewrite(std::string_view piece, TextEdit &edit) const override {
    const std::uint8_t *classes = characterClasses();
    std::size_t begin = 0, end = piece.size();
    while (left && begin < end) {
      Character character = characterAt(piece, begin);
      if (!(classes[character.codepoint] & spaceClass))
        break;
      begin += character.length;
    }
    while (right && begin < end) {
      std::size_t last = previousCharacter(piece, end);
      if (!(classes[characterAt(piece, last).codepoint] & spaceClass))
        break;
      end = last;
    }
    edit.keep(begin, end);
  }

private:
  bool left, right;
};

/// Rewrites character by character: `Map` returns the text for a code point, or the same view to
/// keep it.
template <typename Map>
static void mapCharacters(std::string_view piece, TextEdit &edit, Map map) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < piece.size();) {
    Character character = characterAt(piece, at);
    std::string_view own = piece.substr(at, character.length);
    std::string_view mapped = map(character.codepoint, own);
    if (mapped != own) {
      edit.keep(kept, at);
      edit.replace(at, at + character.length, mapped);
      kept = at + character.length;
    }
    at += character.length;
  }
  edit.keep(kept, piece.size());
}

class Lowercase final : public Normalizer {
public:
  void rewrite(std::string_view piece, TextEdit &edit) const override {
    utf8proc_uint8_t bytes[4];
    mapCharacters(piece, edit, [&](char32_t codepoint, std::string_view own) -> std::string_view {
      // The one character whose lower case is two.
      if (codepoint == 0x130)
        return "i\u0307";
      utf8proc_int32_t lower = utf8proc_tolower(codepoint);
      if (char32_t(lower) == codepoint)
        return own;
      return {reinterpret_cast<char *>(bytes), std::size_t(utf8proc_encode_char(lower, bytes))};
    });
  }
};

class StripAccents final : public Normalizer {
public:
  void rewrite(std::string_view piece, TextEdit &edit) const override {
    const std::uint8_t *classes = characterClasses();
    mapCharacters(piece, edit, [&](char32_t codepoint, std::string_view own) {
      return classes[codepoint] & markClass ? std::string_view() : own;
    });
  }
};

} // namespace

std::unique_ptr<Normalizer> prependText(std::string text) {
  return std::make_unique<Prepend>(std::move(text));
}

void normalize(const Normalizers &normalizers, WorkingText &text) {
  const std::uint64_t most = mostGrown(text.text().size());
  for (const std::unique_ptr<Normalizer> &normalizer : normalizers) {
    bool same = true;
    for (std::size_t i = 0; i < text.pieces.size() && same; ++i)
      same = normalizer->leaves(text.piece(i));
    if (same)
      continue;
    TextEdit edit(text, most);
    for (std::size_t i = 0; i < text.pieces.size(); ++i) {
      edit.open(i);
      normalizer->rewrite(text.piece(i), edit);
      edit.close();
    }
    edit.finish();
  }
}

std::string readPattern(const JsonNode &node) {
  JsonObject object(node);
  std::optional<JsonNode> text = object.find("String"), regex = object.find("Regex");
  object.finish();
  if (!text == !regex)
    node.fail("found no pattern, expected 'String' or 'Regex'");
  std::string pattern = text ? quoteRegex(text->text()) : std::string(regex->text());
  if (pattern.empty())
    node.fail("is an empty pattern");
  return pattern;
}

static std::unique_ptr<Normalizer> readReplace(JsonObject &object) {
  JsonNode pattern = object.require("pattern");
  std::string with(object.require("content").text());
  std::string regex = readPattern(pattern);
  std::string_view plain;
  if (pattern.value()["String"].get(plain) == simdjson::SUCCESS)
    return std::make_unique<ReplaceText>(std::string(plain), with);
  try {
    return std::make_unique<ReplaceRegex>(regex, with);
  } catch (const TokenizerError &error) {
    pattern.fail(error.what());
  }
}

static void readInto(const JsonNode &node, Normalizers &normalizers) {
  JsonObject object(node);
  JsonNode typeNode = object.require("type");
  std::string_view type = typeNode.text();
  if (type == "Sequence") {
    for (const JsonNode &step : object.require("normalizers").list())
      readInto(step, normalizers);
  } else if (UnicodeForm::isForm(type)) {
    normalizers.push_back(std::make_unique<UnicodeForm>(type));
  } else if (type == "Prepend") {
    normalizers.push_back(prependText(std::string(object.require("prepend").text())));
  } else if (type == "Replace") {
    normalizers.push_back(readReplace(object));
  } else if (type == "Strip") {
    bool left = object.flag("strip_left", true);
    normalizers.push_back(std::make_unique<Strip>(left, object.flag("strip_right", true)));
  } else if (type == "Lowercase") {
    normalizers.push_back(std::make_unique<Lowercase>());
  } else if (type == "StripAccents") {
    normalizers.push_back(std::make_unique<StripAccents>());
  } else {
    typeNode.fail(fmt::format("normalizer '{}' is not supported", type));
  }
  object.finish();
}

Normalizers readNormalizers(const JsonNode &node) {
  Normalizers normalizers;
  readInto(node, normalizers);
  return normalizers;
}

} // namespace roux::data
