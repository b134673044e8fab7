//===- Checker.h - the state of one check ---------------------------------===//
//
// Definitions are checked when something first reads them, so that the order of
// the text does not matter and a cycle is found where it closes. The methods
// stand in one file a question: Uses, Definitions, Blocks, Calls, Values,
// Quantities, Formulas and the rules that join several values.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/Parser.h"
#include "compiler/frontend/Scopes.h"

#include <deque>
#include <map>
#include <set>
#include <unordered_map>

namespace roux {

// No recipe a person writes comes near these; a hostile one cannot make the checked values, which
// are copied where they are used, larger than memory.
inline constexpr size_t mostItems = 1000;
inline constexpr size_t longestText = 1000;
inline constexpr size_t mostDefinitions = 200'000;
inline constexpr uint32_t deepestChain = 200;

/// A number with what it counts.
struct Quantity {
  double value = 0;
  Measure measure = Measure::Plain;
  Origin origin;
  SourceRange where; ///< of the param, when it is the value of one
};

/// Where a value stands, for the words of its diagnostics.
struct Slot {
  const Parameter &parameter;
  std::string_view owner; ///< "adamw", "train"; empty for the value of a definition
};

/// Names that mean something only in the expressions of one place.
struct FormulaScope {
  std::set<std::string, std::less<>> fields; ///< made by `ask` on the way here
  struct Let {
    const ast::Entry *written;
    enum class Progress : uint8_t { Waiting, Checking, Checked } progress = Progress::Waiting;
    std::optional<Expression> expression = {};
    ScopeSet reads = 0;
  };
  std::map<std::string_view, Let> lets; ///< of the score being checked
  std::vector<std::string_view> order;  ///< lets, each after what it reads
  std::vector<std::string_view> open;   ///< lets being checked, outermost first
  bool isScore = false;
};

class Checker {
public:
  Checker(SourceManager &sources, Diagnostics &diagnostics, const CheckOptions &options)
      : sources(sources), diagnostics(diagnostics), options(options) {}

  void load(uint32_t mainFile);
  std::optional<CheckedRecipe> run();

private:
  friend class FormulaChecker;

  enum class Progress : uint8_t { Waiting, Checking, Checked };
  struct Symbol {
    const ast::Definition *written;
    Progress progress = Progress::Waiting;
    uint32_t index = 0; ///< into `checked`
    bool isRead = false;
    uint32_t depth = 0;                   ///< of the longest chain of definitions that it reads
    const ast::Definition *set = nullptr; ///< what --set gives a param instead
  };

  // Uses.cpp: the files of a recipe and the names they define.
  /// `chain`: the files being read, outermost first.
  void loadFile(uint32_t file, std::vector<std::string> &chain);
  void follow(const ast::Use &use, uint32_t from, std::vector<std::string> &chain);
  void declare(const ast::Definition &definition);
  void applySets();
  /// Puts the keys of the command line into the run block, which is made if there is none.
  void applyRunKeys();
  void checkSeeds();

  // Definitions.cpp: checking a definition when it is first read.
  /// Symbols in an order in which most are checked after what they read, so that resolve() does
  /// not recurse along a chain of definitions.
  std::vector<uint32_t> readingOrder() const;
  /// The checked definition, or nullptr when it closes a cycle.
  const CheckedDefinition *resolve(uint32_t symbol, SourceRange from);
  void checkDefinition(const Symbol &symbol, CheckedDefinition &result);
  void checkParam(const Symbol &symbol, CheckedDefinition &result);
  CheckedValue paramValue(const ast::Expr *expr);
  void reportCycle(uint32_t symbol, SourceRange from);
  void reportUnread();
  /// Whether some eval measures what each `keep: best(…)` names.
  void checkKept();
  /// Resolves a name for the definition being checked and remembers that it was read. nullptr
  /// when nothing has that name; then nothing is reported.
  const CheckedDefinition *read(std::string_view name, SourceRange where);
  std::vector<std::string_view> namesOf(std::initializer_list<ast::Kind> kinds) const;

