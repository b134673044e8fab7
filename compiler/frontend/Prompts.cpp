//===- Prompts.cpp - fields that `ask` makes and prompts read -------------===//
//
// A hole may name a key of the file, which is not read here, or what a model wrote on
// the way: of the latter it is known what there is.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"

#include <algorithm>
#include <fmt/ranges.h>

namespace roux {

void Checker::fieldsOf(const CheckedValue &data) {
  std::set<uint32_t> seen; // data may be named many times on the way
  fieldsOf(data, seen);
}

/// Adds what the argument `field` of `ask` makes: the answer, or its tags, and what was drawn.
static void addFields(const CheckedValue &ask, const CheckedArgument &field,
                      std::set<std::string, std::less<>> &fields) {
  const CheckedValue *parse = ask.find("parse"), *on = ask.find("on");
  bool isTags = parse && parse->calls("tags");
  if (!isTags)
    fields.insert(field.name);
  else if (const CheckedValue *names = parse->find("names")) {
    if (names->kind == ValueKind::Text)
      fields.insert(field.name + "." + names->text);
    for (const CheckedValue &name : names->items)
      fields.insert(field.name + "." + name.text);
  }
  if (on && on->calls("chunk"))
    fields.insert(field.name + ".chunk");
  if (field.value.calls("choice"))
    fields.insert(field.name + ".choice");
}

void Checker::fieldsOf(const CheckedValue &data, std::set<uint32_t> &seen) {
  if (data.kind == ValueKind::Reference) {
    if (seen.insert(data.definition).second)
      fieldsOf(checked[data.definition].value, seen);
    return;
  }
  for (const CheckedValue &item : data.items)
    fieldsOf(item, seen);
  if (data.kind != ValueKind::Call)
    return;
  if (const CheckedValue *inner = data.find("data"))
    fieldsOf(*inner, seen);
  if (data.construct->name == "ask")
    for (const CheckedArgument &argument : data.arguments)
      if (argument.named)
        addFields(data, argument, formulas.fields);
}

/// The part of a field's name before its point.
static std::string_view headOf(std::string_view field) {
  return field.substr(0, field.find('.'));
}

void Checker::checkHole(std::string_view hole, SourceRange where) {
  if (formulas.fields.contains(hole))
    return;
  std::vector<std::string_view> made;
  for (const std::string &field : formulas.fields)
    if (headOf(field) == headOf(hole))
      made.push_back(field);
  if (!made.empty())
    diagnostics.error(
        Code::Prompt, where,
        fmt::format("no field is named '{}'; there is {}", hole, fmt::join(made, ", ")));
}

void Checker::checkHoles(const CheckedValue &prompt) {
  if (prompt.kind == ValueKind::Reference && checked[prompt.definition].kind == ast::Kind::Prompt) {
    CheckedValue named = checked[prompt.definition].value;
    named.where = prompt.where;
    return checkHoles(named);
  }
  for (const CheckedValue &item : prompt.items)
    checkHoles(item);
  for (const CheckedArgument &argument : prompt.arguments)
    if (prompt.calls("choice"))
      checkHoles(argument.value);
  if (prompt.kind != ValueKind::Prompt)
    return;
  for (size_t at = 0; at < prompt.text.size(); ++at) {
    size_t end = prompt.text.find('}', at);
    if (prompt.text[at] == '\\')
      ++at;
    else if (prompt.text[at] == '{' && end != std::string::npos)
      checkHole(std::string_view(prompt.text).substr(at + 1, end - at - 1), prompt.where);
  }
}

void Checker::checkMade(std::string_view field, SourceRange where) {
  for (const std::string &made : formulas.fields)
    if (headOf(made) == field) {
      diagnostics.error(Code::DefinedTwice, where,
                        fmt::format("'ask' has made a field '{}' before; give this one "
                                    "another name",
                                    field));
      return;
    }
}

} // namespace roux
