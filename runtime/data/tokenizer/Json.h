//===- Json.h - JSON that knows where it stands ---------------------------===//
//
// Tokenizer files come from anywhere, and "expected a string" helps nobody
// without the file and key. These two classes carry both, and an object must
// account for every key it has, so an unknown feature cannot go unnoticed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// A value with the file and key it was found under. Borrowed from the parser's document.
class JsonNode {
public:
  JsonNode(simdjson::dom::element element, std::string_view file, std::string key)
      : element(element), file(file), key(std::move(key)) {}

  /// The typed value; throws TokenizerError naming what was found where another type stands.
  std::string_view text() const;
  bool boolean() const;
  std::uint32_t number() const;
  std::vector<JsonNode> list() const;

  bool isNull() const { return element.is_null(); }
  bool isText() const { return element.is_string(); }
  bool isObject() const { return element.is_object(); }
  bool isList() const { return element.is_array(); }
  simdjson::dom::element value() const { return element; }

  std::string_view fileName() const { return file; }
  /// Throws "<file>: key '<key>': <what>".
  [[noreturn]] void fail(std::string_view what) const;

  /// The node of entry `name` below this one.
  JsonNode below(simdjson::dom::element child, std::string_view name) const;
  /// Throws that a value of type `expected` should stand here.
  [[noreturn]] void wrongType(std::string_view expected) const;

private:
  simdjson::dom::element element;
  std::string_view file;
  std::string key;
};

/// An object whose keys are asked for by name; finish() refuses those nobody asked for.
class JsonObject {
public:
  /// Throws where `node` is no object.
  explicit JsonObject(const JsonNode &node);

  /// The value of `name`; throws where it is absent or there twice.
  JsonNode require(std::string_view name);
  /// The value of `name`; nothing where it is absent or null. Throws where it is there twice.
  std::optional<JsonNode> find(std::string_view name);
  bool flag(std::string_view name, bool otherwise);
  /// True if `name` is `value`; that is not asking for it.
  bool says(std::string_view name, bool value) const;
  /// Accepts `name` whatever it holds, because it cannot change an id.
  void ignore(std::string_view name) { ignored.insert(name); }
  /// The members that were asked for and not ignored, in the order of their names and in one
  /// layout: what a file means to who reads it so.
  std::string meaning() const;
  /// Calls `visit(name, node)` for each member. Throws where one is there twice.
  template <typename Visit>
  void forEach(Visit visit) const {
    for (auto [name, value] : object) {
      checkOnce(name);
      visit(name, self.below(value, name));
    }
  }
  /// "FILE: nothing reads 'a', 'b'" of the keys that were never asked for and are not null; empty
  /// where there are none.
  std::string noteOfUnread() const;
  /// Throws that a key is not supported, where one was never asked for.
  void finish() const;

  const JsonNode &node() const { return self; }

private:
  void checkOnce(std::string_view name) const;

  JsonNode self;
  simdjson::dom::object object;
  std::set<std::string_view> known, ignored;
  std::set<std::string_view> twice; ///< an error where they are read
};

/// Parses `bytes`; the document lives as long as `parser`. Throws TokenizerError for text that is
/// not JSON.
JsonNode parseJson(simdjson::dom::parser &parser, std::string_view bytes, std::string_view file);

} // namespace roux::data
