//===- PeerConfig.h - a config of another tool ----------------------------===//
//
// A YAML mapping whose keys are remembered as they are read, so that in the end
// those that nobody read can be named.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roux::peers {

enum class Tool : uint8_t { Axolotl, LlamaFactory, TRL };

/// A key and what is written there: a scalar as text, or a list of scalars, or mappings of them.
struct PeerValue {
  int line = 0; ///< of the key, from 1
  bool isRead = false;
  bool isNull = false;
  std::string text;                                   ///< of a scalar
  std::vector<std::string> items;                     ///< of a list of scalars
  std::vector<std::map<std::string, PeerValue>> rows; ///< of a list of mappings, or a mapping
};

class PeerConfig {
public:
  /// Throws std::runtime_error that names `path` and the line for what is no YAML mapping, is
  /// larger than a megabyte or names no tool.
  PeerConfig(const std::string &text, std::string path);

  Tool tool = Tool::Axolotl;
  const std::string path;

  /// The first of `names` that is there and not null, marked as read; null if none is.
  const PeerValue *find(std::initializer_list<std::string_view> names);
  std::string text(std::initializer_list<std::string_view> names, std::string fallback = "");
  /// None where the key is not there. Throws where it holds no number.
  std::optional<double> number(std::initializer_list<std::string_view> names);
  bool truth(std::initializer_list<std::string_view> names, bool fallback = false);

  std::map<std::string, PeerValue> keys;
};

/// As YAML 1.1 and Python's configs have it: true, yes, on, whatever the case.
bool isTrue(std::string_view text);

} // namespace roux::peers