  // Blocks.cpp: the keys of a definition.
  void checkForm(const ast::Definition &written);
  /// How many places from `begin` up to `end` could not be parsed. What stands there is not judged
  /// further: one mistake is said once.
  size_t unparsedIn(uint32_t file, uint32_t begin, uint32_t end) const;
  void checkBlock(const ast::Definition &written, CheckedDefinition &result);
  /// Returns how many keys are unknown, which is reported.
  size_t checkEntries(const ast::Block &block, const Construct &construct,
                      std::vector<CheckedArgument> &keys, CheckedDefinition *definition);
  void checkScore(const ast::Definition &written, CheckedDefinition &result);
  /// What a score belongs to, and whether it has the spans and pairs that it reads.
  void settleScope(const CheckedValue &value, CheckedDefinition &score);
  CheckedValue checkOverride(CheckedValue base, const ast::Block &block, SourceRange where);

  // Calls.cpp: arguments to parameters.
  CheckedValue checkCall(const Construct &construct, SourceRange name, SourceRange where,
                         std::span<const ast::Argument> arguments, CheckedValue *piped);
  /// False if the key is unknown, which is reported.
  bool checkKeyword(const ast::Argument &argument, CheckedValue &call);
  /// An argument under a name of the author's own: a field of `ask`, a share of `mix`.
  CheckedValue checkNamed(const ast::Argument &argument, const Construct &construct);
  void reportUnknownKey(std::string_view key, SourceRange where, const Construct &construct);
  /// Reports a value without a name behind the `taken` that the construct takes.
  void reportExtra(SourceRange where, const Construct &construct, size_t taken,
                   std::span<const ast::Argument> arguments);
  /// Reports the required parameters in `missing`, unless as many keys of the same construct are
  /// unknown: then each is probably one of them.
  void reportMissing(const std::vector<const Parameter *> &missing, const Construct &construct,
                     SourceRange where, size_t unknownKeys);
  /// Gives the parameters that were not written their defaults, in the order of the table.
  void fillDefaults(const Construct &construct, SourceRange where,
                    std::vector<CheckedArgument> &arguments, size_t unknownKeys);
  CheckedValue fallback(const Parameter &parameter, const Construct &construct, SourceRange where,
                        const std::vector<CheckedArgument> &written);
  CheckedValue readDefault(const Parameter &parameter, const Construct &construct);
  void noteState(State state, const std::string &name, SourceRange where);

  // Values.cpp: one value against one parameter.
  CheckedValue check(const ast::Expr *expr, const Slot &slot);
  CheckedValue checkName(const ast::Name &name, const Slot &slot);
  CheckedValue checkText(const ast::Text &text, const Slot &slot);
  CheckedValue checkPrompt(const ast::Text &text);
  CheckedValue checkList(const ast::List &list, const Slot &slot);
  CheckedValue checkFunction(const ast::Call &call, const Slot &slot);
  CheckedValue checkFormula(const ast::Expr *expr, const Slot &slot);
  CheckedValue checkReference(const CheckedDefinition &definition, SourceRange where,
                              const Slot &slot);
  CheckedValue checkParamUse(const CheckedDefinition &param, SourceRange where, const Slot &slot);
  /// Reports that something else stands where `slot` is; returns a Mistaken value.
  CheckedValue mismatch(SourceRange where, const std::string &found, const Slot &slot,
                        const std::string &hint = {}, Code code = Code::WrongValue);
  void checkFile(const CheckedValue &value, const Slot &slot);

  // Flows.cpp: values made of other values: pipes, blends of models, multiples of policies.
  CheckedValue checkPipe(const ast::Pipe &pipe, const Slot &slot);
  CheckedValue checkMultiple(const ast::Binary &binary, const Slot &slot);
  /// Models that are read to make `model`, with those of the sums that it names.
  uint64_t termsOf(const CheckedValue &model) const;
  CheckedValue checkBlend(const ast::Expr *expr, const Slot &slot);
  bool addModels(const ast::Expr *expr, double factor, CheckedValue &blend, const Slot &slot);

