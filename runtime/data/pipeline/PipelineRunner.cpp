//===- PipelineRunner.cpp - steps, rows and where they came from ----------===//
//
// Steps run in order. What a row is made of is found by walking from row to row,
// never kept, so memory is the rows alone.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include "runtime/data/pipeline/SequenceEnvironment.h"
#include "runtime/data/records/Parallel.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <fmt/format.h>
#include <mutex>

namespace roux::data {

std::string_view spelling(DataOperation operation) {
  static constexpr std::string_view names[] = {"read",   "where", "sample", "without",    "shuffle",
                                               "concat", "mix",   "repeat", "join",       "sort",
                                               "keep",   "strip", "spans",  "keep_spans", "cut",
                                               "split",  "ask",   "pick",   "as_chat",    "cut"};
  return names[static_cast<size_t>(operation)];
}

Workspace::Workspace(const std::vector<std::shared_ptr<RecordSource>> &sources)
    : sources(sources) {}

Record &Workspace::read(uint32_t step, uint64_t index) {
  return readers.try_emplace(step, *sources[step]).first->second.read(index);
}

void visitNodes(const DataPipeline &pipeline, const Consumer &consumer,
                const std::function<void(const Expression::Node &)> &visit) {
  for (const DataStep &step : pipeline.steps)
    for (const Expression::Node &node : step.expression.nodes)
      visit(node);
  for (const Expression::Node &node : consumer.target.nodes)
    visit(node);
}

static bool needsText(const DataPipeline &pipeline, const Consumer &consumer) {
  bool needs = consumer.sentences;
  for (const DataStep &step : pipeline.steps)
    needs |= step.operation == DataOperation::Spans;
  visitNodes(pipeline, consumer, [&](const Expression::Node &node) {
    needs |= node.operation == Operation::Read && node.attribute == Attribute::Text;
  });
  return needs;
}

PipelineRunner::PipelineRunner(DataPipeline given, const Consumer &consumer, Ledger &ledger,
                               unsigned threads, SourceLibrary *library)
    : pipeline(std::move(given)), consumer(consumer), ledger(ledger), threads(threads),
      tokenizer(consumer, needsText(pipeline, consumer)), sources(pipeline.steps.size()),
      steps(pipeline.steps.size()) {
  if (pipeline.steps.empty())
    throw DataError("a pipeline without steps has no data");
  targetStep.construct = "target";
  targetByRole = true;
  for (const Expression::Node &node : consumer.target.nodes)
    if (node.scope == Scope::Token || node.scope == Scope::Turn || node.scope == Scope::Span ||
        node.operation >= Operation::Sum)
      targetByRole &= node.operation == Operation::Read && node.attribute == Attribute::Role;
  visitNodes(pipeline, consumer, [&](const Expression::Node &node) {
    if (node.operation == Operation::Passed)
      members[node.text];
  });
  for (uint32_t step = 0; step < steps.size(); ++step)
    if (pipeline.steps[step].operation == DataOperation::Read)
      open(step, library);
  findScoredSteps();
}

PipelineRunner::~PipelineRunner() = default;

void PipelineRunner::checkCounts() const {
  // What is not known, as of `where`, counts as nothing; what only copies makes a small text large.
  std::vector<uint64_t> counts(steps.size());
  for (uint32_t step = 0; step < steps.size(); ++step) {
    const DataStep &each = pipeline.steps[step];
    uint64_t inputs = 0; // at most StepRows::most each, so no sum passes 64 bits
    for (uint32_t input : each.inputs)
      inputs += counts[input];
    if (each.operation == DataOperation::Read)
      counts[step] = sources[step]->size();
    else if (each.operation == DataOperation::Concat || each.operation == DataOperation::Shuffle)
      counts[step] = inputs;
    else if (each.operation == DataOperation::Repeat && each.times <= StepRows::most)
      counts[step] = each.times * inputs;
    checkCount(step, counts[step]);
  }
}

void PipelineRunner::runSteps() {
  checkCounts();
  for (uint32_t step = 0; step < steps.size(); ++step) {
    run(step);
    rememberMembers(step);
  }
  stepsHaveRun = true;
}

void PipelineRunner::run(uint32_t step) {
  using Runner = void (PipelineRunner::*)(uint32_t);
  static constexpr Runner runners[] = {
      &PipelineRunner::read,    &PipelineRunner::where,   &PipelineRunner::sample,
      &PipelineRunner::without, &PipelineRunner::shuffle, &PipelineRunner::concat,
      &PipelineRunner::mix,     &PipelineRunner::repeat,  &PipelineRunner::join,
      &PipelineRunner::sort,    &PipelineRunner::keep,    &PipelineRunner::change,
      &PipelineRunner::change,  &PipelineRunner::change,  &PipelineRunner::change,
      &PipelineRunner::split,   &PipelineRunner::ask,     &PipelineRunner::change,
      &PipelineRunner::change,  &PipelineRunner::change};
  (this->*runners[static_cast<size_t>(pipeline.steps[step].operation)])(step);
}

void PipelineRunner::open(uint32_t step, SourceLibrary *library) {
  const SourceSpec &spec = pipeline.steps[step].source;
  // One definition is one source, however often a pipeline names it: `without` compares records.
  for (uint32_t earlier = 0; earlier < step; ++earlier)
    if (sources[earlier] && sources[earlier]->spec().name == spec.name) {
      sources[step] = sources[earlier];
      return;
    }
  if (library) {
    sources[step] = library->open(spec);
    ledger.merge(sources[step]->losses());
  } else {
    sources[step] = std::make_shared<RecordSource>(spec, ledger, threads);
  }
}

void PipelineRunner::checkUnchanged() const {
  for (const std::shared_ptr<RecordSource> &source : sources)
    if (source)
      source->checkUnchanged();
}

void PipelineRunner::read(uint32_t step) {
  const RecordSource &source = *sources[step];
  // Steps that read one definition give equal rows: those of the first of them.
  uint32_t first = std::find(sources.begin(), sources.end(), sources[step]) - sources.begin();
  SeedTree place = SeedTree(0) / source.spec().name;
  checkCount(step, source.size());
  steps[step].set(source.size(), 1, [&source, place, first](uint64_t row) {
    return Row{
        .parent = row, .key = (place / source.ordinal(row)).bits(), .step = first, .part = 0};
  });
}

void PipelineRunner::rememberMembers(uint32_t step) {
  auto found = members.find(pipeline.steps[step].definition);
  if (found == members.end())
    return;
  for (uint64_t row = 0; row < steps[step].size(); ++row)
    origins(steps[step][row],
            [&](uint32_t source, uint64_t index) { found->second.insert(source, index); });
}

/// What the exception that is being handled says of `row`, its place first. What is no fault of the
/// record goes on: a recipe that cannot be carried out, a file that cannot be read, no memory.
std::string PipelineRunner::problemOf(const Row &row) const {
  std::string place = nameOf(row), what;
  try {
    throw;
  } catch (const RecordError &error) {
    what = error.what();
  } catch (const FileError &) {
    throw;
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const RecordProblem &problem) {
    what = problem.what;
  } catch (const std::exception &error) {
    what = error.what();
  }
  return what.starts_with(place) ? what : fmt::format("{}: {}", place, what);
}

std::string PipelineRunner::skippedProblem(const Row &row) const {
  std::string problem = problemOf(row);
  if (!skips(row))
    throw RecordError(problem);
  return problem;
}

std::vector<bool> PipelineRunner::forRows(const StepRows &rows,
                                          const std::function<void(uint64_t, Workspace &)> &work) {
  // A piece is enough rows to be worth a thread, and few enough to share a long tail.
  constexpr uint64_t pieceRows = 32;
  std::deque<Workspace> workspaces;
  for (unsigned thread = 0; thread < countThreads(threads); ++thread)
    workspaces.emplace_back(sources);
  std::map<uint64_t, std::string> problems;
  std::mutex mutex;
  inParallel((rows.size() + pieceRows - 1) / pieceRows, threads,
             [&](size_t piece, unsigned thread) {
               uint64_t end = std::min<uint64_t>((piece + 1) * pieceRows, rows.size());
               for (uint64_t row = piece * pieceRows; row < end; ++row)
                 try {
                   work(row, workspaces[thread]);
                 } catch (...) {
                   std::string problem = skippedProblem(rows[row]);
                   std::lock_guard lock(mutex);
                   problems.emplace(row, std::move(problem));
                 }
             });
  std::vector<bool> good(rows.size(), true);
  for (const auto &[row, what] : problems) {
    good[row] = false;
    countProblem(rows[row], what);
  }
  return good;
}

void PipelineRunner::countProblem(const Row &row, const std::string &problem) {
  std::string rule = fmt::format("{}: on_error: skip", sources[sourceOf(row)]->spec().name);
  ledger.add(Fate::Malformed, rule, 1, 0, 0, problem);
}

void PipelineRunner::checkCount(uint32_t step, uint64_t rows) const {
  if (rows > StepRows::most)
    throw DataError(fmt::format("'{}' makes {} rows, expected at most {}",
                                spelling(pipeline.steps[step].operation), rows, StepRows::most));
}

double numberOf(const Expression &expression, const Environment &environment,
                std::string_view what) {
  double value = evaluateNumber(expression, environment);
  if (std::isnan(value))
    throw RecordError(fmt::format("the expression of '{}' is not a number", what));
  return value;
}

std::vector<double> PipelineRunner::numbers(uint32_t step, std::vector<bool> &good) {
  const DataStep &each = pipeline.steps[step];
  const StepRows &rows = inputRows(step);
  std::vector<double> values(rows.size());
  good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
    SequenceEnvironment environment(*this, each, rows[row], row, workspace);
    values[row] = numberOf(each.expression, environment, spelling(each.operation));
  });
  return values;
}

