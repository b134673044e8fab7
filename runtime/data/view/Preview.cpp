//===- Preview.cpp - a step as tokens one can read ------------------------===//
//
// Collects what both forms show. Labels and weights stand at the token they are for,
// as in the recipe, not at the input that predicts it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/Preview.h"

#include "runtime/data/plan/PlacedTokens.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace roux::data {

namespace {

class Collector {
public:
  Collector(const Plan &plan, const TokenStore &store, const StepWeights *weights,
            const Decode &decode, uint32_t limit)
      : plan(plan), store(store), weights(weights), decode(decode), limit(limit) {}

  PreviewSequence collect(const PlanStep &step, uint32_t index) {
    const PlacedSequence &placed = step.sequences[index];
    SequenceView view = store.view(placed.sequence);
    PlacedTokens tokens(view, placed, plan.rules().labels);
    PreviewSequence out;
    out.name = store.name(placed.sequence);
    out.offset = placed.offset;
    out.tokens = placed.tokens();
    out.positions = placed.positions;
    out.targets = placed.targets;
    std::vector<uint32_t> positions =
        makePositions(plan.rules().position, view, placed, plan.positionDraws(step, store, placed));
    out.scores = scoresOf(placed.sequence, tokens);
    weightOf.assign(placed.tokens(), 0);
    if (weights)
      weights->weigh(index, positions, weightOf);
    bool isPair = plan.rules().attend == Reach::Span; // which weighs as much as each of its targets
    for (double weight : weightOf)
      out.weight = isPair ? std::max(out.weight, weight) : out.weight + weight;
    if (limit && out.tokens > limit) {
      out.hiddenAt = limit - limit / 2;
      out.hidden = out.tokens - limit;
    }
    uint32_t base =
        plan.rules().attend == Reach::Pack && plan.rules().position.isPlain() ? placed.offset : 0;
    show(out, tokens, 0, out.hidden ? out.hiddenAt : out.tokens, positions, base);
    if (out.hidden)
      show(out, tokens, out.hiddenAt + out.hidden, out.tokens, positions, base);
    return out;
  }

private:
  std::vector<PreviewScore> scoresOf(uint32_t sequence, const PlacedTokens &tokens) const {
    constexpr std::string_view prefix = "score:";
    const StoreSchema &schema = store.schema();
    std::vector<PreviewScore> scores;
    for (uint32_t a = 0; a < schema.attributes.size(); ++a)
      if (const std::string &name = schema.attributes[a].name; name.starts_with(prefix)) {
        double value = store.number(a, sequence);
        scores.push_back({name.substr(prefix.size()), value, value, false});
      }
    for (uint32_t s = 0; s < schema.tokenScores.size(); ++s) {
      PreviewScore score{schema.tokenScores[s], NAN, NAN, true};
      for (uint32_t t = 0; t < tokens.size(); ++t) { // fmin and fmax pass over what is no number
        score.least = std::fmin(score.least, tokens.score(s, t));
        score.most = std::fmax(score.most, tokens.score(s, t));
      }
      scores.push_back(std::move(score));
    }
    return scores;
  }

  void show(PreviewSequence &out, const PlacedTokens &tokens, uint32_t begin, uint32_t end,
            std::span<const uint32_t> positions, uint32_t base) {
    std::vector<int32_t> ids;
    for (uint32_t t = begin; t < end; ++t)
      ids.push_back(tokens.id(t));
    std::vector<std::string> texts = tokenTexts(decode, ids);
    for (uint32_t t = begin; t < end; ++t) {
      PreviewToken token;
      token.text = visible(texts[t - begin]);
      token.id = tokens.id(t);
      token.label = tokens.label(t);
      token.role = store.roles()[std::min<size_t>(tokens.role(t), store.roles().size() - 1)];
      token.index = t;
      token.isInput = t < positions.size();
      token.position = token.isInput ? base + positions[t] : 0;
      token.weight = weightOf[t];
      for (uint32_t s = 0; s < store.schema().tokenScores.size(); ++s)
        token.scores.push_back(tokens.score(s, t));
      if (token.label != noLabel && token.label != token.id) {
        uint32_t label = static_cast<uint32_t>(token.label);
        token.labelText = visible(decode(std::span(&label, 1)));
      }
      out.shown.push_back(std::move(token));
    }
  }

  const Plan &plan;
  const TokenStore &store;
  const StepWeights *weights;
  const Decode &decode;
  uint32_t limit;
  std::vector<double> weightOf;
};

} // namespace

PreviewStep previewStep(const Plan &plan, const TokenStore &store, const Expression &weight,
                        const Decode &decode, uint64_t index, uint32_t tokensPerSequence) {
  PlanStep step = plan.step(index);
  PlanInput input(store);
  std::optional<StepWeights> weights;
  if (!weight.usesModel())
    weights.emplace(weight, input, plan, step);
  Collector collector(plan, store, weights ? &*weights : nullptr, decode, tokensPerSequence);
  PreviewStep preview;
  preview.step = index;
  preview.steps = plan.steps();
  preview.planHash = plan.hash();
  preview.packCapacity = plan.rules().packCapacity;
  preview.counts = step.counts;
  preview.weighed = weights.has_value();
  preview.tokenScores = store.schema().tokenScores;
  uint32_t at = 0;
  for (uint32_t pack = 0; pack < step.packs.size(); ++pack)
    for (uint32_t i = 0; i < step.packs[pack].count; ++i, ++at) {
      PreviewSequence sequence = collector.collect(step, at);
      sequence.pack = pack;
      sequence.segment = plan.rules().attend == Reach::Pack   ? pack
                         : plan.rules().attend == Reach::Span ? 2 * at
                                                              : at;
      for (const PreviewToken &token : sequence.shown)
        preview.heaviest = std::max(preview.heaviest, token.weight);
      preview.sequences.push_back(std::move(sequence));
    }
  return preview;
}

} // namespace roux::data
