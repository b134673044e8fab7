//===- Value.h - what a template computes with ----------------------------===//
//
// The values of the Jinja language: those of JSON, plus undefined, functions
// and namespaces. Copies are cheap: containers and texts are shared, and nothing
// but a namespace can be changed by a template.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/template/Meter.h"
#include "runtime/data/template/Text.h"

#include <functional>
#include <gmpxx.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace roux::data {

/// A template that cannot be read, uses what is not supported, or raised an exception. The message
/// names the line of the template.
struct TemplateError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Value;
class Interpreter;

/// What a call passes. Each argument is taken once; finish() refuses what nobody took.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// Argument number `index`, or the one named `name`; null when absent.
  const Value *find(size_t index, std::string_view name) const;
  /// Throws unless there are at most `most` positional ones and every named one is in `names`.
  void check(std::string_view function, size_t most,
             std::initializer_list<std::string_view> names = {}) const;
};

struct Undefined {
  std::string name; ///< what was looked for, for the message of a later use
};
/// Lets go of what it holds without calling itself, however deep values stand in values.
struct ListValue {
  ListValue() = default;
  ListValue(std::vector<Value> items, bool tuple = false);
  ListValue(const ListValue &) = default;
  ListValue(ListValue &&) = default;
  ListValue &operator=(const ListValue &) = default;
  ListValue &operator=(ListValue &&) = default;
  ~ListValue();

  std::vector<Value> items;
  bool tuple = false; ///< only its printed form differs
};
struct MapValue {
  MapValue() = default;
  MapValue(const MapValue &) = default;
  MapValue(MapValue &&) = default;
  MapValue &operator=(const MapValue &) = default;
  MapValue &operator=(MapValue &&) = default;
  ~MapValue();

  const Value *find(std::string_view key) const;
  void set(std::string_view key, Value value);

  std::vector<std::pair<std::string, Value>> entries; ///< in order of insertion
  bool isNamespace = false;
  int32_t message = -1; ///< which message of a chat it is, where it is one

private:
  std::unordered_map<std::string, size_t> places; ///< of keys, where there are many
};
struct FunctionValue {
  std::string name;
  std::function<Value(Interpreter &, Arguments &)> body;
};

class Value {
public:
  using Storage =
      std::variant<Undefined, std::nullptr_t, bool, int64_t, double, std::shared_ptr<const Text>,
                   std::shared_ptr<ListValue>, std::shared_ptr<MapValue>,
                   std::shared_ptr<FunctionValue>, std::shared_ptr<const mpz_class>>;

  Value() : storage(nullptr) {}
  Value(Undefined undefined) : storage(std::move(undefined)) {}
  Value(bool boolean) : storage(boolean) {}
  Value(int64_t integer) : storage(integer) {}
  Value(double real) : storage(real) {}
  /// Of any size; held as an int64_t where it is one.
  Value(const mpz_class &integer);
  Value(Text text) : storage(std::make_shared<const Text>(std::move(text))) {
    meter::bytes(objectBytes);
  }
  Value(std::string text) : Value(Text(std::move(text))) {}
  Value(const char *text) : Value(Text(text)) {}
  Value(ListValue list);
  Value(MapValue map);
  Value(FunctionValue function) : storage(std::make_shared<FunctionValue>(std::move(function))) {}

  bool isUndefined() const { return std::holds_alternative<Undefined>(storage); }
  bool isNone() const { return std::holds_alternative<std::nullptr_t>(storage); }
  const bool *boolean() const { return std::get_if<bool>(&storage); }
  const int64_t *integer() const { return std::get_if<int64_t>(&storage); }
  /// An integer that has no int64_t.
  const mpz_class *large() const { return pointee<std::shared_ptr<const mpz_class>>(); }
  const double *real() const { return std::get_if<double>(&storage); }
  const Text *text() const { return pointee<std::shared_ptr<const Text>>(); }
  const ListValue *list() const { return pointee<std::shared_ptr<ListValue>>(); }
  MapValue *map() const { return pointee<std::shared_ptr<MapValue>>(); }
  std::weak_ptr<MapValue> sharedMap() const { return std::get<std::shared_ptr<MapValue>>(storage); }
  FunctionValue *function() const { return pointee<std::shared_ptr<FunctionValue>>(); }
  bool isNumber() const { return integer() || real() || boolean() || large(); }
  bool isInteger() const { return integer() || large(); }
  /// Of an integer or a boolean.
  mpz_class whole() const;
  /// As Python's arithmetic sees it; booleans are 0 and 1.
  double number() const;

  /// Of an undefined value: what was looked for.
  const std::string &undefinedName() const { return std::get<Undefined>(storage).name; }
  /// Python's truth of a value.
  bool isTrue() const;
  /// Python's name of its type, for messages.
  std::string_view typeName() const;
  /// What `{{ value }}` prints: Python's str().
  Text print() const;
  /// Python's repr().
  Text represent() const;
  /// Python's `is`: the same object, or the same small value.
  bool isSame(const Value &other) const;

private:
  static constexpr size_t objectBytes = 96; ///< about what a text takes besides its bytes

  template <typename Pointer>
  typename Pointer::element_type *pointee() const {
    const Pointer *held = std::get_if<Pointer>(&storage);
    return held ? held->get() : nullptr;
  }
  Storage storage;
};

/// Python's ==.
bool equal(const Value &left, const Value &right);
/// Python's <; throws TemplateError for values that have no order.
bool less(const Value &left, const Value &right);
/// Python's `needle in haystack`.
bool contains(const Value &haystack, const Value &needle);

/// The arguments of Python's json.dumps.
struct JsonForm {
  std::optional<Text> indent;            ///< of one level; absent: all on one line
  std::optional<Text> between, afterKey; ///< instead of ", " (or ",", with an indent) and ": "
  bool asciiOnly = false, sortKeys = false;
};
/// json.dumps(value, ensure_ascii=False), the `tojson` of published chat templates.
Text toJson(const Value &value, const JsonForm &form = {});
/// A float as Python's repr() writes it.
std::string printReal(double real);
/// Reads JSON text, which must be valid; strings get `origin`.
Value fromJson(std::string_view json, Origin origin = {});

} // namespace roux::data
