//===- Hover.cpp - what stands under the cursor ----------------------------===//
//
// The innermost value of the checked recipe that holds the place; where the recipe has
// mistakes, what the table of constructs says of the word.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/Hover.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/frontend/MeaningChange.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/Scopes.h"

#include <fmt/format.h>

namespace roux::language {

namespace {

/// What was found at a place: a value, and the parameter or key that it stands for.
struct Found {
  const CheckedValue *value = nullptr;
  const Parameter *parameter = nullptr;
  std::string name; ///< "batch.tokens"
  SourceRange where;
};

} // namespace

static bool holds(SourceRange range, uint32_t file, size_t offset) {
  return range.file == file && range.begin <= offset && offset <= range.end &&
         range.begin < range.end;
}

static bool isWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
}

SourceRange wordAt(const Document &document, size_t offset) {
  std::string_view text = document.text();
  size_t begin = std::min(offset, text.size()), end = begin;
  while (begin > 0 && isWordByte(text[begin - 1]))
    --begin;
  while (end < text.size() && isWordByte(text[end]))
    ++end;
  return {document.file, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

static std::string joined(const std::string &path, const std::string &name) {
  return path.empty() ? name : path + "." + name;
}

static void search(const Document &document, size_t offset,
                   const std::vector<CheckedArgument> &arguments, const Construct *owner,
                   const std::string &path, Found &found);

/// Looks into `value`, which was found to hold the place.
static void searchInside(const Document &document, size_t offset, const CheckedValue &value,
                         const std::string &path, Found &found) {
  for (const CheckedValue &item : value.items)
    if (holds(item.where, document.file, offset)) {
      found.value = &item, found.where = item.where;
      searchInside(document, offset, item, path, found);
    }
  search(document, offset, value.arguments, value.construct, path, found);
}

static void search(const Document &document, size_t offset,
                   const std::vector<CheckedArgument> &arguments, const Construct *owner,
                   const std::string &path, Found &found) {
  for (const CheckedArgument &argument : arguments) {
    const CheckedValue &value = argument.value;
    bool isName = holds(argument.nameRange, document.file, offset);
    bool isValue =
        value.origin.kind != OriginKind::Default && holds(value.where, document.file, offset);
    if (!isName && !isValue)
      continue;
    found = {&value, owner ? owner->find(argument.name) : nullptr, joined(path, argument.name),
             isName ? argument.nameRange : value.where};
    if (isValue)
      searchInside(document, offset, value, found.name, found);
  }
}

/// "default", "from param peak", "written in line 3".
static std::string originText(const Document &document, const CheckedValue &value) {
  if (value.origin.kind == OriginKind::Default)
    return "default";
  LineColumn at = document.sources.locate(value.where.file, value.where.begin);
  std::string place = fmt::format("line {}", at.line);
  if (value.where.file != document.file)
    place += fmt::format(" of {}", document.sources.path(value.where.file));
  return value.origin.param.empty() ? place : fmt::format("from param {}", value.origin.param);
}

static std::string valueText(const CheckedValue &value) {
  return shortened(meaningOf(value));
}

static std::string parameterText(const Parameter &parameter) {
  std::string text = fmt::format("{}; takes {}", parameter.text, expected(parameter));
  if (!parameter.fallback.empty())
    text += fmt::format("; default `{}`", parameter.fallback);
  if (parameter.state == State::CheckedOnly)
    text += fmt::format(" ({})", spelling(parameter.state));
  return text;
}

static std::string constructText(const Construct &construct) {
  std::string text = fmt::format("**{}**: {}", shownName(construct.name), construct.text);
  if (!construct.example.empty())
    text += fmt::format("\n\n```\n{}\n```", construct.example);
  if (construct.state == State::CheckedOnly)
    text += fmt::format("\n\n{}", spelling(construct.state));
  return text;
}

/// All keys of a definition with their values, defaults too.
static std::string definitionText(const Document &document, const CheckedDefinition &definition) {
  std::string text = fmt::format("**{} {}**", ast::spelling(definition.kind), definition.name);
  if (definition.value.kind != ValueKind::None)
    text += fmt::format("\n\n`{}`", valueText(definition.value));
  if (definition.keys.empty())
    return text;
  text += "\n\n| key | value | from |\n|---|---|---|\n";
  for (const CheckedArgument &key : definition.keys) {
    std::string value = valueText(key.value);
    for (size_t at = 0; (at = value.find('|', at)) != value.npos; at += 2)
      value.replace(at, 1, "\\|");
    text += fmt::format("| {} | `{}` | {} |\n", key.name, value, originText(document, key.value));
  }
  return text;
}

/// What the tables say of a word, whatever the recipe says.
static std::optional<std::string> wordText(std::string_view word) {
  for (const Construct *construct : constructs())
    if (construct->name == word)
      return constructText(*construct);
  for (const Construct *construct : constructs())
    if (const Parameter *parameter = construct->find(word))
      return fmt::format("**{}** of {}: {}", word, shownName(construct->name),
                         parameterText(*parameter));
  if (const AttributeRow *attribute = findAttribute(word))
    return fmt::format("**{}**: {}", word, attribute->text);
  return std::nullopt;
}

static const CheckedDefinition *definitionNamed(const Document &document, std::string_view word) {
  return document.recipe && !word.empty() ? document.recipe->find(word) : nullptr;
}

std::optional<Hover> hoverAt(const Document &document, size_t offset) {
  SourceRange where = wordAt(document, offset);
  std::string_view word = document.sources.text(where);
  Found found;
  if (document.recipe)
    for (const CheckedDefinition &definition : document.recipe->definitions) {
      const Construct &construct = constructOf(definition.kind);
      if (holds(definition.value.where, document.file, offset))
        searchInside(document, offset, definition.value, definition.name, found);
      for (const auto *arguments : {&definition.keys, &definition.lets, &definition.tasks})
        search(document, offset, *arguments, &construct, "", found);
    }
  // A name that is read says what it is; any other place, its value.
  if (const CheckedDefinition *definition = definitionNamed(document, word))
    return Hover{definitionText(document, *definition), where};
  if (found.value) {
    std::string text = fmt::format("**{}**: `{}` ({})", found.name, valueText(*found.value),
                                   originText(document, *found.value));
    if (found.parameter)
      text += "\n\n" + parameterText(*found.parameter);
    if (found.value->construct && found.value->construct->name == word)
      text += "\n\n" + constructText(*found.value->construct);
    return Hover{text, found.where};
  }
  if (std::optional<std::string> text = wordText(word); text && !word.empty())
    return Hover{*text, where};
  return std::nullopt;
}

std::optional<SourceRange> definitionAt(const Document &document, size_t offset) {
  std::string_view word = document.sources.text(wordAt(document, offset));
  if (word.empty())
    return std::nullopt;
  if (const CheckedDefinition *definition = definitionNamed(document, word))
    return definition->where;
  for (const ast::Definition &definition : document.tree->definitions)
    if (definition.name == word)
      return definition.nameRange;
  return std::nullopt;
}

} // namespace roux::language
