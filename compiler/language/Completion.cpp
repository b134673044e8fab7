//===- Completion.cpp - what may be written next ---------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/Completion.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/Scopes.h"
#include "compiler/language/Cursor.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::language {

using Kind = Completion::Kind;

namespace {

class Completer {
public:
  explicit Completer(const Document &document) : document(document) {}

  void keys(const Construct &construct, const OpenBracket &bracket);
  void values(const Parameter &parameter);
  void functions(Family family);
  void names(std::initializer_list<ast::Kind> kinds);
  void formula(Place place);
  void add(Kind kind, std::string_view label, std::string insert, std::string_view detail) {
    found.push_back({kind, std::string(label), std::move(insert), std::string(detail)});
  }
  std::vector<Completion> found;

private:
  const Document &document;
};

} // namespace

void Completer::keys(const Construct &construct, const OpenBracket &bracket) {
  for (std::span<const Parameter> rows : {construct.parameters, construct.options})
    for (const Parameter &parameter : rows)
      if (!parameter.multiplier && std::ranges::count(bracket.written, parameter.name) == 0)
        add(Kind::Key, parameter.name, fmt::format("{}: ", parameter.name), parameter.text);
}

void Completer::functions(Family family) {
  for (const Construct *construct : constructs())
    if (construct->family == family)
      add(Kind::Function, construct->name,
          construct->bare ? std::string(construct->name) : fmt::format("{}(", construct->name),
          construct->text);
}

void Completer::names(std::initializer_list<ast::Kind> kinds) {
  for (const ast::Definition &definition : document.tree->definitions)
    if (std::ranges::count(kinds, definition.kind))
      add(Kind::Name, definition.name, std::string(definition.name),
          ast::spelling(definition.kind));
}

void Completer::formula(Place place) {
  const PlaceRow &row = placeOf(place);
  for (const AttributeRow &attribute : attributes())
    if ((attribute.scopes & (row.scopes | row.inside)) && attribute.needs <= row.needs)
      add(Kind::Attribute, attribute.name, std::string(attribute.name), attribute.text);
}

void Completer::values(const Parameter &parameter) {
  using enum ast::Kind;
  for (const WordRow &word : parameter.words)
    add(Kind::Word, word.name, std::string(word.name), word.text);
  if (parameter.types & type::Call)
    functions(parameter.family);
  if (parameter.types & type::Model) {
    names({Model, Train});
    functions(Family::Model);
  }
  if (parameter.types & type::Data) {
    names({ast::Kind::Data});
    functions(Family::Source);
  }
  if (parameter.types & type::Tokenizer) {
    names({Tokenizer});
    functions(Family::Tokenizer);
  }
  if (parameter.types & type::Prompt)
    names({Prompt});
  if (parameter.types & type::Formula)
    formula(parameter.place);
  if (parameter.types & type::Boolean) {
    add(Kind::Word, "true", "true", "");
    add(Kind::Word, "false", "false", "");
  }
  if (parameter.types & type::None)
    add(Kind::Word, "none", "none", "");
  names({Param});
}

static const Construct *constructNamed(std::string_view name) {
  auto found = std::ranges::find_if(constructs(), [&](const Construct *construct) {
    return construct->name == name && construct->family != Family::Definition;
  });
  return found == constructs().end() ? nullptr : *found;
}

static const Construct *kindNamed(std::string_view name) {
  return findConstruct(Family::Definition, name);
}

/// The parameter whose value is being written in a call.
static const Parameter *parameterAt(const Construct &construct, const OpenBracket &bracket) {
  if (!bracket.key.empty())
    return construct.find(bracket.key);
  size_t place = 0;
  for (const Parameter &parameter : construct.parameters)
    if (parameter.positional && (place++ == bracket.positional || parameter.repeated))
      return &parameter;
  return nullptr;
}

static void completeFile(const Cursor &cursor, const OpenBracket &bracket, Completer &completer) {
  if (bracket.begins) {
    for (const Construct *construct : constructs())
      if (construct->family == Family::Definition)
        completer.add(Kind::Key, construct->name, fmt::format("{} ", construct->name),
                      construct->text);
    completer.add(Kind::Key, "use", "use \"", "another recipe's definitions");
    completer.add(Kind::Key, "seed", "seed ", "of all that is drawn");
    return;
  }
  if (bracket.afterPipe)
    return completer.functions(Family::Record);
  using enum ast::Kind;
  if (cursor.definitionKind == "data") {
    completer.functions(Family::Source);
    completer.names({ast::Kind::Data});
  } else if (cursor.definitionKind == "model") {
    completer.functions(Family::Model);
    completer.names({Model, Train});
  } else if (cursor.definitionKind == "tokenizer") {
    completer.functions(Family::Tokenizer);
  }
}

std::vector<Completion> completionsAt(const Document &document, size_t offset) {
  Cursor cursor = cursorAt(document, offset);
  const OpenBracket &bracket = cursor.open.back();
  Completer completer(document);
  if (bracket.kind == OpenBracket::Kind::File) {
    completeFile(cursor, bracket, completer);
    return std::move(completer.found);
  }
  bool isBlock = bracket.kind == OpenBracket::Kind::Block;
  bool isModel = isBlock && cursor.definitionKind == "model";
  // In a list the owner is that of what is around it, which may be a block.
  const Construct *construct = isModel ? &modelOverride() : nullptr;
  if (!construct && !isBlock)
    construct = constructNamed(bracket.owner);
  if (!construct)
    construct = kindNamed(bracket.owner);
  if (!construct)
    return {};
  if (bracket.afterPipe)
    completer.functions(Family::Record);
  else if (const Parameter *parameter =
               isBlock && bracket.key.empty() ? nullptr : parameterAt(*construct, bracket))
    completer.values(*parameter);
  if (!bracket.afterPipe && bracket.key.empty() && bracket.kind != OpenBracket::Kind::List)
    completer.keys(*construct, bracket);
  return std::move(completer.found);
}

} // namespace roux::language
