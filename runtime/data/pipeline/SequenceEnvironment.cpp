//===- SequenceEnvironment.cpp - reading attributes of rows ---------------===//
//
// Each attribute is one line; one that needs a model is refused by its name.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/SequenceEnvironment.h"

#include "runtime/data/WholeCharacters.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace roux::data {

SequenceEnvironment::SequenceEnvironment(const PipelineRunner &runner, const DataStep &step,
                                         const Row &row, uint64_t index, Workspace &workspace,
                                         const TokenizedRecord *tokens)
    : runner(runner), step(step), row(row), index(index), workspace(workspace), known(tokens) {}

const TokenizedRecord &SequenceEnvironment::tokens() const {
  if (!known) {
    runner.tokensOf(row, own, workspace);
    runner.applyTarget(row, own, workspace);
    known = &own;
  }
  return *known;
}

[[noreturn]] static void refuse(const Expression::Node &node) {
  std::string name = node.attribute == Attribute::Score ? fmt::format("score '{}'", node.text)
                                                        : std::string(spelling(node.attribute));
  throw DataError(
      fmt::format("{}.{} is not known while data are prepared", spelling(node.scope), name));
}

roux::Value SequenceEnvironment::readField(std::string_view name) const {
  const Record &record = runner.recordOf(row, workspace);
  if (name == "document" && record.layout == Layout::Text)
    return std::string(record.document);
  const Field *field = record.read(name);
  if (!field)
    throw RecordError(fmt::format("{}: the record has no field '{}'", runner.nameOf(row), name));
  double number = 0;
  if (field->kind == Field::Kind::Boolean)
    return field->text == "true" ? 1.0 : 0.0;
  if (field->kind == Field::Kind::Number) {
    std::from_chars(field->text.data(), field->text.data() + field->text.size(), number);
    return number;
  }
  return std::string(field->kind == Field::Kind::Null ? std::string_view() : field->text);
}

roux::Value SequenceEnvironment::read(const Expression::Node &node) const {
  if (node.operation == Operation::Passed)
    return runner.passed(row, node.text) ? 1.0 : 0.0;
  if (node.operation != Operation::Read || node.scope != Scope::Sequence)
    refuse(node);
  switch (node.attribute) {
  case Attribute::Index:
    return static_cast<double>(index);
  case Attribute::Record:
    return static_cast<double>(runner.ordinalOf(row));
  case Attribute::Source:
    return runner.sources[runner.sourceOf(row)]->spec().name;
  case Attribute::Field:
    return readField(node.text);
  case Attribute::Turns: // of the record, as long as nothing has cut it
    return static_cast<double>(runner.isWhole(row) ? runner.recordOf(row, workspace).messages.size()
                                                   : tokens().turns.size());
  case Attribute::Tokens:
    return static_cast<double>(tokens().size());
  case Attribute::Targets:
    return static_cast<double>(tokens().countTargets());
  case Attribute::Spans:
    return static_cast<double>(tokens().spans.size());
  case Attribute::Score: {
    const RecordScore &score = runner.scoreOf(runner.scoreNamed(node.text), row);
    if (score.numbers.size() != 1)
      throw RecordError(fmt::format("{}: has no score '{}'", runner.nameOf(row), node.text));
    return score.numbers.front();
  }
  default:
    refuse(node);
  }
}

void SequenceEnvironment::forEach(Scope inner, Scope, bool all,
                                  const std::function<void(const Environment &)> &visit) const {
  const TokenizedRecord &sequence = tokens();
  if (inner == Scope::Sequence)
    return visit(*this);
  bool found = false;
  auto visitRow = [&](uint32_t index, TokenRange range) {
    found = true;
    visit(InnerEnvironment(*this, inner, index, range));
  };
  if (inner == Scope::Token)
    for (uint32_t i = 0; i < sequence.size(); ++i)
      if (all || (i > 0 && sequence.labels[i] != noLabel))
        visitRow(i, {i, i + 1});
  if (inner == Scope::Turn)
    for (uint32_t i = 0; i < sequence.turns.size(); ++i)
      visitRow(i, sequence.turns[i].tokens);
  if (inner == Scope::Span)
    for (uint32_t i = 0; i < sequence.spans.size(); ++i)
      visitRow(i, sequence.spans[i]);
  foundNothing |= !found;
}