void PipelineRunner::note(uint32_t step, std::string_view what, uint64_t rows) {
  if (rows)
    ledger.add(Fate::Noted, fmt::format("{}: {}", pipeline.steps[step].construct, what), rows, 0,
               0);
}

/// Read and what changes records; all else selects rows or changes their tokens.
static bool makesRecords(DataOperation operation) {
  using enum DataOperation;
  for (DataOperation each : {Read, Strip, Join, Ask, Pick, AsChat, CutField})
    if (operation == each)
      return true;
  return false;
}

bool PipelineRunner::isWhole(const Row &row) const {
  return makesRecords(pipeline.steps[row.step].operation);
}

Row PipelineRunner::wholeRow(const Row &row) const {
  Row whole = row;
  while (!isWhole(whole))
    whole = parentOf(whole);
  return whole;
}

Record &PipelineRunner::recordOf(const Row &row, Workspace &workspace) const {
  return record(wholeRow(row), workspace);
}

void PipelineRunner::origins(const Row &row,
                             const std::function<void(uint32_t, uint64_t)> &visit) const {
  const DataStep &step = pipeline.steps[row.step];
  if (step.operation == DataOperation::Read)
    return visit(row.step, row.parent);
  if (step.operation != DataOperation::Join)
    return origins(parentOf(row), visit);
  for (uint32_t member : steps[row.step].group(row.parent))
    origins(steps[step.inputs[0]][member], visit);
}