  // Quantities.cpp: numbers, units and ranges.
  /// The value of constant arithmetic; nothing when it has a mistake, which is reported.
  std::optional<Quantity> fold(const ast::Expr *expr);
  std::optional<Quantity> foldName(const ast::Name &name);
  std::optional<Quantity> combine(const ast::Binary &binary);
  std::optional<Quantity> withUnit(std::optional<Quantity> value, ast::Unit unit,
                                   SourceRange where);
  CheckedValue checkNumber(const ast::Expr *expr, const Slot &slot);
  CheckedValue checkRange(const ast::Range &range, const Slot &slot);
  /// Whether `value` has a unit and a size that `slot` admits; a unit that was left out is filled
  /// in.
  bool settle(Quantity &value, SourceRange where, const Slot &slot);
  bool bounded(const Quantity &value, SourceRange where, const Slot &slot);

  // Rules.cpp: what must hold between values.
  void checkTogether(const CheckedDefinition &definition);
  void checkTogether(const CheckedValue &call);
  std::string_view whyNoTrain(const CheckedValue &model) const;
  void checkSchedule(const CheckedValue &schedule);
  void checkTrain(const CheckedDefinition &train);
  void checkAdapter(const CheckedDefinition &train);
  // Pairs.cpp: what data, loss and batch of pairs have to do with one another.
  void checkPairs(const CheckedDefinition &train);
  void checkPairLoss(const CheckedDefinition &train);
  void checkPairBatch(const CheckedDefinition &train);
  void checkReference(const CheckedDefinition &train);
  void checkPairsMeasured(const CheckedDefinition &eval);
  /// Whether the records of `data` are pairs of answers; reports what cannot be done with pairs,
  /// and pairs beside other records.
  bool arePairs(const CheckedValue &data);
  void refuseOfPairs(const CheckedValue &call);
  /// The `adapt:` keys of the blocks around a model, the outermost first; those of a train's model
  /// are done with.
  std::vector<const CheckedValue *> adaptersIn(const CheckedValue &model) const;
  void checkRun(const CheckedDefinition &run);
  void checkEval(const CheckedDefinition &eval);
  DefinitionAt definitionAt() const;
  /// The context a model has where the recipe says it, and where it says it.
  const CheckedValue *contextOf(const CheckedValue &model) const;
  /// The endpoint that a model is or is made of, or nullptr.
  const CheckedValue *endpointIn(const CheckedValue &model) const;
  void checkModels(const CheckedDefinition &score);
  /// Whether records come from files that `data` names itself: then it is a source.
  bool readsFiles(const CheckedValue &data) const;
  // Prompts.cpp: fields that `ask` makes and prompts read.
  /// Adds the names of the fields that `ask` makes on the way to `data`.
  void fieldsOf(const CheckedValue &data);
  void fieldsOf(const CheckedValue &data, std::set<uint32_t> &seen);
  /// Holes of `prompt`, a choice or a list of them, that name what `ask` has not made.
  void checkHoles(const CheckedValue &prompt);
  void checkHole(std::string_view hole, SourceRange where);
  /// That no `ask` before made a field of this name.
  void checkMade(std::string_view field, SourceRange where);

  SourceManager &sources;
  Diagnostics &diagnostics;
  const CheckOptions &options;

  uint32_t mainFile = 0;
  std::vector<std::unique_ptr<ast::File>> files;
  std::unordered_map<std::string, uint32_t> loaded; ///< path to file number
  std::vector<Symbol> symbols;
  std::unordered_map<std::string_view, uint32_t> names;
  std::vector<SourceRange> unparsed;  ///< where text could not be parsed
  std::vector<ast::Entry> runEntries; ///< the recipe's and the command line's
  ast::Block runBlock;
  ast::Definition runWritten;
  std::vector<uint32_t> stack;           ///< symbols being checked, outermost first
  std::deque<CheckedDefinition> checked; ///< each after what it reads; addresses stay
  std::vector<CheckedOnly> checkedOnly;
  std::unordered_map<const Parameter *, CheckedValue> defaults; ///< read so far
  uint64_t seed = 0;
  Origin seedOrigin{OriginKind::Default, {}};
  SourceRange seedRange;
  std::vector<uint32_t> *reads = nullptr; ///< of the definition being checked
  FormulaScope formulas;                  ///< names of the place being checked
  std::map<uint32_t, bool> pairs;         ///< of data definitions, whether they are pairs
};

} // namespace roux
