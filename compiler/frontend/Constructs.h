//===- Constructs.h - the one table of everything a recipe can say --------===//
//
// A row says what a construct is called, what it takes, in which units, what
// stands when it is left out, and whether this build runs it or only checks it.
// Checker, importer, reference and completion read these rows and nothing else,
// so that a new construct is one row plus its meaning. The rows are in
// compiler/frontend/constructs/, one file a part of the language.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"
#include "compiler/frontend/CheckedRecipe.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace roux {

/// Whether `roux run` can do it. "Runs" needs an end-to-end test.
enum class State : uint8_t { CheckedOnly, Runs };
std::string_view spelling(State state);

/// What may stand for a parameter; bits of Parameter::types.
namespace type {
enum Bits : uint32_t {
  None = 1u << 0,         ///< `none`
  Boolean = 1u << 1,      ///< true, false
  Number = 1u << 2,       ///< a number, in one of Parameter::measures
  Range = 1u << 3,        ///< a..b, in one of Parameter::measures
  Text = 1u << 4,         ///< "…"
  Path = 1u << 5,         ///< "…" that names a file or folder
  Pattern = 1u << 6,      ///< "…" that names files, with * and ?
  Prompt = 1u << 7,       ///< "…" with {holes}, or the name of a prompt
  Word = 1u << 8,         ///< one of Parameter::words
  Model = 1u << 9,        ///< a model or a train
  Data = 1u << 10,        ///< records
  Tokenizer = 1u << 11,   ///< a tokenizer
  Formula = 1u << 12,     ///< a scoped expression at Parameter::place
  Call = 1u << 13,        ///< a construct of Parameter::family
  List = 1u << 14,        ///< [ … ] of anything else accepted here
  Field = 1u << 15,       ///< the name of a field that `ask` made
  Measurement = 1u << 16, ///< the name of what an eval measures
};
} // namespace type

/// One bit a Measure.
constexpr uint32_t bit(Measure measure) {
  return 1u << static_cast<uint32_t>(measure);
}

/// What a number must be beyond its unit.
enum class Bound : uint8_t { Any, NotNegative, Positive, Whole, Count };

/// Which constructs may stand in for one another.
enum class Family : uint8_t {
  None,
  Definition, ///< the kinds; their parameters are the keys of the block
  Source,
  Record,
  Tokenizer,
  Model,
  Rope,
  Adapter,
  Policy,
  Overflow,
  Fit,
  Position,
  Site,
  Spans,
  Pairs,
  Optimizer,
  Group,
  Schedule,
  Part,
  Parse,
  Chunk,
  Choice,
  Values,
  Secret,
  Interval,
  Task,
  Kept,
};
/// "a batch policy", as the author would say it.
std::string_view spelling(Family family);

/// Where an expression stands; decides what it may read. The rows are in Scopes.cpp.
enum class Place : uint8_t {
  Constant,
  Where,
  KeepSpans,
  By,
  JoinBy,
  Target,
  Loss,
  Weight,
  Position,
  Prefix,
  Odds,
  Quota,
  Score
};

/// A word that means something where one of its set is expected.
struct WordRow {
  std::string_view name;
  std::string_view text;
  State state = State::Runs; ///< as far as its construct does
};

/// The default of a parameter that must be written.
inline constexpr std::string_view required = {};

/// A parameter of a function or a key of a block.
struct Parameter {
  std::string_view name;
  uint32_t types = 0;
  /// Recipe text; "=other" copies another parameter; `required` if there is none.
  std::string_view fallback = required;
  std::string_view text = {};
  std::span<const WordRow> words = {};
  Family family = Family::None;
  Place place = Place::Constant;
  uint32_t measures = bit(Measure::Plain); ///< units admitted by Number and Range
  Bound bound = Bound::Any;
  bool positional = false;       ///< written without its name, in the order of the table
  bool repeated = false;         ///< takes every positional argument that is left, as a List
  bool multiplier = false;       ///< written `8 * pack(…)`, never by its name
  State state = State::Runs;     ///< as far as its construct does
  std::string_view example = {}; ///< of a key: `key: value`
  /// Came when results were kept already: while it says what was so then, they are called as they
  /// were.
  bool isLater = false;
};

/// A kind of definition or a function.
struct Construct {
  std::string_view name;
  Family family = Family::None;
  std::span<const Parameter> parameters = {};
  std::span<const Parameter> options = {}; ///< shared by the whole family
  /// Arguments with names of the author's own are of this type; nullptr: there are none.
  const Parameter *named = nullptr;
  std::string_view text = {};
  std::string_view example = {};
  bool bare = false; ///< may be written without parentheses
  State state = State::CheckedOnly;

  const Parameter *find(std::string_view name) const;
};

/// Every kind and function, part by part, in the order of the reference.
std::span<const Construct *const> constructs();
/// The row of `name` in `family`, or nullptr.
const Construct *findConstruct(Family family, std::string_view name);
/// The first row of `name` in any family but Definition, or nullptr: for "that belongs elsewhere".
const Construct *findConstruct(std::string_view name);
/// The row of a kind of definition.
const Construct &constructOf(ast::Kind kind);
/// The keys of a block that overrides a model's value.
const Construct &modelOverride();

} // namespace roux
