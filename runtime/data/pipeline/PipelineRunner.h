//===- PipelineRunner.h - from files to a consumer's token store ----------===//
//
// Runs a pipeline for one consumer: opens the sources, lets each step select,
// order or change rows, and writes the last step's rows as tokenized sequences.
// The number of threads is never seen in what comes out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Ledger.h"
#include "runtime/data/SeedTree.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/pipeline/DataPipeline.h"
#include "runtime/data/pipeline/RecordSet.h"
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/data/pipeline/Rows.h"
#include "runtime/data/pipeline/TokenCache.h"
#include "runtime/data/records/SourceLibrary.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roux::data {

/// A pipeline that cannot be run as it is written, or gives nothing; in the recipe's words.
class DataError : public FileError {
public:
  using FileError::FileError;
};

/// What a step took from one sequence, for the ledger.
struct Loss {
  std::string_view rule;
  uint64_t tokens, targets;
};

/// One thread's readers and buffers.
class Workspace {
public:
  explicit Workspace(const std::vector<std::shared_ptr<RecordSource>> &sources);
  /// The record `index` of the source of step `step`, until the next one of that source.
  Record &read(uint32_t step, uint64_t index);

  std::map<uint32_t, Record> joined;   ///< what each join step is putting together
  std::vector<Loss> *losses = nullptr; ///< where changes of tokens are counted, if anywhere

private:
  const std::vector<std::shared_ptr<RecordSource>> &sources;
  std::map<uint32_t, RecordSource::Reader> readers;
};

/// What a source's records are called in the draw of `sample`: its files, wherever they lie.
std::string_view drawnName(const SourceSpec &source);
/// Calls `visit` for every node of every expression of the pipeline and its consumer.
void visitNodes(const DataPipeline &pipeline, const Consumer &consumer,
                const std::function<void(const Expression::Node &)> &visit);

/// The number that `expression` is. Throws RecordError, without a place, for NaN: `what` is the
/// construct's name.
double numberOf(const Expression &expression, const Environment &environment,
                std::string_view what);

class PipelineRunner {
public:
  /// Opens and indexes every source, so that origin() can be asked. Throws
  /// FileError, RecordError and DataError. The consumer and the ledger must
  /// outlive the runner. `library`: where sources are shared with other
  /// pipelines; null: they are this one's own.
  PipelineRunner(DataPipeline pipeline, const Consumer &consumer, Ledger &ledger,
                 unsigned threads = 0, SourceLibrary *library = nullptr);
  ~PipelineRunner();

  /// A text that changes with anything the tokens are made from: sources' bytes, steps, tokenizer,
  /// template and target.
  std::string origin() const;
  /// Gives every step its rows; before anything below. What is lost or noticed goes to the ledger.
  /// Throws as the constructor does.
  void runSteps();
  uint64_t size() const { return steps.back().size(); }
  /// Tokens of the last step's row `row`, with the consumer's target applied.
  void tokenize(uint64_t row, TokenizedRecord &tokens, Workspace &workspace) const;
  /// Calls `visit` with every record, in order, its row and its name, as in "FILE:LINE". Throws
  /// DataError where rows are no longer records.
  void visitRecords(const std::function<void(const Record &record, const Row &row,
                                             const std::string &name)> &visit);
  /// The texts of the same, one a call: contents of messages, and documents; false after the last.
  std::function<bool(std::string &)> texts();
  /// Appends all sequences in order, and sets the store's origin. `attributes` of the store's
  /// schema are evaluated for each.
  void write(TokenStoreWriter &store, const StoreSchema &schema);

  /// Throws FileError where a file is no longer what it was when the sources were opened. All above
  /// that read rows to their end do so.
  void checkUnchanged() const;

  Workspace makeWorkspace() const { return Workspace(sources); }
  /// The last step's rows, their names, and whether a record that cannot be read is left out.
  const StepRows &rows() const { return steps.back(); }
  std::string nameOf(const Row &row) const;
  bool skips(const Row &row) const;

private:
  friend class SequenceEnvironment;
  friend class InnerEnvironment;

  void open(uint32_t step, SourceLibrary *library);
  // One function an operation; each fills steps[step].
  void run(uint32_t step);
  void read(uint32_t step);
  void where(uint32_t step);
  void sample(uint32_t step);
  void without(uint32_t step);
  void shuffle(uint32_t step);
  void concat(uint32_t step);
  void mix(uint32_t step);
  void repeat(uint32_t step);
  void join(uint32_t step);
  void sort(uint32_t step);
  void keep(uint32_t step);
  void split(uint32_t step);
  /// Strip, Spans, KeepSpans, Cut, Pick, AsChat and CutField: one row for each, its content changed
  /// when it is read.
  void change(uint32_t step);
  /// The rows that have an answer; the others go to the ledger.
  void ask(uint32_t step);

