//===- ObjectiveTest.cpp - the objective as a closed formula --------------===//
//
// Each weight of language.md's table, with the formula a paper would print and
// the sum of a step's weights worked out by hand.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Objective.h"
#include "tests/frontend/check/Around.h"

#include <gtest/gtest.h>

namespace roux {
namespace {

std::string describe(std::string_view keys) {
  CheckedPiece piece(Around::Train, keys);
  return piece.recipe ? describeObjectives(piece.sources, *piece.recipe) : piece.errors();
}

/// The line of a description that begins with `start`, without it.
std::string lineOf(const std::string &text, std::string_view start) {
  size_t at = text.find("\n  " + std::string(start));
  if (at == std::string::npos)
    return "";
  at += 3 + start.size();
  return text.substr(at, text.find('\n', at) - at);
}

struct Row {
  std::string_view weight, formula, sum;
};
constexpr Row rows[] = {
    {"1 / (sequence.targets * step.sequences)", "(1 / M) * sum_i (1 / N_i) * sum_t nll",
     "1, whatever the data"},
    {"1 / step.targets", "(1 / T) * sum_i sum_t nll", "1, whatever the data"},
    {"1 / (pack.targets * step.packs)", "(1 / K) * sum_k (1 / T_k) * sum_i sum_t nll",
     "1, whatever the data"},
    {"1 / (sequence.targets * pack.sequences * step.packs)",
     "(1 / K) * sum_k (1 / M_k) * sum_i (1 / N_i) * sum_t nll", "1, whatever the data"},
    {"sequence.targets ^ -0.5 / sum(sequence.targets ^ (1 - 0.5) over step)",
     "(1 / sum(N_i ^ (1 - 0.5) over step)) * sum_i (1 / N_i^0.5) * sum_t nll",
     "1, whatever the data"},
    {"2 / step.targets", "(2 / T) * sum_i sum_t nll", "2, whatever the data"},
    {"1", "sum_i sum_t nll", "step.targets"},
    {"1 / step.sequences", "(1 / M) * sum_i sum_t nll", "step.targets / step.sequences"},
    {"(if source == docs then 2 else 1) / step.targets",
     "(1 / T) * sum_i (if sequence.source == \"docs\" then 2 else 1) * sum_t nll",
     "sum((if sequence.source == \"docs\" then 2 else 1) * sequence.targets over step) / "
     "step.targets"},
    {"token.nll / step.targets", "(1 / T) * sum_i sum_t nll * nll",
     "not fixed; the weight reads the model"},
    {"token.index / step.targets", "(1 / T) * sum_i sum_t token.index * nll",
     "not fixed; the weight reads single tokens"},
};

TEST(Objective, FormulaAndSumOfWeights) {
  for (const Row &row : rows) {
    std::string text = describe("weight: " + std::string(row.weight));
    EXPECT_EQ(lineOf(text, "L = "), row.formula) << text;
    EXPECT_EQ(lineOf(text, "sum of the weights of a step: "), row.sum) << text;
  }
}

TEST(Objective, LossAsWritten) {
  std::string text = describe("loss: token.nll + 1e-4 * token.logsumexp ^ 2");
  EXPECT_EQ(lineOf(text, "L = "), "(1 / T) * sum_i sum_t (nll + 0.0001 * z ^ 2)") << text;
  EXPECT_EQ(lineOf(text, "loss:   "), "token.nll + 1e-4 * token.logsumexp ^ 2   (test.recipe:17)")
      << text;
}

TEST(Objective, SaysWhatChangesIt) {
  std::string naive = describe("weight: 1 / (pack.targets * step.packs)");
  EXPECT_EQ(lineOf(naive, "not invariant to: "), "packing (the weight reads its pack)");
  std::string attend = describe("batch: pack(8Ki, attend: pack, overflow: drop, last: drop)");
  EXPECT_EQ(lineOf(attend, "not invariant to: "), "packing (attend: pack)");
  EXPECT_EQ(lineOf(describe("clip: 1"), "not invariant to: "), "");
}

TEST(Objective, SaysHowSequencesCompare) {
  auto compares = [](const std::string &weight, const std::string &line) {
    std::string text = describe("weight: " + weight);
    EXPECT_NE(text.find("\n  " + line + "\n"), std::string::npos) << text;
  };
  compares("1 / (sequence.targets * step.sequences)", "every sequence counts the same");
  compares("1 / step.targets", "every target counts the same");
  compares("1 / sqrt(sequence.targets) / step.targets",
           "a sequence counts as its targets to the power 0.5");
}

/// Printing and reading again gives the same tree.
TEST(Objective, PrintedExpressionsReadBack) {
  constexpr std::string_view weights[] = {
      "(1 - 2) - (3 - 4)",
      "(2 ^ 3) ^ 4",
      "2 ^ 3 ^ 4",
      "-(2 ^ 2)",
      "(-2) ^ 2",
      "2 ^ -2",
      "1 / (2 / 3) * 4",
      "if not (token.index > 3 and token.index < 5) or role == user then 1 else 2",
      "(if token.index in 1..3 + 2 then 1 else 2) + 3",
      "min(1, max(2, 3)) + mod(5, 3)",
      "if role in [user, assistant] then 1 else 0",
      "if source in held then 1 else 0",
      "uniform(1..sequence.tokens / 2)",
      "count(sequence.targets > 1 over step)",
      "quantile(sequence.targets over step, 50%)",
  };
  for (std::string_view weight : weights) {
    CheckedPiece first(Around::Train, "weight: " + std::string(weight));
    ASSERT_TRUE(first.recipe) << first.errors();
    std::string printed = print((*first.recipe->find("x"))["weight"].expression);
    if (printed.find("quantile") != std::string::npos)
      printed.replace(printed.find("0.5"), 3, "50%");
    CheckedPiece second(Around::Train, "weight: " + printed);
    ASSERT_TRUE(second.recipe) << printed << "\n" << second.errors();
    EXPECT_EQ(print((*second.recipe->find("x"))["weight"].expression),
              print((*first.recipe->find("x"))["weight"].expression));
  }
}

} // namespace
} // namespace roux
