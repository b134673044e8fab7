//===- SplitRows.cpp - one record into pieces of powers of two ------------===//
//
// Dataset Decomposition (2405.13226): the largest power of two that still fits is
// cut off the front, again and again. A piece has one token more than positions,
// since its last token is only a label; pieces do not overlap.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/SplitRows.h"
#include "runtime/data/pipeline/PipelineRunner.h"

#include <bit>
#include <fmt/format.h>

namespace roux::data {

/// The length of a piece of an over-long rest: P(2^k) is proportional to 1 / 2^k, so that every
/// length gets the same expected number of tokens.
static uint64_t drawLength(const SplitRule &rule, double draw) {
  double total = 0;
  for (uint64_t length = rule.low; length <= rule.high; length *= 2)
    total += static_cast<double>(rule.high) / static_cast<double>(length);
  double left = draw * total;
  for (uint64_t length = rule.low; length < rule.high; length *= 2) {
    left -= static_cast<double>(rule.high) / static_cast<double>(length);
    if (left < 0)
      return length;
  }
  return rule.high;
}

std::vector<TokenRange> splitPowersOfTwo(uint32_t tokens, const SplitRule &rule, SeedTree draws) {
  std::vector<TokenRange> pieces;
  uint32_t begin = 0;
  while (tokens - begin > 1) {
    uint64_t length = std::bit_floor(uint64_t(tokens - begin - 1));
    if (length < rule.low)
      break;
    // The rest may be longer than the largest piece, and the draw is of the piece's own number.
    if (length > rule.high)
      length =
          rule.randomOverlong ? drawLength(rule, (draws / pieces.size()).uniform()) : rule.high;
    uint32_t end = begin + static_cast<uint32_t>(length) + 1;
    pieces.push_back({begin, end});
    begin = end;
  }
  if (!rule.dropTail && tokens - begin > 1)
    pieces.push_back({begin, tokens});
  return pieces;
}

void PipelineRunner::split(uint32_t step) {
  const DataStep &each = pipeline.steps[step];
  const StepRows &rows = inputRows(step);
  struct Cuts {
    std::vector<TokenRange> pieces;
    uint64_t lostTokens = 0, lostTargets = 0;
    Lints lints;
    std::vector<Loss> before; ///< what earlier steps took from the record
  };
  std::vector<Cuts> cuts(rows.size());
  std::vector<bool> good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
    auto whole = std::make_shared<TokenizedRecord>();
    TokenizedRecord &tokens = *whole;
    Cuts &made = cuts[row];
    workspace.losses = &made.before;
    tokensOf(rows[row], tokens, workspace, &made.lints);
    workspace.losses = nullptr;
    splitRecords.keep(TokenCache::placeOf(each.inputs[0], row), whole);
    made.pieces = splitPowersOfTwo(tokens.size(), each.split, drawsOf(each, rows[row]));
    uint32_t end = made.pieces.empty() ? 0 : made.pieces.back().end;
    if (end == tokens.size())
      return;
    TokenizedRecord tail = tokens.part({end, tokens.size()});
    applyTarget(rows[row], tail, workspace);
    made.lostTokens = tail.size();
    made.lostTargets = tail.countTargets();
  });
  struct Piece {
    uint32_t row, number;
    TokenRange tokens;
  };
  std::vector<Piece> all;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    if (!good[row])
      continue;
    const Cuts &made = cuts[row];
    for (std::string_view lint : made.lints)
      ledger.add(fateOf(lint), lint, 1, 0, 0, nameOf(rows[row]));
    for (const Loss &loss : made.before)
      ledger.add(Fate::Cut, loss.rule, 1, loss.tokens, loss.targets, nameOf(rows[row]));
    for (uint32_t piece = 0; piece < made.pieces.size(); ++piece)
      all.push_back({static_cast<uint32_t>(row), piece, made.pieces[piece]});
    if (made.pieces.size() > 1)
      ledger.add(Fate::Split, each.construct, 1, 0, 0, nameOf(rows[row]));
    if (made.lostTokens)
      ledger.add(Fate::Dropped, fmt::format("{}: tail: drop", each.construct), 1, made.lostTokens,
                 made.lostTargets, nameOf(rows[row]));
  }
  checkCount(step, all.size());
  steps[step].set(all.size(), rows.copies(), [&rows, step, all = std::move(all)](uint64_t number) {
    const Piece &piece = all[number];
    Row whole = rows[piece.row];
    return Row{.parent = piece.row,
               .key = (SeedTree(whole.key) / "part" / piece.number).bits(),
               .step = step,
               .part = whole.part + piece.number,
               .copy = whole.copy,
               .begin = piece.tokens.begin,
               .end = piece.tokens.end};
  });
}

} // namespace roux::data
