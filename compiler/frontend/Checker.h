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

#include <set>
#include <unordered_map>

namespace roux {

/// A number with what it counts.
struct Quantity {
  double value = 0;
  Measure measure = Measure::Plain;
  Origin origin;
  SourceRange where; ///< of the param it comes from, where it comes from one whole
  bool isParam = false;
};

/// Where a value stands, for the words of its diagnostics.
struct Slot {
  const Parameter &parameter;
  std::string owner;   ///< "adamw", "train"
  SourceRange where;   ///< of the owner
};

class Checker {
public:
  Checker(SourceManager &sources, Diagnostics &diagnostics, const CheckOptions &options)
      : sources(sources), diagnostics(diagnostics), options(options) {}

  void load(uint32_t mainFile);
  std::optional<CheckedRecipe> run();

private:
  friend class FormulaChecker;

  enum class Progress : uint8_t { Waiting, Checking, Checked, Broken };
  struct Symbol {
    const ast::Definition *written;
    Progress progress = Progress::Waiting;
    uint32_t index = 0; ///< into `checked`
    bool read = false;
    bool isSet = false; ///< its value comes from --set
  };

  // Uses.cpp: the files of a recipe and the names they define.
  void loadFile(uint32_t file, std::vector<std::string> &path);
  void follow(const ast::Use &use, uint32_t from, std::vector<std::string> &path);
  void declare(const ast::Definition &definition);
  void applySets();
  void checkSeeds();

  // Definitions.cpp: checking a definition when it is first read.
  std::vector<uint32_t> readingOrder() const;
  /// The checked definition, or nullptr when it is broken or closes a cycle.
  const CheckedDefinition *resolve(uint32_t symbol, SourceRange from);
  void checkDefinition(Symbol &symbol, CheckedDefinition &result);
  void checkForm(const ast::Definition &written);
  void checkParam(const Symbol &symbol, CheckedDefinition &result);
  void reportCycle(uint32_t symbol, SourceRange from);
  void reportUnread();
  /// Resolves a name for a reader and remembers that it was read.
  const CheckedDefinition *read(std::string_view name, SourceRange where);
  std::vector<std::string_view> namesOf(std::initializer_list<ast::Kind> kinds) const;

  // Blocks.cpp: the keys of a definition.
  void checkBlock(const ast::Definition &written, CheckedDefinition &result);
  void checkScore(const ast::Definition &written, CheckedDefinition &result);
  CheckedValue checkOverride(CheckedValue base, const ast::Block &block, SourceRange where);
  void reportUnknownKey(const ast::Entry &entry, const Construct &construct);

  // Calls.cpp: arguments to parameters.
  CheckedValue checkCall(const Construct &construct, std::string_view name, SourceRange where,
                         std::span<const ast::Argument> arguments, const CheckedValue *piped);
  CheckedValue fallback(const Parameter &parameter, const Construct &construct, SourceRange where);
  void fillDefaults(const Construct &construct, std::span<const Parameter> parameters,
                    SourceRange where, std::vector<CheckedArgument> &arguments,
                    const std::vector<bool> &given, size_t first);
  void noteState(State state, std::string name, SourceRange where);

  // Values.cpp: one value against one parameter.
  CheckedValue check(const ast::Expr *expr, const Slot &slot);
  CheckedValue checkName(const ast::Name &name, const Slot &slot);
  CheckedValue checkWord(const ast::Name &name, const Slot &slot);
  CheckedValue checkText(const ast::Text &text, const Slot &slot);
  CheckedValue checkList(const ast::List &list, const Slot &slot);
  CheckedValue checkFunction(const ast::Call &call, const Slot &slot);
  CheckedValue checkFormula(const ast::Expr *expr, const Slot &slot);
  CheckedValue checkReference(const CheckedDefinition &definition, uint32_t index,
                              SourceRange where, const Slot &slot);
  CheckedValue adapt(CheckedValue value, SourceRange where, const Slot &slot);
  void mismatch(SourceRange where, std::string_view found, const Slot &slot);
  void checkFile(const CheckedValue &value, const Slot &slot);

  // Flows.cpp: values that are made of others: pipes, blends, multiples, overrides.
  CheckedValue checkPipe(const ast::Pipe &pipe, const Slot &slot);
  CheckedValue checkArithmetic(const ast::Binary &binary, const Slot &slot);
  CheckedValue checkMultiple(const ast::Binary &binary, const Slot &slot);
  CheckedValue checkBlend(const ast::Expr *expr, const Slot &slot);
  bool addModels(const ast::Expr *expr, double factor, CheckedValue &blend, const Slot &slot);

  // Quantities.cpp: numbers, units and ranges.
  std::optional<Quantity> fold(const ast::Expr *expr);
  std::optional<Quantity> combine(const ast::Binary &binary);
  std::optional<Quantity> measured(Quantity value, ast::Unit unit, SourceRange where);
  CheckedValue checkNumber(const ast::Expr *expr, const Slot &slot);
  CheckedValue checkRange(const ast::Range &range, const Slot &slot);
  bool settle(Quantity &value, SourceRange where, const Slot &slot);
  bool bounded(const Quantity &value, SourceRange where, const Slot &slot);

  // Rules.cpp: what must hold between values.
  void checkTogether(const CheckedDefinition &definition);
  void checkTogether(const CheckedValue &call);
  void checkSchedule(const CheckedDefinition &train);
  void checkPositions(const CheckedDefinition &train);
  /// The longest sequence of a model where the recipe says it, else 0; `where` is the place.
  double contextOf(const CheckedValue &model, SourceRange &where) const;
  /// The names of the fields that `ask` adds on the way to `data`.
  void fieldsOf(const CheckedValue &data, std::set<std::string, std::less<>> &fields) const;

  SourceManager &sources;
  Diagnostics &diagnostics;
  const CheckOptions &options;

  uint32_t mainFile = 0;
  std::vector<std::unique_ptr<ast::File>> files;
  std::unordered_map<std::string, uint32_t> loaded; ///< path to file number
  std::vector<Symbol> symbols;
  std::unordered_map<std::string_view, uint32_t> names;
  std::unordered_map<std::string_view, const std::string *> sets;
  std::vector<uint32_t> stack; ///< symbols being checked, outermost first
  std::vector<CheckedDefinition> checked;
  std::vector<CheckedOnly> checkedOnly;
  uint64_t seed = 0;
  Origin seedOrigin{OriginKind::Default, {}};
  SourceRange seedRange;
  /// The fields known where an expression stands.
  std::set<std::string, std::less<>> fields;
};

/// The definitions of a score that an expression may name.
struct ScoreContext {
  std::vector<CheckedArgument> *lets = nullptr;
  bool hasSpans = false;
  bool hasPairs = false;
};

/// Checks a scoped expression; nothing if it has mistakes, which are reported.
std::optional<Expression> checkExpression(Checker &checker, const ast::Expr *expr, Place place,
                                          Diagnostics &diagnostics);

} // namespace roux
