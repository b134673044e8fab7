//===- TrainingData.h - what a train reads, built once and kept -----------===//
//
// Everything before the first step: the tokenizer where it has to be trained, the
// token store, the batch plan. Each is a file named after the hash of what it was
// made from, so it is made once and never stale.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/Models.h"
#include "compiler/plan/RefusedRecipe.h"
#include "runtime/data/KnownFiles.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/pipeline/DataPipeline.h"
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/data/plan/Plan.h"
#include "runtime/data/records/SourceLibrary.h"

#include <filesystem>
#include <functional>
#include <map>

namespace roux {

struct AskRecipe;

/// A train's tokens and steps. The weight expression stays in the recipe.
struct TrainingData {
  ModelFacts model;
  std::filesystem::path storeFile, planFile;
  data::TokenStore store;
  data::Plan plan;
};

class DataBuilder {
public:
  /// Files go below `folder`, which is made when the first one is. `threads` 0: all. The recipe and
  /// its sources must outlive this.
  DataBuilder(const SourceManager &sources, const CheckedRecipe &recipe,
              std::filesystem::path folder, unsigned threads = 0);

  /// What was found out about files, kept in the folder.
  data::KnownFiles &known() { return knownFiles; }
  /// Opens a store of buildStore(). Throws FileError unless it is whole and all its ids are below
  /// `vocabulary`.
  data::TokenStore openStore(const std::filesystem::path &file, int64_t vocabulary);
  /// Builds what `train` needs and is not there. Throws RefusedRecipe, and the exceptions of
  /// runtime/ for files, records, tokenizers, models and plans.
  TrainingData build(const CheckedDefinition &train);
  /// Called with a sentence before work that takes a while: a tokenizer, a token store.
  void announce(std::function<void(const std::string &)> listener) {
    say = std::move(listener);
    library.announce(say);
  }
  /// What all who read the recipe's data open them through.
  data::SourceLibrary &sourceLibrary() { return library; }
  /// Where the scores of a recipe come from; without, those that are there and ask no train.
  using ScoresOf =
      std::function<std::shared_ptr<const data::ScoreTable>(const CheckedDefinition &score)>;
  void scoresFrom(ScoresOf source) { scores = std::move(source); }
  /// Where the answers of an `ask` come from; without, those that are there.
  using AnswersOf = std::function<std::shared_ptr<const data::AnswerTable>(const AskRecipe &ask)>;
  void answersFrom(AnswersOf source) { answers = std::move(source); }
  /// pipelineOf() `data` for `consumer`, with the scores that it or one of `readers` reads and the
  /// answers that it asks for.
  data::DataPipeline pipelineFor(const CheckedValue &data, const data::Consumer &consumer,
                                 std::initializer_list<const Expression *> readers,
                                 const data::StoreSchema &schema = {});
  /// The facts of a model value, its tokenizer trained if it has to be.
  ModelFacts modelOf(const CheckedValue &value);
  /// Where a tokenizer that the recipe defines was read from, or was written when it was trained;
  /// empty where a model brought its own.
  std::filesystem::path tokenizerFile(const data::Tokenizer &tokenizer) const;
  /// The records of `data` through the tokenizer and template of `model`; every token that
  /// `target` names is a label. Returns the file.
  std::filesystem::path buildStore(const CheckedValue &data, const ModelFacts &model,
                                   const Expression &target, const data::StoreSchema &schema,
                                   bool sentences);

private:
  std::shared_ptr<const data::Tokenizer> tokenizerOf(const CheckedValue &value);
  /// Looks whether the reference of `train` can be asked about the pairs of `store`.
  void checkReference(const CheckedDefinition &train, const ModelFacts &model,
                      const data::TokenStore &store);
  std::shared_ptr<const data::ScoreTable> scoresKept(const CheckedDefinition &score);
  std::shared_ptr<const data::AnswerTable> answersKept(const AskRecipe &ask);
  ToBeMade notMade(SourceRange where, std::string_view what, std::string_view target) const;
  std::shared_ptr<const data::Tokenizer> trainTokenizer(const CheckedValue &call);
  /// `folder`/`name`-`hash of made`.`extension`.
  std::filesystem::path fileOf(std::string_view name, std::string_view made,
                               std::string_view extension) const;

  ScoresOf scores;
  AnswersOf answers;
  std::function<void(const std::string &)> say = [](const std::string &) {};
  const SourceManager &sources;
  const CheckedRecipe &recipe;
  std::filesystem::path folder;
  data::KnownFiles knownFiles;
  unsigned threads;
  data::SourceLibrary library; ///< what all trains and evals read, opened once
  /// Tokenizers already made, by the place of their value.
  std::map<std::pair<uint32_t, uint32_t>, std::shared_ptr<const data::Tokenizer>> tokenizers;
  std::map<const data::Tokenizer *, std::filesystem::path> tokenizerFiles;
};

/// The folder of everything that Roux makes for the recipe at `path`: runs/NAME. Throws FileError
/// where the recipe's name would lead elsewhere.
std::filesystem::path outputFolder(const std::filesystem::path &path);
/// Where a verb that only reads keeps tokenizers, tokens and plans: runs/NAME/data, or, where that
/// cannot be written, a folder of the recipe's own in the user's cache.
std::filesystem::path readingFolder(const std::filesystem::path &path);

} // namespace roux
