//===- MixRows.cpp - several sources interleaved by shares ----------------===//
//
// The next row is always of the source furthest behind its share. Sources differ in
// size, so one of them runs out first, and what then becomes of it and of the rest
// is the author's to say: nothing about it is silent.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

namespace {

/// One source of a mix, read from its front to its end and perhaps again.
struct Mixed {
  const std::vector<Row> *rows;
  double share;
  std::string name;
  std::vector<uint64_t> sizes; ///< of each row, in what the shares are shares of
  std::vector<bool> good;
  uint64_t next = 0, copy = 0, given = 0, givenBefore = 0;

  bool isBehind(const Mixed &other) const {
    return static_cast<double>(given) * other.share < static_cast<double>(other.given) * share;
  }
  /// Moves to the next row that can be used; false at the end.
  bool reach() {
    while (next < rows->size() && !good[next])
      ++next;
    return next < rows->size();
  }
  void beginAgain();
  Row take();
};

} // namespace

/// A row's part number has room for so many copies of it.
static constexpr uint64_t mostCopies = 255;

void Mixed::beginAgain() {
  if (given == givenBefore)
    throw DataError(fmt::format("'mix' repeats '{}', which has nothing in it", name));
  if (++copy > mostCopies)
    throw DataError(fmt::format("'mix' repeats '{}' more than {} times; expected more data in it, "
                                "a smaller share, or short: stop",
                                name, mostCopies));
  next = 0;
  givenBefore = given;
}

Row Mixed::take() {
  Row row = (*rows)[next];
  if (copy > 0) { // as `repeat` does
    row.key = (SeedTree(row.key) / "copy" / copy).bits();
    row.part += static_cast<uint32_t>(copy) << 24;
  }
  given += sizes[next++];
  return row;
}

static std::string leftRule(const DataStep &step, const Mixed &source, std::string_view ended) {
  std::string rule = fmt::format("{}: ends with '{}'; the rest of '{}' is never seen",
                                 step.construct, ended, source.name);
  return step.shorter == Short::Unsaid ? rule + ", unless short: repeat" : rule;
}

static void tellMix(const DataStep &step, const std::vector<Mixed> &mixed, std::string_view ended,
                    Ledger &ledger) {
  Fate fate = step.shorter == Short::Unsaid ? Fate::Warned : Fate::Noted;
  for (const Mixed &source : mixed) {
    if (source.copy > 0)
      ledger.add(Fate::Noted,
                 fmt::format("{}: '{}' is read {:.3g} times", step.construct, source.name,
                             static_cast<double>(source.copy) +
                                 static_cast<double>(source.next) /
                                     static_cast<double>(source.rows->size())),
                 source.rows->size(), 0, 0);
    else if (source.next < source.rows->size())
      ledger.add(fate, leftRule(step, source, ended), source.rows->size() - source.next, 0, 0);
  }
}

void PipelineRunner::mix(uint32_t step) {
  const DataStep &each = pipeline.steps[step];
  std::vector<Mixed> mixed;
  for (size_t input = 0; input < each.inputs.size(); ++input) {
    const std::vector<Row> &rows = inputRows(step, input);
    Mixed source{&rows, each.shares[input], pipeline.steps[each.inputs[input]].definition,
                 std::vector<uint64_t>(rows.size(), 1), std::vector<bool>(rows.size(), true)};
    if (each.byTokens)
      source.good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
        TokenizedRecord tokens;
        tokensOf(rows[row], tokens, workspace);
        source.sizes[row] = tokens.size();
      });
    mixed.push_back(std::move(source));
  }
  std::vector<bool> ended(mixed.size());
  size_t behind = 0;
  for (;;) {
    behind = 0;
    for (size_t input = 1; input < mixed.size(); ++input)
      if (mixed[input].isBehind(mixed[behind]))
        behind = input;
    if (!mixed[behind].reach()) {
      ended[behind] = true;
      if (each.shorter != Short::Repeat || std::ranges::all_of(ended, std::identity()))
        break;
      mixed[behind].beginAgain();
      continue;
    }
    steps[step].rows.push_back(mixed[behind].take());
  }
  tellMix(each, mixed, mixed[behind].name, ledger);
}

} // namespace roux::data
