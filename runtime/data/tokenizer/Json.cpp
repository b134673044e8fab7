//===- Json.cpp - JSON that knows where it stands -------------------------===//
//
// Words for what was found and expected, and the check for keys given twice
// (which JSON allows, and which would make the first or last one win silently).
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Json.h"

#include "runtime/data/JsonNumbers.h"
#include "runtime/data/tokenizer/Tokenizer.h"

#include <fmt/format.h>

namespace roux::data {

static std::string_view nameOf(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
  case element_type::ARRAY:
    return "a list";
  case element_type::OBJECT:
    return "an object";
  case element_type::INT64:
  case element_type::UINT64:
  case element_type::DOUBLE:
    return "a number";
  case element_type::STRING:
    return "a string";
  case element_type::BOOL:
    return "true or false";
  case element_type::NULL_VALUE:
    return "null";
  }
  return "nothing";
}

void JsonNode::fail(std::string_view what) const {
  if (key.empty())
    throw TokenizerError(fmt::format("{}: {}", file, what));
  throw TokenizerError(fmt::format("{}: key '{}': {}", file, key.substr(0, 160), what));
}

void JsonNode::wrongType(std::string_view expected) const {
  fail(fmt::format("found {}, expected {}", nameOf(element), expected));
}

std::string_view JsonNode::text() const {
  std::string_view text;
  if (element.get(text))
    wrongType("a string");
  return text;
}

bool JsonNode::boolean() const {
  bool flag;
  if (element.get(flag))
    wrongType("true or false");
  return flag;
}

std::uint32_t JsonNode::number() const {
  std::uint64_t number;
  if (element.get(number) || number > INT32_MAX)
    element.is_number() ? fail(fmt::format("found {}, expected a whole number from 0 to {}",
                                           simdjson::minify(element), INT32_MAX))
                        : wrongType("a whole number");
  return number;
}

std::vector<JsonNode> JsonNode::list() const {
  simdjson::dom::array array;
  if (element.get(array))
    wrongType("a list");
  std::vector<JsonNode> nodes;
  for (simdjson::dom::element child : array)
    nodes.emplace_back(child, file, fmt::format("{}[{}]", key, nodes.size()));
  return nodes;
}

JsonNode JsonNode::below(simdjson::dom::element child, std::string_view name) const {
  return JsonNode(child, file, key.empty() ? std::string(name) : fmt::format("{}.{}", key, name));
}

JsonObject::JsonObject(const JsonNode &node) : self(node) {
  if (node.value().get(object))
    node.wrongType("an object");
  std::set<std::string_view> seen;
  for (auto [name, value] : object)
    if (!seen.insert(name).second)
      twice.insert(name);
}

void JsonObject::checkOnce(std::string_view name) const {
  simdjson::dom::element value;
  if (twice.contains(name) && !object.at_key(name).get(value))
    self.below(value, name).fail("is given twice");
}

JsonNode JsonObject::require(std::string_view name) {
  known.insert(name);
  checkOnce(name);
  simdjson::dom::element value;
  if (object.at_key(name).get(value))
    self.fail(fmt::format("has no '{}'", name));
  return self.below(value, name);
}

std::optional<JsonNode> JsonObject::find(std::string_view name) {
  known.insert(name);
  checkOnce(name);
  simdjson::dom::element value;
  if (object.at_key(name).get(value) || value.is_null())
    return std::nullopt;
  return self.below(value, name);
}

bool JsonObject::flag(std::string_view name, bool otherwise) {
  std::optional<JsonNode> node = find(name);
  return node ? node->boolean() : otherwise;
}

bool JsonObject::says(std::string_view name, bool value) const {
  bool found;
  return !twice.contains(name) && !object.at_key(name).get(found) && found == value;
}

std::string JsonObject::meaning() const {
  std::string text;
  for (std::string_view name : known)
    if (simdjson::dom::element value;
        !ignored.contains(name) && !object.at_key(name).get(value) && !value.is_null())
      text += fmt::format("{}: {}\n", name, simdjson::minify(value));
  return text;
}

std::string JsonObject::noteOfUnread() const {
  std::string unread;
  std::set<std::string_view> told;
  constexpr std::size_t most = 32;
  for (auto [name, value] : object)
    if (known.contains(name) || ignored.contains(name) || value.is_null() ||
        !told.insert(name).second)
      continue;
    else if (told.size() > most)
      return fmt::format("{}: nothing reads {}, and others", self.fileName(), unread);
    else
      unread += fmt::format("{}'{}'", unread.empty() ? "" : ", ", name.substr(0, 80));
  return unread.empty() ? unread : fmt::format("{}: nothing reads {}", self.fileName(), unread);
}

void JsonObject::finish() const {
  for (auto [name, value] : object)
    if (!known.contains(name) && !ignored.contains(name))
      self.below(value, name).fail("is not supported");
}

JsonNode parseJson(simdjson::dom::parser &parser, std::string_view bytes, std::string_view file) {
  simdjson::dom::element root;
  simdjson::error_code code = parser.parse(bytes.data(), bytes.size()).get(root);
  if (code) // perhaps only for a number that nobody reads
    code = parser.parse(withReadableNumbers(bytes)).get(root);
  if (code)
    throw TokenizerError(fmt::format("{}: is not JSON: {}", file, simdjson::error_message(code)));
  return JsonNode(root, file, "");
}

} // namespace roux::data
