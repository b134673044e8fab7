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
  uint64_t first, rows; ///< among those of all sources
  double share;
  std::string name;
  std::vector<uint32_t> sizes = {}; ///< of each row, in tokens; empty: each is one
  std::vector<bool> good = {};      ///< which rows can be used; empty: all
  uint64_t next = 0, given = 0, givenBefore = 0;
  std::vector<uint64_t> again = {}; ///< where in the mix it began again

  bool isBehind(const Mixed &other) const {
    return static_cast<double>(given) * other.share < static_cast<double>(other.given) * share;
  }
  /// Moves to the next row that can be used; false at the end.
  bool reach() {
    while (next < rows && !good.empty() && !good[next])
      ++next;
    return next < rows;
  }
  void beginAgain(uint64_t place);
  uint32_t take();
};

/// The rows of a mix, four bytes each.
struct MixedRows {
  StepRows all; ///< of all sources, one after the other
  std::vector<uint32_t> order;
  std::vector<Mixed> sources;
  uint64_t construct;

  Row row(uint64_t number) const {
    Row row = all[order[number]];
    auto behind = std::ranges::upper_bound(sources, order[number], {}, &Mixed::first);
    const std::vector<uint64_t> &again = std::prev(behind)->again;
    // As `repeat` does: the first copy keeps its draws.
    if (uint64_t copy = std::ranges::upper_bound(again, number) - again.begin()) {
      row.key = (SeedTree(row.key) / construct / copy).bits();
      row.copy += static_cast<uint32_t>(copy * all.copies());
    }
    return row;
  }
};

} // namespace

/// More would be a share or a source by mistake.
static constexpr uint64_t mostCopies = 255;

void Mixed::beginAgain(uint64_t place) {
  if (given == givenBefore)
    throw DataError(fmt::format("'mix' repeats '{}', which has nothing in it", name));
  if (again.size() == mostCopies)
    throw DataError(fmt::format("'mix' repeats '{}' more than {} times; expected more data in it, "
                                "a smaller share, or short: stop",
                                name, mostCopies));
  again.push_back(place);
  next = 0;
  givenBefore = given;
}

uint32_t Mixed::take() {
  given += sizes.empty() ? 1 : sizes[next];
  return static_cast<uint32_t>(first + next++);
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
    if (!source.again.empty())
      ledger.add(
          Fate::Noted,
          fmt::format("{}: '{}' is read {:.3g} times", step.construct, source.name,
                      static_cast<double>(source.again.size()) +
                          static_cast<double>(source.next) / static_cast<double>(source.rows)),
          source.rows, 0, 0);
    else if (source.next < source.rows)
      ledger.add(fate, leftRule(step, source, ended), source.rows - source.next, 0, 0);
  }
}

/// Takes rows until the sources or the rule say that it is enough. Returns the source that ended
/// it.
static size_t takeByShares(std::vector<Mixed> &mixed, Short shorter, std::vector<uint32_t> &order) {
  std::vector<bool> ended(mixed.size());
  for (;;) {
    size_t behind = 0;
    for (size_t input = 1; input < mixed.size(); ++input)
      if (mixed[input].isBehind(mixed[behind]))
        behind = input;
    if (mixed[behind].reach()) {
      order.push_back(mixed[behind].take());
      continue;
    }
    ended[behind] = true;
    if (shorter != Short::Repeat || std::ranges::all_of(ended, std::identity()))
      return behind;
    mixed[behind].beginAgain(order.size());
  }
}

void PipelineRunner::mix(uint32_t step) {
  const DataStep &each = pipeline.steps[step];
  auto made = std::make_shared<MixedRows>();
  made->all = joinInputs(step);
  made->construct = (SeedTree(0) / each.construct).bits();
  uint64_t first = 0;
  for (size_t input = 0; input < each.inputs.size(); ++input) {
    const StepRows &rows = inputRows(step, input);
    Mixed source{first, rows.size(), each.shares[input],
                 pipeline.steps[each.inputs[input]].definition};
    if (each.byTokens) {
      source.sizes.resize(rows.size());
      source.good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
        TokenizedRecord tokens;
        tokensOf(rows[row], tokens, workspace);
        source.sizes[row] = tokens.size();
      });
    }
    first += rows.size();
    made->sources.push_back(std::move(source));
  }
  size_t last = takeByShares(made->sources, each.shorter, made->order);
  tellMix(each, made->sources, made->sources[last].name, ledger);
  uint64_t copies = 1;
  for (Mixed &source : made->sources) {
    copies = std::max<uint64_t>(copies, 1 + source.again.size());
    source.sizes = {};
    source.good = {};
  }
  checkCount(step, std::max<uint64_t>(made->order.size(), copies * made->all.copies()));
  made->order.shrink_to_fit();
  steps[step].set(made->order.size(), copies * made->all.copies(),
                  [made](uint64_t row) { return made->row(row); });
}

} // namespace roux::data