/// The first record behind a row, which names the row.
static std::pair<uint32_t, uint64_t>
first(const std::function<void(const std::function<void(uint32_t, uint64_t)> &)> &origins) {
  std::pair<uint32_t, uint64_t> found{UINT32_MAX, 0};
  origins([&](uint32_t source, uint64_t index) {
    if (found.first == UINT32_MAX)
      found = {source, index};
  });
  return found;
}

uint32_t PipelineRunner::sourceOf(const Row &row) const {
  return first([&](const auto &visit) { origins(row, visit); }).first;
}

uint64_t PipelineRunner::ordinalOf(const Row &row) const {
  auto [source, index] = first([&](const auto &visit) { origins(row, visit); });
  return sources[source]->ordinal(index);
}

std::string PipelineRunner::nameOf(const Row &row) const {
  auto [source, index] = first([&](const auto &visit) { origins(row, visit); });
  return sources[source]->name(index);
}

Ends PipelineRunner::endsOf(const Row &row) const {
  return sources[sourceOf(row)]->spec().ends;
}

bool PipelineRunner::skips(const Row &row) const {
  return sources[sourceOf(row)]->spec().onError == OnError::Skip;
}

bool PipelineRunner::passed(const Row &row, const std::string &definition) const {
  auto found = members.find(definition);
  if (found == members.end())
    throw DataError(fmt::format("'source in {}': no data of that name were read", definition));
  bool any = false;
  origins(row,
          [&](uint32_t source, uint64_t index) { any |= found->second.contains(source, index); });
  return any;
}

