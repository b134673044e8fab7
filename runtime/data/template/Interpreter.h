//===- Interpreter.h - renders a parsed template --------------------------===//
//
// Walks the tree of a template with Jinja's rules for scopes, loops and undefined
// names. A template comes from a downloaded folder, so what it may spend is
// bounded: steps, bytes and depth.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/template/Syntax.h"

#include <cstdint>
#include <optional>

namespace roux::data {

class Interpreter {
public:
  /// `globals` are the variables the template sees; `now` is the second that strftime_now prints.
  Interpreter(MapValue globals, TemplateLimits limits, int64_t now);
  Interpreter(const Interpreter &) = delete;
  ~Interpreter();

  Text render(const jinja::Node &root);
  Value evaluate(const jinja::Node &node);
  Value call(const Value &callee, Arguments &arguments);
  Value filter(std::string_view name, const Value &value, Arguments &arguments);
  bool test(std::string_view name, const Value &value, const Arguments &arguments);
  /// A dictionary that the template may change, which lives as long as the rendering.
  Value makeNamespace(MapValue entries);

private:
  enum class Flow : uint8_t { Normal, Break, Continue };
  /// The names of a loop round or a macro call.
  struct Scope : MapValue {
    const std::vector<Value> *items = nullptr; ///< of the loop, where it is a round's
    size_t round = 0;
  };

  Flow execute(const jinja::Node &node, Text &out);
  Flow executeBlock(const jinja::Node &block, Text &out);
  Flow executeIf(const jinja::Node &node, Text &out);
  void executeFor(const jinja::Node &node, Text &out);
  Flow loopRound(const jinja::Node &node, const std::vector<Value> &items, size_t index, Text &out);
  void assign(const jinja::Node &target, Value value);
  MapValue describeRound(size_t scope) const;
  Value applyFilters(const jinja::Node &node, Value value);
  Value defineMacro(const jinja::Node &node);
  Text callMacro(const jinja::Node &node, Arguments &arguments);

  Value evaluateName(const jinja::Node &node);
  Value evaluateCompare(const jinja::Node &node);
  Value evaluateSubscript(const jinja::Node &node);
  Value evaluateSequence(const jinja::Node &node);
  Value evaluateMap(const jinja::Node &node);
  Value evaluateNode(const jinja::Node &node);
  Arguments evaluateArguments(const jinja::Node &node);

  std::vector<Scope> scopes; ///< globals, the template's own, then one a loop round or macro call
  TemplateLimits left;
  int32_t turn = -1; ///< the message whose round of a loop it is
  std::vector<std::weak_ptr<MapValue>>
      namespaces; ///< those that were made: they may hold each other
};

namespace jinja {
/// `range`, `namespace`, `dict`, `raise_exception` and `strftime_now`.
MapValue globalFunctions(int64_t now);
/// The items that a loop or a filter visits: of a list, the keys of a dictionary, the characters of
/// a string, nothing of an undefined name.
std::vector<Value> iterate(const Value &value);
/// Throws "'x' is undefined" if it is.
const Value &require(const Value &value);
/// `left op right` with Python's arithmetic.
Value binary(std::string_view op, const Value &left, const Value &right);
/// `base.name`: a method, else an entry.
Value attribute(const Value &base, const std::string &name);
/// `base[index]`.
Value subscript(const Value &base, const Value &index);
/// `base[begin:end:step]`, each bound none where it is left out.
Value slice(const Value &base, const Value &begin, const Value &end, const Value &step);
/// A method of `base`, if its type has one of this name; a method that would change it is refused.
std::optional<Value> method(const Value &base, const std::string &name);
} // namespace jinja

} // namespace roux::data
