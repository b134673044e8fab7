//===- TokenizedRecord.cpp - cutting tokens with all that belongs to them -===//
//
// cut, split and keep_spans all take ranges of tokens out of a record; what a
// range keeps of turns, spans and sentences is decided once, here.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/TokenizedRecord.h"

#include "runtime/data/records/RecordError.h"

#include <algorithm>

namespace roux::data {

uint8_t TokenizedRecord::role(std::string_view name) {
  auto found = std::find(roleNames.begin(), roleNames.end(), name);
  if (found != roleNames.end())
    return found - roleNames.begin();
  if (roleNames.size() > UINT8_MAX)
    throw RecordError("a record has more than 255 roles");
  roleNames.emplace_back(name);
  return roleNames.size() - 1;
}

uint32_t TokenizedRecord::countTargets() const {
  return labels.empty() ? 0 : std::count_if(labels.begin() + 1, labels.end(), [](int32_t label) {
    return label != noLabel;
  });
}

void TokenizedRecord::clear() {
  ids.clear();
  labels.clear();
  roles.clear();
  roleNames.resize(1);
  turns.clear();
  scores.clear();
  spans.clear();
  sentences.clear();
  lastIsInput = true;
  text.clear();
  bytes.clear();
}

/// What is left of `inner` inside `range`, moved by `shift`; empty if nothing.
static TokenRange clip(TokenRange inner, TokenRange range, uint32_t start) {
  uint32_t begin = std::max(inner.begin, range.begin), end = std::min(inner.end, range.end);
  return begin < end ? TokenRange{begin - range.begin + start, end - range.begin + start}
                     : TokenRange{};
}

void TokenizedRecord::append(const TokenizedRecord &source, TokenRange range) {
  uint32_t start = size();
  auto copy = [&](auto &to, const auto &from) {
    to.insert(to.end(), from.begin() + range.begin, from.begin() + range.end);
  };
  copy(ids, source.ids);
  copy(labels, source.labels);
  if (roleNames.size() == 1)
    roleNames = source.roleNames;
  if (roleNames == source.roleNames)
    copy(roles, source.roles);
  else
    for (uint32_t token = range.begin; token < range.end; ++token)
      roles.push_back(role(source.roleNames[source.roles[token]]));
  scores.resize(std::max(scores.size(), source.scores.size()));
  for (size_t score = 0; score < source.scores.size(); ++score)
    if (!source.scores[score].empty())
      copy(scores[score], source.scores[score]);
  for (const Turn &turn : source.turns)
    if (turn.tokens.size() == 0) {
      if (uint32_t at = turn.tokens.begin;
          at >= range.begin && (at < range.end || at == source.size()))
        turns.push_back(
            {{at - range.begin + start, at - range.begin + start}, turn.role, turn.message});
    } else if (TokenRange left = clip(turn.tokens, range, start); left.size()) {
      // A turn that was cut in the middle and joined again is one turn.
      if (!turns.empty() && turns.back().tokens.end == left.begin &&
          turn.tokens.begin < range.begin)
        turns.back().tokens.end = left.end;
      else
        turns.push_back({left, turn.role, turn.message});
    }
  for (TokenRange span : source.spans)
    if (TokenRange left = clip(span, range, start); left.size())
      spans.push_back(left);
  for (uint32_t sentence : source.sentences)
    if (sentence >= range.begin && sentence < range.end)
      sentences.push_back(sentence - range.begin + start);
  if (!source.bytes.empty()) {
    for (uint32_t token = range.begin; token < range.end; ++token) {
      uint32_t begin = text.size();
      std::string_view piece = source.textOf({token, token + 1});
      text += piece;
      bytes.push_back({begin, static_cast<uint32_t>(text.size())});
    }
  }
}

TokenizedRecord TokenizedRecord::part(TokenRange range) const {
  TokenizedRecord piece;
  piece.append(*this, range);
  return piece;
}

std::string_view TokenizedRecord::textOf(TokenRange range) const {
  if (bytes.empty() || range.begin >= range.end)
    return {};
  uint32_t begin = UINT32_MAX, end = 0;
  for (uint32_t token = range.begin; token < range.end; ++token)
    if (bytes[token].size()) { // tokens a tokenizer adds have none
      begin = std::min(begin, bytes[token].begin);
      end = std::max(end, bytes[token].end);
    }
  return begin < end ? std::string_view(text).substr(begin, end - begin) : std::string_view();
}

} // namespace roux::data
