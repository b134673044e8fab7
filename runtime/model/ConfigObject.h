//===- ConfigObject.h - typed reading of a model's JSON -------------------===//
//
// A config is somebody else's file: keys go missing, numbers come as text. Each
// reader says, in one message, which file, which key, what was found and what
// was expected.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

namespace roux::model {

/// One JSON object of a config file. A key whose value is null counts as absent. All readers throw
/// ModelError for a value of another kind or out of range. Borrows the parsed document.
class ConfigObject {
public:
  /// The file's outermost object. A key that is there twice is an error where it is read.
  ConfigObject(simdjson::dom::object object, const std::filesystem::path &file)
      : ConfigObject(object, file, "", std::make_shared<std::set<std::string>>()) {}

  bool has(std::string_view key) const { return find(key).has_value(); }
  /// True if the key is there and says null.
  bool isNull(std::string_view key) const;
  /// Calls `visit(key, value)` for each key, those of children by "child.key", that no reader was
  /// asked for and that is not null.
  template <typename Visit>
  void forEachUnasked(Visit visit) const {
    for (auto [key, value] : object)
      if (std::string name = nameOf(key); value.is_null())
        continue;
      else if (!asked->contains(name))
        visit(name, value);
      else if (simdjson::dom::object inner; !value.get(inner))
        ConfigObject(inner, file, name, asked).forEachUnasked(visit);
  }
  /// An integer in [0, 2^31), which every size of a model is.
  int64_t size(std::string_view key) const;
  int64_t size(std::string_view key, int64_t otherwise) const;
  double number(std::string_view key) const;
  double number(std::string_view key, double otherwise) const;
  /// A number above zero.
  double positive(std::string_view key) const;
  bool truth(std::string_view key, bool otherwise) const;
  std::string text(std::string_view key, std::string_view otherwise) const;
  /// An integer or a list of them.
  std::vector<int64_t> sizes(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;
  /// The value as JSON; none where it is absent.
  std::optional<std::string> json(std::string_view key) const;
  std::optional<ConfigObject> child(std::string_view key) const;

  /// Throws ModelError: the file, the key, then `what`.
  [[noreturn]] void fail(std::string_view key, std::string_view what) const;

private:
  ConfigObject(simdjson::dom::object object, const std::filesystem::path &file, std::string path,
               std::shared_ptr<std::set<std::string>> asked);
  std::string nameOf(std::string_view key) const;
  /// Null if the key is not there. Throws where it is there twice.
  const simdjson::dom::element *at(std::string_view key) const;
  std::optional<simdjson::dom::element> find(std::string_view key) const;
  [[noreturn]] void expected(std::string_view key, simdjson::dom::element found,
                             std::string_view what) const;

  simdjson::dom::object object;
  /// Its keys and values, sorted by key: a hostile file has a million of them.
  std::vector<std::pair<std::string_view, simdjson::dom::element>> fields;
  const std::filesystem::path &file;
  std::string path;                             ///< empty for the outermost
  std::shared_ptr<std::set<std::string>> asked; ///< names that a reader wanted, of all the file
};

} // namespace roux::model
