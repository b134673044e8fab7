//===- Calls.cpp - arguments to parameters --------------------------------===//
//
// Positional arguments first, in the order of the table, then names; what is
// left out gets the default of its row, checked like anything written.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/OtherWords.h"

#include <algorithm>
#include <cassert>

namespace roux {

using namespace type;

static std::vector<const Parameter *> parametersOf(const Construct &construct) {
  std::vector<const Parameter *> all;
  for (std::span<const Parameter> part : {construct.parameters, construct.options})
    for (const Parameter &parameter : part)
      all.push_back(&parameter);
  return all;
}

void Checker::noteState(State state, const std::string &name, SourceRange where) {
  bool isNew = std::ranges::find(checkedOnly, name, &CheckedOnly::construct) == checkedOnly.end();
  if (state == State::CheckedOnly && isNew)
    checkedOnly.push_back({name, where});
}

void Checker::reportUnknownKey(std::string_view key, SourceRange where,
                               const Construct &construct) {
  std::vector<std::string_view> known;
  for (const Parameter *parameter : parametersOf(construct))
    if (!parameter->positional && !parameter->multiplier)
      known.push_back(parameter->name);
  std::string hint = writtenHere(key, construct.name);
  if (hint.empty())
    hint = didYouMean(key, known);
  for (const Construct *other : constructs())
    if (hint.empty() && other != &construct && other->family == construct.family &&
        construct.family != Family::Record && other->find(key))
      hint = "; " + std::string(other->name) + " has it";
  if (hint.empty())
    hint = nearlyWrittenHere(key, construct.name);
  if (hint.empty() && known.empty())
    hint = "; it has no keys";
  for (size_t i = 0; i < known.size() && (i > 0 || hint.empty()); ++i)
    hint += (i == 0 ? "; it has " : i + 1 == known.size() ? " and " : ", ") + std::string(known[i]);
  diagnostics.error(Code::UnknownKey, where,
                    "unknown key '" + std::string(key) + "' in " + shownName(construct.name) +
                        hint);
}

CheckedValue Checker::checkNamed(const ast::Argument &argument, const Construct &construct) {
  const Parameter &parameter = *construct.named;
  CheckedValue value = check(argument.value, {parameter, construct.name});
  if (construct.name != "mix")
    return value;
  const CheckedDefinition *data = read(argument.key, argument.keyRange);
  if (!data)
    diagnostics.error(Code::UnknownName, argument.keyRange,
                      "mix takes shares of data by name; nothing is called '" +
                          std::string(argument.key) + "'" +
                          didYouMean(argument.key, namesOf({ast::Kind::Data})));
  else if (data->kind != ast::Kind::Data && !data->name.empty())
    diagnostics.error(Code::WrongValue, argument.keyRange,
                      "mix takes shares of data; '" + data->name + "' is " + nounFor(data->kind));
  return value;
}

/// Puts `value` into the next positional parameter; `next` moves on unless it takes several.
static void place(CheckedValue &call, const Parameter &parameter, size_t &next,
                  CheckedValue value) {
  if (!parameter.repeated) {
    call.arguments.push_back({std::string(parameter.name), {}, std::move(value)});
    ++next;
    return;
  }
  if (!call.find(parameter.name)) {
    CheckedValue list;
    list.kind = ValueKind::List;
    list.where = value.where;
    call.arguments.push_back({std::string(parameter.name), {}, std::move(list)});
  }
  if (call.arguments.back().value.items.size() < mostItems)
    call.arguments.back().value.items.push_back(std::move(value));
}

bool Checker::checkKeyword(const ast::Argument &argument, CheckedValue &call) {
  const Construct &construct = *call.construct;
  std::string key(argument.key);
  // Data may be called as a key of mix is; its share is a number, which no such key takes.
  bool isShare = construct.name == "mix" && argument.value->kind == ast::ExprKind::Number;
  if (auto first = std::ranges::find_if(call.arguments,
                                        [&](const CheckedArgument &other) {
                                          return other.name == key && other.named == isShare;
                                        });
      first != call.arguments.end()) {
    diagnostics.error(Code::WrittenTwice, argument.keyRange, "'" + key + "' is written twice")
        .note(first->nameRange, "first written here");
    return true;
  }
  const Parameter *parameter = isShare ? nullptr : construct.find(key);
  if (parameter && parameter->multiplier) {
    diagnostics.error(Code::ExtraValue, argument.keyRange,
                      "several units a step are written 8 * " + std::string(construct.name) +
                          "(…)");
  } else if (parameter && parameter->positional) {
    diagnostics.error(Code::ExtraValue, argument.keyRange,
                      "'" + key + "' of " + std::string(construct.name) +
                          " is written without its name");
    return false;
  } else if (parameter) {
    noteState(parameter->state, key, argument.keyRange);
    call.arguments.push_back(
        {key, argument.keyRange, check(argument.value, {*parameter, construct.name})});
  } else if (construct.named) {
    if (construct.name == "ask")
      checkMade(key, argument.keyRange);
    call.arguments.push_back({key, argument.keyRange, checkNamed(argument, construct), true});
  } else {
    reportUnknownKey(key, argument.keyRange, construct);
    return false;
  }
  return true;
}

CheckedValue Checker::checkCall(const Construct &construct, SourceRange name, SourceRange where,
                                std::span<const ast::Argument> arguments, CheckedValue *piped) {
  noteState(construct.state, std::string(construct.name) + "()", name);
  CheckedValue call;
  call.kind = ValueKind::Call;
  call.construct = &construct;
  call.where = where;
  std::vector<const Parameter *> positional;
  for (const Parameter *parameter : parametersOf(construct))
    if (parameter->positional)
      positional.push_back(parameter);
  size_t next = 0, unknownKeys = 0, extraValues = 0;
  if (arguments.size() > mostItems)
    diagnostics.error(Code::TooMuch, where,
                      std::string(construct.name) + " takes at most 1000 arguments; found " +
                          std::to_string(arguments.size()));
  std::set<std::string, std::less<>> outerFields = formulas.fields;
  if (piped) {
    fieldsOf(*piped);
    place(call, *positional[0], next, std::move(*piped));
  }
  for (const ast::Argument &argument : arguments) {
    if (!argument.key.empty()) {
      unknownKeys += !checkKeyword(argument, call);
    } else if (next == positional.size()) {
      if (extraValues++ == 0)
        reportExtra(argument.value->range, construct, next, arguments);
    } else {
      CheckedValue value = check(argument.value, {*positional[next], construct.name});
      // It may be one of those that are missing.
      unknownKeys += value.kind == ValueKind::Mistaken && next + 1 < positional.size();
      place(call, *positional[next], next, std::move(value));
      if (call.arguments.size() == 1 && call.arguments[0].name == "data")
        fieldsOf(call.arguments[0].value);
    }
  }
  for (const CheckedArgument &argument : call.arguments)
    checkHoles(argument.value);
  formulas.fields = std::move(outerFields);
  // A value without a name is probably one of those that are missing.
  fillDefaults(construct, name, call.arguments, extraValues ? mostItems : unknownKeys);
  if (extraValues == 0)
    checkTogether(call);
  return call;
}

void Checker::reportExtra(SourceRange where, const Construct &construct, size_t taken,
                          std::span<const ast::Argument> arguments) {
  std::vector<std::string> missing;
  for (const Parameter *parameter : parametersOf(construct))
    if (parameter->fallback == required && !parameter->positional && !parameter->multiplier &&
        std::ranges::find(arguments, parameter->name, &ast::Argument::key) == arguments.end())
      missing.push_back("'" + std::string(parameter->name) + ":'");
  std::string hint = missing.empty() ? "" : "; write ";
  for (size_t i = 0; i < missing.size(); ++i)
    hint += (i == 0 ? "" : i + 1 == missing.size() ? " and " : ", ") + missing[i];
  diagnostics.error(Code::ExtraValue, where,
                    std::string(construct.name) + " takes " + std::to_string(taken) +
                        (taken == 1 ? " value" : " values") + " without a name; found another" +
                        hint);
}

void Checker::reportMissing(const std::vector<const Parameter *> &missing,
                            const Construct &construct, SourceRange where, size_t unknownKeys) {
  if (missing.size() <= unknownKeys)
    return;
  // Of one or two it is said what they are; of more, what all of it looks like.
  constexpr size_t fewest = 3;
  bool areMany = missing.size() >= fewest;
  std::string text = std::string(construct.name) + " needs ";
  for (size_t i = 0; i < missing.size(); ++i) {
    const Parameter &parameter = *missing[i];
    std::string name(parameter.name), words;
    if (parameter.types & Word)
      words = ": " + expected(parameter);
    text += i == 0 ? "" : i + 1 < missing.size() ? ", " : areMany ? " and " : "; and ";
    if (parameter.positional)
      text += "its " + name + (areMany ? "" : ": " + expected(parameter));
    else
      text += "'" + name + ":'" + (areMany ? "" : ", " + std::string(parameter.text) + words);
  }
  if (areMany && construct.family != Family::Definition)
    text += ", as in " + std::string(construct.example);
  diagnostics.error(Code::MissingKey, where, std::move(text));
}

void Checker::fillDefaults(const Construct &construct, SourceRange where,
                           std::vector<CheckedArgument> &arguments, size_t unknownKeys) {
  std::vector<const Parameter *> missing;
  std::vector<CheckedArgument> ordered;
  std::vector<bool> taken(arguments.size());
  for (const Parameter *parameter : parametersOf(construct)) {
    auto at = std::ranges::find_if(arguments, [&](const CheckedArgument &argument) {
      return argument.name == parameter->name && !argument.named;
    });
    if (at != arguments.end()) {
      taken[static_cast<size_t>(at - arguments.begin())] = true;
      ordered.push_back(std::move(*at));
      at->name = parameter->name; // "=other" defaults look it up; the value is in `ordered`
    } else {
      if (parameter->fallback == required)
        missing.push_back(parameter);
      CheckedValue value = fallback(*parameter, construct, where, ordered);
      ordered.push_back({std::string(parameter->name), {}, std::move(value)});
    }
  }
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!taken[i])
      ordered.push_back(std::move(arguments[i]));
  arguments = std::move(ordered);
  reportMissing(missing, construct, where, unknownKeys);
}