  const StepRows &inputRows(uint32_t step, size_t input = 0) const {
    return steps[pipeline.steps[step].inputs[input]];
  }
  /// All rows of the inputs of `step`, one input after the other, as one list;
  /// rows that are there already become copies.
  StepRows joinInputs(uint32_t step) const;
  void checkCount(uint32_t step, uint64_t rows) const;
  /// Before any row is made: refuses steps of which it can be told that they make too many.
  void checkCounts() const;
  /// Calls `work` for each row on all threads and says which rows went well. A record that cannot
  /// be tokenized ends the run, or, where its source skips, is counted.
  std::vector<bool> forRows(const StepRows &rows,
                            const std::function<void(uint64_t row, Workspace &workspace)> &work);
  /// Counts what went wrong with a row whose source skips.
  void countProblem(const Row &row, const std::string &problem);
  std::string problemOf(const Row &row) const;
  /// The same where the row's source skips what cannot be read; else throws it as a RecordError.
  std::string skippedProblem(const Row &row) const;
  /// The expression of `step` for each row of its input; NaN is an error that names the record.
  std::vector<double> numbers(uint32_t step, std::vector<bool> &good);
  /// Rows of the input of `step` by the draw that each makes.
  std::vector<uint32_t> orderByDraws(uint32_t step) const;
  void checkWhole(uint32_t step) const;
  void note(uint32_t step, std::string_view what, uint64_t rows);
  void rememberMembers(uint32_t step);

  bool isWhole(const Row &row) const; ///< its content is still a record, not tokens
  /// The record behind a row: after strip and join, before anything that needs tokens.
  Record &record(const Row &row, Workspace &workspace) const;
  /// The record before `row`'s step, changed as the step says.
  Record &changed(const Row &row, Workspace &workspace) const;
  Record &joined(const Row &row, Workspace &workspace) const;
  // WrittenFields.cpp: fields that a model wrote, and records made of them.
  void addAnswers(const Row &row, Record &record) const;
  void pickValues(const Row &row, Record &record) const;
  void cutText(const DataStep &step, Record &record) const;
  const Record *recordToVisit(uint64_t number, Workspace &workspace);
  Record &recordOf(const Row &row, Workspace &workspace) const;
  /// The row of `row`'s record, before any step that needs tokens.
  Row wholeRow(const Row &row) const;
  void tokensOf(const Row &row, TokenizedRecord &tokens, Workspace &workspace,
                Lints *lints = nullptr) const;
  void pieceOf(const Row &row, TokenizedRecord &tokens, Workspace &workspace) const;
  void changeTokens(const Row &row, TokenizedRecord &tokens, Workspace &workspace) const;
  void keepSpans(const DataStep &step, const Row &row, TokenizedRecord &tokens,
                 Workspace &workspace) const;
  void applyTarget(const Row &row, TokenizedRecord &tokens, Workspace &workspace) const;
  struct Made;
  struct Tried;
  Tried attempt(const Row &row, uint64_t index, const StoreSchema &schema,
                Workspace &workspace) const;
  Made make(const Row &row, uint64_t index, const StoreSchema &schema, Workspace &workspace) const;
  void append(TokenStoreWriter &store, const StoreSchema &schema, const Row &row, const Made &made);
  void appendGood(TokenStoreWriter &store, const Row &row, const Made &made);
  void noteUnreadKeys(const StoreSchema &schema);
  void noteTargets(const Row &row, const TokenizedRecord &tokens);

  /// The records behind a row; several after a join. Each is a source and an index in it.
  void origins(const Row &row,
               const std::function<void(uint32_t source, uint64_t index)> &visit) const;
  bool passed(const Row &row, const std::string &definition) const;
  uint32_t sourceOf(const Row &row) const;
  uint64_t ordinalOf(const Row &row) const;
  Row parentOf(const Row &row) const {
    return steps[pipeline.steps[row.step].inputs[0]][row.parent];
  }
  // ReadScores.cpp: scores of records, and of their tokens and spans.
  void findScoredSteps();
  /// What score number `score` found for the record behind `row`. Throws RecordError if nothing.
  const RecordScore &scoreOf(size_t score, const Row &row) const;
  size_t scoreNamed(std::string_view name) const;
  /// Puts scores of tokens and spans beside the tokens of `row`, where its content is what was
  /// scored.
  void attachScores(const Row &row, TokenizedRecord &tokens) const;
  SeedTree drawsOf(const DataStep &step, const Row &row) const;
  Ends endsOf(const Row &row) const;

  DataPipeline pipeline;
  const Consumer &consumer;
  Ledger &ledger;
  unsigned threads;
  RecordTokenizer tokenizer;
  DataStep targetStep;                                ///< what `target` draws as
  bool targetByRole = false;                          ///< it reads nothing of a token but its role
  std::vector<std::shared_ptr<RecordSource>> sources; ///< by step; null where it reads nothing
  std::vector<StepRows> steps; ///< as many as the pipeline's from the start: rows refer to them
  std::vector<std::vector<size_t>> scoredHere; ///< by step: scores of the content that it makes
  bool stepsHaveRun = false;
  mutable TokenCache splitRecords;
  /// Of definitions that `source in d` asks about: the records in them.
  std::map<std::string, RecordSet, std::less<>> members;
};

} // namespace roux::data
