//===- TokenizedRecord.h - a record as tokens, and whose they are ---------===//
//
// What a consumer's tokenizer and template make of a record: ids, the label that
// each token may be, whose words it is, and where turns, spans and sentences are.
// Everything is indexed by the token that is predicted (language reference 3.1).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/TokenStore.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// A turn's tokens: its content, and what ends it.
struct Turn {
  TokenRange tokens;
  std::string role;
  int32_t message = -1; ///< of the record, where the turn is one
};

struct TokenizedRecord {
  std::vector<int32_t> ids;
  /// `labels[t]` is the id to be predicted as token t, or noLabel. It is ids[t] but where a
  /// template says otherwise; a BOS that opens the record has none. Before target, all that could
  /// be predicted.
  std::vector<int32_t> labels;
  /// Indexes of roleNames; 0 is nobody's: the template's own text.
  std::vector<uint8_t> roles;
  std::vector<std::string> roleNames{""};
  std::vector<Turn> turns;
  std::vector<TokenRange> spans;
  std::vector<uint32_t> sentences; ///< first tokens of sentences
  bool lastIsInput = true;         ///< false: the last token is only a label
  /// Of each score that the pipeline reads, by its place there: one value a token, not a number
  /// where it has none; empty where the record has none.
  std::vector<std::vector<float>> scores;

  /// The rendering, and the bytes of it behind each token; for spans and sentences.
  std::string text;
  std::vector<TokenRange> bytes;

  uint32_t size() const { return ids.size(); }
  uint8_t role(std::string_view name);
  /// Labels that are set, the first token's left out: nothing predicts it.
  uint32_t countTargets() const;
  void clear();
  /// Appends tokens `range` of `source`, with all that belongs to them. Turns and spans that are
  /// cut keep what is left of them.
  void append(const TokenizedRecord &source, TokenRange range);
  /// Only tokens `range`; append() of nothing else.
  TokenizedRecord part(TokenRange range) const;
  std::string_view textOf(TokenRange range) const;
};

} // namespace roux::data
