//===- Scopes.h - what a scoped expression may read and call --------------===//
//
// `where`, `target`, `weight` and the rest are one language; what differs is
// which rows exist around the place where an expression stands. These tables
// are that difference, and the second half of the table of constructs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Constructs.h"
#include "runtime/Expression.h"

#include <span>
#include <string>
#include <string_view>

namespace roux {

using ScopeSet = uint32_t;
constexpr ScopeSet bit(Scope scope) {
  return 1u << static_cast<uint32_t>(scope);
}
template <typename... Scopes>
constexpr ScopeSet scopesOf(Scopes... scopes) {
  return (bit(scopes) | ... | 0u);
}

/// What an expression's value is.
enum class Sort : uint8_t {
  Truth,
  Number,
  Text,
  Either, ///< a field of a record: a text or a number
  Values, ///< one number a row: a softmax
};
std::string_view spelling(Sort sort);

/// What has to exist before an attribute has a value.
enum class Needs : uint8_t { Data, Targets, Batch, Model };

struct AttributeRow {
  std::string_view name;
  Attribute attribute;
  ScopeSet scopes;
  Sort sort;
  Needs needs;
  std::string_view text;
  bool bare = false;    ///< may be written without its scope
  bool counted = false; ///< rows without targets or labels count too when only this is read
};
std::span<const AttributeRow> attributes();
const AttributeRow *findAttribute(std::string_view name);

/// Where an expression may stand.
struct PlaceRow {
  Place place;
  std::string_view name; ///< as the author knows it: "weight"
  ScopeSet scopes;       ///< rows that surround the place
  ScopeSet inside;       ///< further rows that reductions may visit
  Sort sort;
  Needs needs;             ///< the most that attributes may need
  std::string_view reason; ///< why it may need no more
  bool draws;
};
const PlaceRow &placeOf(Place place);
std::span<const PlaceRow> places();

enum class FormulaKind : uint8_t { Function, Reduction, Draw, Model };
/// A function of the expression language.
struct FormulaRow {
  std::string_view name;
  FormulaKind kind;
  Operation operation;
  uint8_t least, most; ///< arguments
  Sort takes, gives;
  std::string_view signature;
  std::string_view text;
  std::string_view example; ///< a weight, or a where if it gives a truth
  State state = State::Runs;
};
std::span<const FormulaRow> formulas();
const FormulaRow *findFormula(std::string_view name);

struct ScopeRow {
  std::string_view name;
  Scope scope;
  std::string_view text;
};
std::span<const ScopeRow> scopes();
const ScopeRow *findScope(std::string_view name);

/// True if a row of `inner` lies inside a row of `outer`.
bool liesIn(Scope inner, Scope outer);
/// The narrowest scope of a set, Constant for none.
Scope narrowest(ScopeSet set);
/// "token, turn and span".
std::string listScopes(ScopeSet set);

/// The words `role` may be compared with.
std::span<const WordRow> roleWords();

} // namespace roux