CheckedValue Checker::readDefault(const Parameter &parameter, const Construct &construct) {
  uint32_t file = sources.add("default", "param x = " + std::string(parameter.fallback));
  const ast::File &text = *files.emplace_back(parse(sources, file, diagnostics));
  FormulaScope outer = std::exchange(formulas, {});
  CheckedValue value = check(text.definitions[0].value, {parameter, construct.name});
  formulas = std::move(outer);
  return value;
}

CheckedValue Checker::fallback(const Parameter &parameter, const Construct &construct,
                               SourceRange where, const std::vector<CheckedArgument> &written) {
  CheckedValue value;
  if (parameter.fallback == required) {
    value.kind = ValueKind::Mistaken;
  } else if (parameter.fallback.starts_with('=')) {
    auto other = std::ranges::find(written, parameter.fallback.substr(1), &CheckedArgument::name);
    assert(other != written.end() && "a default copies a parameter that stands before it");
    value = other->value;
  } else if (auto [at, isNew] = defaults.emplace(&parameter, CheckedValue()); isNew) {
    bool isAbsent =
        parameter.fallback == "none" &&
        std::ranges::find(parameter.words, "none", &WordRow::name) == parameter.words.end();
    if (!isAbsent)
      at->second = readDefault(parameter, construct);
    value = at->second;
  } else {
    value = at->second;
  }
  value.where = where;
  value.origin = {OriginKind::Default, {}};
  return value;
}

} // namespace roux
