//===- PreviewText.cpp - a step for a terminal ----------------------------===//
//
// Targets are coloured, brighter for a heavier weight. Without colours a change of
// weight opens a new bracket, so nothing is lost in a file.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/Preview.h"

#include <fmt/format.h>

#include <cmath>

namespace roux::data {

std::string scoreText(const PreviewScore &score) {
  if (std::isnan(score.least))
    return score.name + ": none";
  if (!score.ofTokens)
    return fmt::format("{} {:.6g}", score.name, score.least);
  return fmt::format("{} {:.6g} to {:.6g} a token", score.name, score.least, score.most);
}

namespace {

class TextPainter {
public:
  TextPainter(const PreviewStep &step, bool colour) : step(step), colour(colour) {}

  std::string paint() {
    const PlannedStep &counts = step.counts;
    out = fmt::format("step {} of {}, epoch {}: {} sequences ({} with targets), {} positions, {} "
                      "targets\nplan {:016x}\n",
                      step.step, step.steps, counts.epoch, counts.count, counts.sequences,
                      counts.positions, counts.targets, step.planHash);
    if (!step.weighed)
      out += "weights: a model has a say in them, so they are known only while training\n";
    uint32_t pack = UINT32_MAX;
    for (const PreviewSequence &sequence : step.sequences) {
      if (step.packCapacity && sequence.pack != pack)
        out += style(fmt::format("\npack {}", sequence.pack), "1;36") + "\n";
      pack = sequence.pack;
      paint(sequence);
    }
    return out;
  }

private:
  std::string style(std::string_view text, std::string_view code) const {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }

  void paint(const PreviewSequence &sequence) {
    std::string weight = step.weighed ? fmt::format(", weight {:.6g}", sequence.weight) : "";
    out += "\n" +
           style(fmt::format("{}  segment {}, @{}, {} tokens, {} positions, {} targets{}",
                             sequence.name, sequence.segment, sequence.offset, sequence.tokens,
                             sequence.positions, sequence.targets, weight),
                 "1") +
           "\n";
    for (const PreviewScore &score : sequence.scores)
      out += style(fmt::format("score {}\n", scoreText(score)), "2");
    const PreviewToken *before = nullptr;
    for (size_t i = 0; i < sequence.shown.size(); ++i) {
      if (sequence.hidden && i == sequence.hiddenAt) {
        close(before);
        before = nullptr;
        out += style(fmt::format("\n… {} more tokens …\n", sequence.hidden), "2");
      }
      paint(sequence.shown[i], before);
      before = &sequence.shown[i];
    }
    close(before);
    out += "\n";
  }

  void paint(const PreviewToken &token, const PreviewToken *before) {
    bool jumps = before && token.isInput && token.position != before->position + 1;
    bool changes = !before || (before->label == noLabel) != (token.label == noLabel) ||
                   before->weight != token.weight;
    if (changes)
      close(before);
    if (jumps)
      out += style(fmt::format("«{}»", token.position), "35");
    if (changes && token.label != noLabel && !colour)
      out += step.weighed ? fmt::format("⟦{:.4g}|", token.weight) : "⟦";
    out += token.label == noLabel ? style(token.text, "2") : style(token.text, shade(token.weight));
    if (!token.labelText.empty())
      out += style(fmt::format("⟨{}⟩", token.labelText), "33");
    if (token.text == "⏎")
      out += "\n";
  }

  void close(const PreviewToken *before) {
    if (before && before->label != noLabel && !colour)
      out += "⟧";
  }

  /// Black on one of four greens by weight against the heaviest of the step; red where it is 0.
  std::string shade(double weight) const {
    static constexpr const char *greens[] = {"38;5;16;48;5;151", "38;5;16;48;5;114",
                                             "38;5;16;48;5;77", "38;5;16;48;5;40"};
    if (!step.weighed)
      return greens[1];
    if (weight == 0 || step.heaviest <= 0)
      return "38;5;15;48;5;160";
    double share = std::min(std::fabs(weight) / step.heaviest, 1.0);
    return greens[static_cast<size_t>(std::ceil(share * 4)) - 1];
  }

  const PreviewStep &step;
  bool colour;
  std::string out;
};

} // namespace

std::string previewText(const PreviewStep &step, bool colour) {
  return TextPainter(step, colour).paint();
}

} // namespace roux::data
