//===- Recall.cpp - does it find a key's value among many -----------------===//
//
// See the header. Pairs go in after the sentence that ends nearest before their place,
// as needles do.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Recall.h"

#include "runtime/data/SeedTree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace roux::eval {

static constexpr std::array<const char *, 20> colours = {
    "amber",  "bronze",  "copper", "golden", "green", "grey",   "indigo",
    "ivory",  "jade",    "lilac",  "maroon", "olive", "orange", "pink",
    "purple", "scarlet", "silver", "violet", "white", "yellow"};
static constexpr std::array<const char *, 20> things = {
    "anchor",  "basket",  "bridge", "candle",  "castle", "compass", "drum",
    "feather", "garden",  "hammer", "harbour", "kettle", "ladder",  "lantern",
    "mirror",  "orchard", "pebble", "saddle",  "temple", "wagon"};
static_assert(colours.size() * things.size() == mostPairs);

std::vector<KeyValue> drawPairs(uint64_t seed, uint64_t count) {
  data::SeedTree draws(seed);
  std::vector<size_t> order(mostPairs);
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::sort(order, {}, [&](size_t name) { return (draws / "name" / name).bits(); });
  std::vector<KeyValue> pairs;
  for (size_t i = 0; i < count; ++i)
    pairs.push_back({fmt::format("{} {}", colours[order[i] % colours.size()],
                                 things[order[i] / colours.size()]),
                     fmt::format("{}", 1'000'000 + (draws / "value" / i).below(9'000'000))});
  return pairs;
}

static uint64_t hiddenTokens(const std::vector<KeyValue> &pairs, const NeedleText &text) {
  uint64_t tokens = 0;
  for (const KeyValue &pair : pairs)
    tokens += text.encode(" " + pair.sentence() + " ").size();
  return tokens;
}

/// Tokens of the longest question's prompt without its document, and of the answer.
static uint64_t frameOf(const std::vector<KeyValue> &pairs, const RecallOptions &options,
                        const NeedleText &text) {
  size_t longest = 0;
  for (const KeyValue &pair : pairs)
    longest = std::max(longest, text.prompt("", pair.question()).size());
  return longest + options.answerTokens;
}

void checkRecall(uint64_t context, uint64_t haystackTokens, const RecallOptions &options,
                 const NeedleText &text) {
  if (options.pairs > mostPairs)
    throw NeedleError(fmt::format("found {} pairs, expected at most {}", options.pairs, mostPairs));
  std::vector<KeyValue> pairs = drawPairs(options.seed, options.pairs);
  uint64_t frame = frameOf(pairs, options, text), hidden = hiddenTokens(pairs, text);
  for (uint64_t length : options.lengths) {
    if (length > context)
      throw NeedleError(
          fmt::format("a recall test of {} tokens does not fit the model's context of "
                      "{}",
                      length, context));
    if (length <= frame + hidden)
      throw NeedleError(
          fmt::format("a recall test of {} tokens leaves no haystack: pairs, question "
                      "and answer take {}",
                      length, frame + hidden));
    if (length - frame - hidden > haystackTokens)
      throw NeedleError(fmt::format("a recall test of {} tokens needs a haystack of {}; found {}",
                                    length, length - frame - hidden, haystackTokens));
  }
}

/// The first `tokens` tokens of the haystack with all `pairs` in them, evenly spread.
static std::string hide(const std::vector<int32_t> &haystack, uint64_t tokens,
                        const std::vector<KeyValue> &pairs, const NeedleText &text) {
  std::span<const int32_t> hay = firstTokens(haystack, tokens, text);
  std::string out;
  size_t from = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    size_t at = sentenceEndBefore(hay, hay.size() * (2 * i + 1) / (2 * pairs.size()), text);
    at = std::max(at, from);
    out += text.decode(hay.subspan(from, at - from)) + (at ? " " : "") + pairs[i].sentence() + " ";
    from = at;
  }
  return out + text.decode(hay.subspan(from));
}

std::vector<NeedleCell> runRecall(LanguageModel &model, const std::string &haystack,
                                  const RecallOptions &options, const NeedleText &text,
                                  const GenerateOptions &generation) {
  std::vector<int32_t> hay = text.encode(haystack);
  checkRecall(model.context(), hay.size(), options, text);
  std::vector<KeyValue> pairs = drawPairs(options.seed, options.pairs);
  uint64_t taken = frameOf(pairs, options, text) + hiddenTokens(pairs, text);
  std::vector<NeedleCell> cells;
  std::vector<std::vector<int32_t>> prompts;
  for (uint64_t length : options.lengths) {
    std::string document = hide(hay, length - taken, pairs, text);
    for (size_t i = 0; i < pairs.size(); ++i) {
      prompts.push_back(text.prompt(document, pairs[i].question()));
      double depth = (static_cast<double>(i) + 0.5) / static_cast<double>(pairs.size());
      cells.push_back({length, depth, prompts.back().size(), "", 0});
    }
  }
  GenerateOptions asked = generation;
  asked.tokens = options.answerTokens;
  std::vector<Answer> answers = generate(model, text.decode, prompts, asked);
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].answer = answers[i].text;
    cells[i].score = answers[i].text.find(pairs[i % pairs.size()].value) != std::string::npos;
  }
  return cells;
}

} // namespace roux::eval
