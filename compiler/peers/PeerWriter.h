//===- PeerWriter.h - a recipe as it is made of a config ------------------===//
//
// One function a part of the recipe, in the recipe's order. Of the folder's own files
// alone; others call recipeOf.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/peers/PeerRecipe.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roux::peers {

/// As a recipe's text literal.
std::string quoted(std::string_view text);
/// A number as a recipe writes it, without digits that say nothing.
std::string number(double value);

class PeerWriter {
public:
  explicit PeerWriter(PeerConfig &config) : config(config) {}
  PeerRecipe write();

private:
  bool isOf(Tool tool) const { return config.tool == tool; }
  void note(PeerNote::Kind kind, std::string_view key, std::string text);
  void decide(std::string_view key, std::string text) { note(PeerNote::Decided, key, text); }
  void miss(std::string_view key, std::string text) { note(PeerNote::Missing, key, text); }
  void line(std::string text) { body += text + "\n"; }

  void refuseObjectives();
  void params();
  void model();
  void data();
  std::string sourceOf(const std::map<std::string, PeerValue> &row, const std::string &name);
  std::string namedSource(const std::string &given, const std::string &name);
  void held(const std::string &all);
  void train();
  std::string target();
  std::string batch();
  std::string optimizer();
  std::string schedule();
  std::string length();
  void evaluation();
  void run();
  void restOfKeys();

  PeerConfig &config;
  std::vector<PeerNote> notes;
  std::string body;
  bool isText = false; ///< documents, no conversations
  bool packs = false;  ///< several sequences a unit
  bool drops = false;  ///< what is too long is dropped, not cut
  bool hasHeld = false;
};

} // namespace roux::peers