double SequenceEnvironment::draw(Scope, uint32_t draw) const {
  return draws().uniform(draw);
}

static TokenRange rangeOf(const Turn &turn) {
  return turn.tokens;
}
static TokenRange rangeOf(TokenRange span) {
  return span;
}

roux::Value InnerEnvironment::read(const Expression::Node &node) const {
  if (node.operation == Operation::Read && scope == Scope::Token &&
      (node.scope == Scope::Turn || node.scope == Scope::Span))
    return readAround(node);
  if (node.operation != Operation::Read || node.scope != scope)
    return outer.read(node);
  const TokenizedRecord &tokens = outer.tokens();
  switch (node.attribute) {
  case Attribute::Index:
    return static_cast<double>(index);
  case Attribute::Position:
    return static_cast<double>(index);
  case Attribute::Id:
    return static_cast<double>(tokens.ids[index]);
  case Attribute::Role:
    return scope == Scope::Token ? tokens.roleNames[tokens.roles[index]] : tokens.turns[index].role;
  case Attribute::Tokens:
    return static_cast<double>(range.size());
  case Attribute::Text:
    return withWholeCharacters(tokens.textOf(range)); // it may begin and end inside one
  case Attribute::Score: {
    size_t score = outer.runner.scoreNamed(node.text);
    if (score >= tokens.scores.size() || tokens.scores[score].empty())
      throw RecordError(fmt::format("{}: has no score '{}' here: it is not of the data that were "
                                    "scored",
                                    outer.runner.nameOf(outer.row), node.text));
    return static_cast<double>(tokens.scores[score][range.begin]);
  }
  default:
    refuse(node);
  }
}

/// An attribute of the turn or span that the token is in. In none, everything is 0 and the role is
/// empty, as when a plan's weights are evaluated.
roux::Value InnerEnvironment::readAround(const Expression::Node &node) const {
  const TokenizedRecord &tokens = outer.tokens();
  auto ends = [](const auto &each) { return rangeOf(each).end; };
  auto in = [&](const auto &all) -> std::optional<uint32_t> {
    auto found = std::ranges::upper_bound(all, index, {}, ends);
    if (found == all.end() || rangeOf(*found).begin > index)
      return std::nullopt;
    return static_cast<uint32_t>(found - all.begin());
  };
  std::optional<uint32_t> place = node.scope == Scope::Turn ? in(tokens.turns) : in(tokens.spans);
  if (place) {
    TokenRange around =
        node.scope == Scope::Turn ? tokens.turns[*place].tokens : tokens.spans[*place];
    return InnerEnvironment(outer, node.scope, *place, around).read(node);
  }
  if (node.attribute == Attribute::Role || node.attribute == Attribute::Text)
    return std::string();
  return 0.0;
}

void InnerEnvironment::forEach(Scope inner, Scope of, bool all,
                               const std::function<void(const Environment &)> &visit) const {
  if (of != scope || inner != Scope::Token)
    return outer.forEach(inner, of, all, visit);
  const TokenizedRecord &tokens = outer.tokens();
  bool found = false;
  for (uint32_t i = range.begin; i < range.end; ++i)
    if (all || (i > 0 && tokens.labels[i] != noLabel)) {
      found = true;
      visit(InnerEnvironment(outer, Scope::Token, i, {i, i + 1}));
    }
  outer.foundNothing |= !found;
}

double InnerEnvironment::draw(Scope at, uint32_t draw) const {
  return at == scope ? (outer.draws() / spelling(scope) / index).uniform(draw)
                     : outer.draw(at, draw);
}

} // namespace roux::data
