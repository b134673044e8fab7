//===- MarkSpans.cpp - where spans begin and end --------------------------===//
//
// Spans annotate tokens and never move them.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/MarkSpans.h"

#include <algorithm>
#include <utility>

namespace roux::data {

/// Spans between the tokens of `ends`, each of which is one past a span's last token.
static void markUpTo(const std::vector<uint32_t> &ends, TokenizedRecord &tokens) {
  uint32_t begin = 0;
  for (uint32_t end : ends)
    if (end > begin)
      tokens.spans.push_back({std::exchange(begin, end), end});
}

static std::vector<uint32_t> endsOfDelimiters(const SpanRule &rule, const TokenizedRecord &tokens) {
  std::vector<uint32_t> bytes; // one past each delimiter's last byte
  for (const std::string &delimiter : rule.delimiters)
    for (size_t at = 0;
         !delimiter.empty() && (at = tokens.text.find(delimiter, at)) != std::string::npos;)
      bytes.push_back(at += delimiter.size());
  std::sort(bytes.begin(), bytes.end());
  std::vector<uint32_t> ends;
  uint32_t token = 0;
  for (uint32_t byte : bytes) {
    while (token < tokens.size() && tokens.bytes[token].end < byte)
      ++token;
    if (token < tokens.size())
      ends.push_back(token + 1);
  }
  return ends;
}

void markSpans(const SpanRule &rule, SeedTree draws, TokenizedRecord &tokens) {
  tokens.spans.clear();
  std::vector<uint32_t> ends;
  switch (rule.at) {
  case SpanRule::At::Tokens:
    for (uint64_t end = rule.tokens; end <= tokens.size(); end += rule.tokens)
      ends.push_back(end);
    break;
  case SpanRule::At::Sentence:
    ends = tokens.sentences;
    break;
  case SpanRule::At::Turn:
    for (const Turn &turn : tokens.turns)
      tokens.spans.push_back(turn.tokens);
    break;
  case SpanRule::At::Delimiters:
    ends = endsOfDelimiters(rule, tokens);
    break;
  }
  bool toTheEnd =
      rule.at != SpanRule::At::Turn && !(rule.at == SpanRule::At::Tokens && rule.dropTail);
  if (toTheEnd)
    ends.push_back(tokens.size());
  markUpTo(ends, tokens);
  if (rule.atMost == 0 || tokens.spans.size() <= rule.atMost)
    return;
  // The spans with the smallest draws, in order.
  std::vector<std::pair<uint64_t, uint32_t>> drawn;
  for (uint32_t span = 0; span < tokens.spans.size(); ++span)
    drawn.emplace_back((draws / span).bits(), span);
  std::nth_element(drawn.begin(), drawn.begin() + rule.atMost, drawn.end());
  std::vector<bool> stays(tokens.spans.size());
  for (uint32_t i = 0; i < rule.atMost; ++i)
    stays[drawn[i].second] = true;
  uint32_t span = 0;
  std::erase_if(tokens.spans, [&](TokenRange) { return !stays[span++]; });
}

} // namespace roux::data