std::string_view drawnName(const SourceSpec &source) {
  return std::string_view(source.files).substr(source.files.rfind('/') + 1);
}

SeedTree PipelineRunner::drawsOf(const DataStep &step, const Row &row) const {
  // A split belongs to the data: it is drawn by file and line, whatever definitions are called.
  if (step.operation == DataOperation::Sample) {
    return SeedTree(pipeline.seed) / "split" / step.draw /
           drawnName(sources[sourceOf(row)]->spec()) / ordinalOf(row) / row.part / row.copy;
  }
  return SeedTree(pipeline.seed) / step.construct / row.key;
}

void PipelineRunner::tokensOf(const Row &row, TokenizedRecord &tokens, Workspace &workspace,
                              Lints *lints) const {
  if (pipeline.steps[row.step].operation == DataOperation::Split)
    return pieceOf(row, tokens, workspace);
  if (!isWhole(row)) {
    tokensOf(parentOf(row), tokens, workspace, lints);
    changeTokens(row, tokens, workspace);
    return attachScores(row, tokens);
  }
  try {
    tokenizer.tokenize(record(row, workspace), endsOf(row), tokens, lints);
  } catch (const std::runtime_error &error) { // of the record or of the tokenizer
    throw RecordError(fmt::format("{}: {}", nameOf(row), error.what()));
  }
  attachScores(row, tokens);
}

void PipelineRunner::pieceOf(const Row &row, TokenizedRecord &tokens, Workspace &workspace) const {
  Row parent = parentOf(row);
  uint64_t place = TokenCache::placeOf(pipeline.steps[row.step].inputs[0], row.parent);
  std::shared_ptr<const TokenizedRecord> whole = splitRecords.find(place);
  if (!whole) {
    auto made = std::make_shared<TokenizedRecord>();
    // What the record lost or has that is odd, split() has told.
    auto *losses = std::exchange(workspace.losses, nullptr);
    tokensOf(parent, *made, workspace);
    workspace.losses = losses;
    splitRecords.keep(place, made);
    whole = std::move(made);
  }
  tokens = whole->part({row.begin, row.end});
  tokens.lastIsInput = false;
  attachScores(row, tokens);
}

void PipelineRunner::applyTarget(const Row &row, TokenizedRecord &tokens,
                                 Workspace &workspace) const {
  if (consumer.target.empty())
    return;
  SequenceEnvironment sequence(*this, targetStep, row, 0, workspace, &tokens);
  std::vector<signed char> byRole(tokens.roleNames.size(), -1);
  std::vector<bool> trained(tokens.size());
  for (uint32_t t = 0; t < tokens.size(); ++t) {
    if (tokens.labels[t] == noLabel)
      continue;
    signed char &known = byRole[tokens.roles[t]];
    if (!targetByRole || known < 0)
      known = numberOf(consumer.target, InnerEnvironment(sequence, Scope::Token, t, {t, t + 1}),
                       "target") != 0;
    trained[t] = known;
  }
  for (uint32_t t = 0; t < tokens.size(); ++t)
    if (!trained[t])
      tokens.labels[t] = noLabel;
}

void PipelineRunner::tokenize(uint64_t row, TokenizedRecord &tokens, Workspace &workspace) const {
  Row each = steps.back()[row];
  tokensOf(each, tokens, workspace);
  applyTarget(each, tokens, workspace);
}

} // namespace roux::data
