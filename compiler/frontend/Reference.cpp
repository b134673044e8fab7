//===- Reference.cpp - the tables of the language reference ---------------===//
//
// One section a part of the language: the functions with an example each, then
// what each of them takes, then the words it knows.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Reference.h"

#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/Scopes.h"
#include "compiler/frontend/constructs/Parts.h"

#include <fmt/format.h>
#include <set>

namespace roux {
namespace {

/// Text inside a Markdown table cell.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text)
    out += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

std::string fallbackOf(const Parameter &parameter) {
  if (parameter.fallback == required)
    return "**required**";
  if (parameter.fallback.starts_with('='))
    return "as " + code(parameter.fallback.substr(1));
  return code(parameter.fallback);
}

std::string nameOf(const Parameter &parameter) {
  if (parameter.repeated)
    return code(std::string(parameter.name) + ", …");
  return parameter.positional || parameter.multiplier ? code(parameter.name)
                                                      : code(std::string(parameter.name) + ":");
}

std::string rowOf(const Parameter &parameter, State owner) {
  State state = owner == State::Runs ? parameter.state : State::CheckedOnly;
  return fmt::format("| {} | {} | {} | {} | {} |\n", nameOf(parameter), cell(expected(parameter)),
                     fallbackOf(parameter), cell(parameter.text), spelling(state));
}

/// A word is checked only where it says so, or where all that it belongs to is.
std::string wordsOf(const Parameter &parameter, State owner) {
  State whole = owner == State::Runs ? parameter.state : State::CheckedOnly;
  std::string text;
  for (const WordRow &word : parameter.words) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", code(word.name), word.text);
    if (whole == State::Runs && word.state == State::CheckedOnly)
      text += fmt::format(" (*{}*)", spelling(word.state));
  }
  return text.empty() ? "" : fmt::format("- {} is {}.\n", code(parameter.name), text);
}

/// The arguments of a construct, then the words they know.
std::string argumentsOf(std::span<const Parameter> parameters, State state) {
  std::string table =
      "\n| argument | takes | default | meaning | status |\n|---|---|---|---|---|\n";
  std::string words;
  for (const Parameter &parameter : parameters) {
    table += rowOf(parameter, state);
    words += wordsOf(parameter, state);
  }
  return table + (words.empty() ? "" : "\n" + words);
}

std::string keysOf(std::string_view title, std::span<const Parameter> keys, State owner) {
  std::string text =
      fmt::format("\n### Keys of {}\n\n| key | takes | default | meaning | example | "
                  "status |\n|---|---|---|---|---|---|\n",
                  title);
  std::string words;
  for (const Parameter &key : keys) {
    State state = owner == State::Runs ? key.state : State::CheckedOnly;
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", nameOf(key), cell(expected(key)),
                        fallbackOf(key), cell(key.text), code(key.example), spelling(state));
    words += wordsOf(key, owner);
  }
  return text + (words.empty() ? "" : "\n" + words);
}

std::string functionsOf(std::string_view title, std::span<const Construct> rows) {
  std::string text = fmt::format("\n### {}\n", title);
  std::set<const Parameter *> shared;
  for (const Construct &row : rows) {
    text += fmt::format("\n**`{}`**, {}: {}. *{}.*\n\n```\n{}\n```\n", row.name,
                        spelling(row.family), row.text, spelling(row.state), row.example);
    std::vector<Parameter> arguments(row.parameters.begin(), row.parameters.end());
    std::erase_if(arguments, [](const Parameter &argument) {
      return argument.name == "data" && argument.positional && !argument.repeated &&
             argument.text.ends_with("`|`");
    });
    if (row.named)
      arguments.push_back(*row.named);
    if (!arguments.empty())
      text += argumentsOf(arguments, row.state);
    if (!row.options.empty() && shared.insert(row.options.data()).second)
      text += "\nEvery one of this kind also takes:\n" + argumentsOf(row.options, row.state);
  }
  return text;
}

std::string kinds() {
  std::string text =
      "### Definitions\n\n| kind | meaning | example | status |\n|---|---|---|---|\n";
  for (const Construct &row : parts::definitions)
    text += fmt::format("| {} | {} | {} | {} |\n", code(row.name), row.text, code(row.example),
                        spelling(row.state));
  return text;
}

std::string attributeTable() {
  std::string text = "\n### Scopes and attributes\n\n| scope | one of them is |\n|---|---|\n";
  for (const ScopeRow &row : scopes())
    text += fmt::format("| {} | {} |\n", code(row.name), row.text);
  text += "\n| attribute | of | is | meaning | example |\n|---|---|---|---|---|\n";
  for (const AttributeRow &row : attributes()) {
    std::string scope(spelling(narrowest(row.scopes)));
    std::string example = row.attribute == Attribute::Field ? "field(\"repo\")"
                          : row.bare                        ? std::string(row.name)
                                                            : scope + "." + std::string(row.name);
    text += fmt::format("| {} | {} | {} | {} | {} |\n", code(row.name), listScopes(row.scopes),
                        spelling(row.sort), cell(row.text), code(example));
  }
  return text;
}

std::string formulaTable() {
  std::string text = "\n### Functions of expressions\n\n| function | meaning | example | status "
                     "|\n|---|---|---|---|\n";
  for (const FormulaRow &row : formulas())
    text += fmt::format("| {} | {} | {} | {} |\n", code(row.signature), cell(row.text),
                        code(row.example), spelling(row.state));
  return text;
}

std::string placeTable() {
  std::string text =
      "\n### Where expressions stand\n\n| place | decided for a | reductions visit | "
      "gives | draws |\n|---|---|---|---|---|\n";
  for (const PlaceRow &row : places())
    if (row.place != Place::Constant)
      text += fmt::format("| {} | {} | {} | {} | {} |\n", code(row.name), listScopes(row.scopes),
                          listScopes(row.inside), spelling(row.sort), row.draws ? "yes" : "no");
  return text;
}

} // namespace

std::string referenceTables() {
  using namespace parts;
  struct Section {
    std::string_view title;
    std::span<const Construct> rows;
  };
  const Section sections[] = {
      {"Sources", sources},
      {"Records", records},
      {"Data written by a model", generation},
      {"Models and tokenizers", models},
      {"Batch policies", policies},
      {"Positions", positions},
      {"Optimizers, schedules and kept weights", training},
      {"Spans and pairs of a score", scoring},
      {"Measurements", evaluation},
      {"Intervals", running},
  };
  struct Block {
    std::string_view title;
    std::span<const Parameter> keys;
    ast::Kind kind;
  };
  const Block blocks[] = {{"`train`", trainKeys, ast::Kind::Train},
                          {"`eval`", evalKeys, ast::Kind::Eval},
                          {"`score`", scoreKeys, ast::Kind::Score},
                          {"a model's block", parts::modelOverride.parameters, ast::Kind::Model},
                          {"`run`", runKeys, ast::Kind::Run}};
  std::string text = kinds();
  for (const Block &block : blocks)
    text += keysOf(block.title, block.keys, constructOf(block.kind).state);
  for (const Section &section : sections)
    text += functionsOf(section.title, section.rows);
  return text + attributeTable() + formulaTable() + placeTable();
}

} // namespace roux
