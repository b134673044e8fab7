//===- WriteStore.cpp - rows into a token store ---------------------------===//
//
// Rows are tokenized in pieces on all threads; whichever thread has done the
// next piece in order appends it while the others go on. What waits is bounded.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/pipeline/SequenceEnvironment.h"
#include "runtime/data/records/Parallel.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <unordered_set>

namespace roux::data {

/// A sequence ready for the store.
struct PipelineRunner::Made {
  TokenizedRecord tokens;
  Lints lints;
  std::vector<Loss> losses;
  std::vector<roux::Value> attributes;
  const StoreSchema *schema = nullptr; ///< of the attributes
};

/// Characters of the answer that `name` asks for, "characters:chosen" or "characters:rejected".
static double charactersOf(const Record &record, std::string_view name) {
  double count = 0;
  for (const Message &message : name.ends_with("chosen") ? record.messages : record.rejected)
    if (message.trained && message.role == "assistant")
      count += static_cast<double>(std::ranges::count_if(
          message.content, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  return count;
}

PipelineRunner::Made PipelineRunner::make(const Row &row, uint64_t index, const StoreSchema &schema,
                                          Workspace &workspace) const {
  Made made;
  made.schema = &schema;
  workspace.losses = &made.losses;
  tokensOf(row, made.tokens, workspace, &made.lints);
  workspace.losses = nullptr;
  applyTarget(row, made.tokens, workspace);
  SequenceEnvironment environment(*this, targetStep, row, index, workspace, &made.tokens);
  for (const StoreSchema::Attribute &attribute : schema.attributes) {
    if (attribute.name.starts_with("characters:")) {
      made.attributes.push_back(charactersOf(recordOf(row, workspace), attribute.name));
      continue;
    }
    Expression::Node node;
    bool passes = attribute.name.starts_with("in:");
    node.operation = passes ? Operation::Passed : Operation::Read;
    node.scope = Scope::Sequence;
    bool isScore = attribute.name.starts_with("score:");
    node.attribute = isScore ? Attribute::Score : Attribute::Field;
    node.text = passes    ? attribute.name.substr(3)
                : isScore ? attribute.name.substr(6)
                          : attribute.name;
    made.attributes.push_back(environment.read(node));
    if (std::holds_alternative<std::string>(made.attributes.back()) != attribute.isText)
      throw RecordError(fmt::format("{}: field '{}' is {}, expected {}", nameOf(row),
                                    attribute.name, attribute.isText ? "a number" : "text",
                                    attribute.isText ? "text" : "a number"));
  }
  return made;
}

/// A row's sequence, or why it has none.
struct PipelineRunner::Tried {
  Row row;
  Made made;
  std::string problem;
};

PipelineRunner::Tried PipelineRunner::attempt(const Row &row, uint64_t index,
                                              const StoreSchema &schema,
                                              Workspace &workspace) const {
  Tried tried{row, {}, {}};
  try {
    tried.made = make(row, index, schema, workspace);
  } catch (...) {
    workspace.losses = nullptr;
    tried.problem = skippedProblem(row);
  }
  return tried;
}

void PipelineRunner::noteTargets(const Row &row, const TokenizedRecord &tokens) {
  auto has = [&](std::string_view role) {
    return std::any_of(tokens.turns.begin(), tokens.turns.end(),
                       [&](const Turn &turn) { return turn.role == role; });
  };
  if (!has("user") || !has("assistant"))
    return;
  uint32_t targets = tokens.countTargets();
  bool everything = !consumer.target.empty() && consumer.target.scope() != Scope::Constant &&
                    targets + 1 == tokens.size();
  if (targets == 0)
    ledger.add(Fate::Noted, "a chat with an answer has no target", 1, 0, 0, nameOf(row));
  else if (everything)
    ledger.add(Fate::Noted, "every token of a chat is a target", 1, 0, 0, nameOf(row));
}

/// A pair of which one answer has no target compares nothing.
static bool isOneSided(const TokenizedRecord &tokens) {
  return std::ranges::any_of(tokens.spans, [&](TokenRange answer) {
    return std::all_of(tokens.labels.begin() + answer.begin, tokens.labels.begin() + answer.end,
                       [](int32_t label) { return label == noLabel; });
  });
}

void PipelineRunner::append(TokenStoreWriter &store, const StoreSchema &schema, const Row &row,
                            const Made &made) {
  const TokenizedRecord &tokens = made.tokens;
  for (std::string_view lint : made.lints)
    ledger.add(fateOf(lint), lint, 1, 0, 0, nameOf(row));
  for (const Loss &loss : made.losses)
    ledger.add(Fate::Cut, loss.rule, 1, loss.tokens, loss.targets, nameOf(row));
  noteTargets(row, tokens);
  if (tokens.size() == 0) {
    ledger.add(Fate::Dropped, "no tokens", 1, 0, 0, nameOf(row));
    return;
  }
  if (sources[sourceOf(row)]->spec().kind == SourceKind::Pairs && isOneSided(tokens)) {
    ledger.add(Fate::Dropped, "a pair with an answer that has no target", 1, tokens.size(),
               tokens.countTargets(), nameOf(row));
    return;
  }
  std::vector<uint8_t> names, roles(tokens.size());
  for (const std::string &name : tokens.roleNames)
    names.push_back(store.role(name));
  std::transform(tokens.roles.begin(), tokens.roles.end(), roles.begin(),
                 [&](uint8_t role) { return names[role]; });
  std::vector<TokenRange> turns;
  for (const Turn &turn : tokens.turns)
    turns.push_back(turn.tokens);
  std::vector<float> scores;
  for (const std::string &name : schema.tokenScores)
    if (size_t score = scoreNamed(name);
        score < tokens.scores.size() && !tokens.scores[score].empty())
      scores.insert(scores.end(), tokens.scores[score].begin(), tokens.scores[score].end());
    else
      throw RecordError(fmt::format("{}: has no score '{}': it is not of the data that were scored",
                                    nameOf(row), name));
  std::vector<AttributeValue> values;
  for (const roux::Value &value : made.attributes)
    if (const auto *text = std::get_if<std::string>(&value))
      values.push_back({0, *text});
    else
      values.push_back({std::get<double>(value), {}});
  store.append({.record = ordinalOf(row),
                .part = row.part,
                .copy = row.copy,
                .source = sources[sourceOf(row)]->spec().name,
                .ids = tokens.ids,
                .labels = tokens.labels,
                .roles = roles,
                .turns = turns,
                .spans = tokens.spans,
                .sentences = tokens.sentences,
                .lastIsInput = tokens.lastIsInput,
                .attributes = values,
                .tokenScores = scores});
}

/// A sequence that a store cannot hold (a role too many) is a fault of its record, like those
/// before.
void PipelineRunner::appendGood(TokenStoreWriter &store, const Row &row, const Made &made) {
  try {
    append(store, *made.schema, row, made);
  } catch (const std::invalid_argument &) {
    countProblem(row, skippedProblem(row));
  }
}

/// The fields that the steps' prompts and the steps themselves name.
static std::unordered_set<std::string> namedIn(const DataPipeline &pipeline) {
  std::unordered_set<std::string> named;
  auto addHoles = [&](const std::string &prompt) {
    for (std::string &hole : holesOf(prompt))
      named.insert(std::move(hole));
  };
  for (const DataStep &step : pipeline.steps) {
    named.insert(step.field);
    for (const std::string *prompt : {&step.chat.system, &step.chat.user, &step.chat.assistant})
      addHoles(*prompt);
    for (const AskedField &field : step.ask.fields)
      for (const NamedPrompt &prompt : field.prompts)
        addHoles(prompt.text);
  }
  return named;
}

/// Tells of every key that neither a layout nor `schema` nor an expression, a prompt or the
/// template reads.
void PipelineRunner::noteUnreadKeys(const StoreSchema &schema) {
  std::unordered_set<std::string> read = namedIn(pipeline);
  for (const StoreSchema::Attribute &attribute : schema.attributes)
    read.insert(attribute.name);
  visitNodes(pipeline, consumer, [&](const Expression::Node &node) {
    if (node.operation == Operation::Read && node.attribute == Attribute::Field)
      read.insert(node.text);
  });
  for (size_t step = 0; step < sources.size(); ++step) {
    const std::shared_ptr<RecordSource> &source = sources[step];
    if (!source || std::find(sources.begin(), sources.begin() + step, source) !=
                       sources.begin() + static_cast<ptrdiff_t>(step))
      continue;
    const std::string &name = source->spec().name;
    for (const KeyCount &each : source->keys().keys()) {
      bool isKnown = each.of != KeyOf::Message && read.contains(each.key);
      if (each.of != KeyOf::Record)
        isKnown |= consumer.chat && consumer.chat->reads(each.key);
      static constexpr std::string_view said[] = {"nothing reads key '{}'",
                                                  "the template does not read '{}' of messages",
                                                  "the template does not read '{}'"};
      if (!isKnown)
        ledger.add(
            Fate::Noted,
            fmt::format("{}: {}", name,
                        fmt::format(fmt::runtime(said[static_cast<size_t>(each.of)]), each.key)),
            each.records, 0, 0, source->nameOfOrdinal(each.first));
    }
    if (uint64_t others = source->keys().others())
      ledger.add(Fate::Noted, fmt::format("{}: nothing reads further keys", name), others, 0, 0);
  }
}

void PipelineRunner::write(TokenStoreWriter &store, const StoreSchema &schema) {
  assert(stepsHaveRun && "without runSteps() there are no rows");
  for (const StoreSchema::Attribute &attribute : schema.attributes)
    if (attribute.name.starts_with("in:") && members.try_emplace(attribute.name.substr(3)).second)
      for (uint32_t step = 0; step < steps.size(); ++step)
        if (pipeline.steps[step].definition == attribute.name.substr(3))
          rememberMembers(step);
  constexpr uint64_t pieceRows = 32;
  const StepRows &rows = steps.back();
  std::deque<Workspace> workspaces;
  for (unsigned thread = 0; thread < countThreads(threads); ++thread)
    workspaces.emplace_back(sources);
  std::map<uint64_t, std::vector<Tried>> waiting; ///< pieces that are done, until their turn
  std::mutex mutex;
  auto work = [&](size_t piece, unsigned thread) {
    std::vector<Tried> tried;
    uint64_t end = std::min<uint64_t>((piece + 1) * pieceRows, rows.size());
    for (uint64_t row = piece * pieceRows; row < end; ++row)
      tried.push_back(attempt(rows[row], row, schema, workspaces[thread]));
    std::lock_guard lock(mutex);
    waiting.emplace(piece, std::move(tried));
  };
  auto commit = [&](size_t piece) {
    std::vector<Tried> tried;
    {
      std::lock_guard lock(mutex);
      tried = std::move(waiting.extract(piece).mapped());
    }
    for (Tried &each : tried)
      if (each.problem.empty())
        appendGood(store, each.row, each.made);
      else
        countProblem(each.row, each.problem);
  };
  inOrder((rows.size() + pieceRows - 1) / pieceRows, threads, 4, work, commit);
  checkUnchanged();
  noteUnreadKeys(schema);
  store.ledger().merge(ledger);
  store.setOrigin(origin());
}

} // namespace roux::data
