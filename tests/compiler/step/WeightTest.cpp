//===- WeightTest.cpp - a kernel's weights are the plan's -----------------===//
//
// The plan evaluates `weight:` in double, for the ledger, the checks and the
// preview; a kernel computes it again from its inputs. Here both are compared on
// whole plans: every weight of a recipe in recipes/, every row of the language's
// table, and formulas made at random.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/SplitWeight.h"
#include "compiler/pipeline/CompileProgram.h"
#include "runtime/data/batch/BatchLoader.h"
#include "tests/Paths.h"
#include "tests/compiler/step/CompiledModel.h"
#include "tests/compiler/step/RandomWeight.h"
#include "tests/compiler/step/SmallModels.h"
#include "tests/frontend/check/Around.h"
#include "tests/runtime/data/Fixture.h"

#include <cmath>
#include <set>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;
using data::test::Sample;

namespace {

model::ModelConfig tinyModel() {
  model::ModelConfig config = smallGpt2();
  config.layers = 1;
  config.queryKeyValueBias = config.outputBias = config.feedForwardBias = false;
  config.context = 512;
  return config;
}

Expression weightOf(const std::string &text) {
  CheckedPiece piece(Around::Train, "weight: " + text);
  EXPECT_TRUE(piece.recipe) << text << "\n" << piece.errors();
  return piece.recipe ? (*piece.recipe->find("x"))["weight"].expression : Expression();
}

class Weight : public ::testing::Test {
protected:
  data::test::Folder folder;
  std::optional<data::TokenStore> store;
  std::optional<data::PlanInput> input;
  std::optional<data::Plan> plan;

  void SetUp() override {
    std::vector<Sample> samples = data::test::randomSamples(24, 60);
    for (size_t i = 0; i < samples.size(); ++i)
      samples[i].source = i % 3 ? "docs" : "chats";
    store.emplace(data::test::makeStore(folder / "tokens", samples));
    input.emplace(*store);
    data::PlanSpec spec{.seed = 5, .construct = "x", .context = 400};
    spec.batch = {.policy = data::Policy::Pack, .units = 3, .tokens = 100, .fit = data::Fit::First};
    plan.emplace(data::test::makePlan(folder / "plan", *store, spec));
  }

  /// All micro-batches of the plan.
  std::vector<data::MicroBatch> batches(const Expression &weight, const WeightFormula &formula) {
    std::vector<data::MicroBatch> all;
    data::BatchLoader loader(*plan, *input, weight,
                             {.run = {.microBatchTokens = 120}, .inputs = formula.inputs});
    for (data::MicroBatch batch; loader.next(batch);)
      all.push_back(batch);
    return all;
  }

  /// The plan's weights of the rows of `batch`, unrounded.
  std::vector<double> planned(const Expression &weight, const data::MicroBatch &batch) {
    data::PlanStep step = plan->step(batch.step);
    data::StepWeights weights(weight, *input, *plan, step);
    std::vector<double> rows, each;
    for (uint32_t index : batch.sequences) {
      const data::PlacedSequence &placed = step.sequences[index];
      std::vector<uint32_t> positions =
          makePositions(plan->rules().position, store->view(placed.sequence), placed,
                        plan->positionDraws(step, *store, placed));
      weights.weigh(index, positions, each);
      for (uint32_t t = 1; t <= placed.positions; ++t)
        rows.push_back(t < each.size() ? each[t] : 0);
    }
    return rows;
  }

  static Columns columnsOf(const data::MicroBatch &batch, int64_t vocabulary) {
    Columns columns;
    for (size_t row = 0; row < batch.size(); ++row) {
      columns.tokens.push_back(batch.tokens[row] % vocabulary);
      columns.labels.push_back(batch.labels[row] < 0 ? -1 : batch.labels[row] % vocabulary);
      columns.positions.push_back(batch.positions[row]);
    }
    columns.segments.assign(batch.segmentOffsets.begin(), batch.segmentOffsets.end());
    for (const WeightValues &values : batch.inputs)
      columns.inputs[values.name] = values.values;
    return columns;
  }

  static void expectNear(const std::vector<double> &found, const std::vector<double> &expected,
                         double tolerance, const std::string &text) {
    ASSERT_EQ(found.size(), expected.size()) << text;
    for (size_t row = 0; row < found.size(); ++row)
      ASSERT_NEAR(found[row], expected[row], tolerance * std::max(1.0, std::fabs(expected[row])))
          << text << ", row " << row;
  }

  /// Compiles `weight` with a model of `type` and compares all its steps with the plan's.
  void compare(const std::string &text, const Expression &weight, StreamType type,
               double tolerance) {
    WeightFormula formula = splitWeight(weight);
    model::ModelConfig config = tinyModel();
    CompiledModel model(config, randomParameters(config, 2), type, 2, nullptr,
                        Activations::recompute, {}, formula);
    int64_t compiled = kernelsCompiled();
    for (const data::MicroBatch &batch : batches(weight, formula)) {
      Parameters results = model.run("train", columnsOf(batch, config.vocabulary));
      expectNear(results["weights"].values, planned(weight, batch), tolerance, text);
      EXPECT_TRUE(std::isfinite(results["loss"].values[0])) << text;
    }
    EXPECT_EQ(kernelsCompiled(), compiled) << "other lengths need no other code";
  }
};

/// The weights of all trains under recipes/.
std::set<std::string> recipeWeights() {
  std::set<std::string> texts;
  for (const auto &entry : std::filesystem::directory_iterator(sourceFolder() + "/recipes")) {
    if (entry.path().extension() != ".recipe")
      continue;
    SourceManager sources;
    Diagnostics diagnostics(sources);
    uint32_t file = sources.add(entry.path().string(), readFile(entry.path().string()).value());
    std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics, {});
    EXPECT_TRUE(recipe) << diagnostics.text();
    for (const CheckedDefinition &definition : recipe->definitions)
      if (definition.kind == ast::Kind::Train)
        texts.insert(std::string(sources.text(definition["weight"].where)));
  }
  return texts;
}

TEST_F(Weight, OfEveryRecipeIsThePlansInTheKernel) {
  std::set<std::string> texts = recipeWeights();
  EXPECT_GE(texts.size(), 2u);
  texts.insert({"1 / (pack.targets * step.packs)",
                "sequence.targets ^ -0.3 / sum(sequence.targets ^ 0.7 over step)",
                "(if source == docs then 2 else 1) / step.targets",
                "if role == assistant then 1 / step.targets else 0",
                "uniform(1..6) / step.targets"});
  for (const std::string &text : texts)
    compare(text, weightOf(text), StreamType::F64, 1e-14);
  // Everywhere else the same f64 is rounded once.
  for (const char *text : {"1 / (sequence.targets * step.sequences)", "1 / step.targets"})
    compare(text, weightOf(text), StreamType::F32, 1e-7);
}

TEST_F(Weight, OfRandomFormulasIsThePlansInTheKernel) {
  RandomWeight random(7);
  for (int compared = 0; compared < 6;) {
    std::string text = random.text();
    Expression weight = weightOf(text);
    try {
      batches(weight, {});
    } catch (const data::PlanError &) {
      continue; // not a finite number somewhere, which the plan refuses
    }
    compare(text, weight, StreamType::F64, 1e-10);
    ++compared;
  }
}

/// Many more, in the reference evaluator of the region.
TEST_F(Weight, OfRandomFormulasIsThePlansInTheRegion) {
  RandomWeight random(11);
  model::ModelConfig config = tinyModel();
  Parameters parameters = randomParameters(config, 2);
  int compared = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text = random.text();
    Expression weight = weightOf(text);
    WeightFormula formula = splitWeight(weight);
    std::vector<data::MicroBatch> all;
    try {
      all = batches(weight, formula);
    } catch (const data::PlanError &) {
      continue;
    }
    const data::MicroBatch &batch = all[i % all.size()];
    ModelRunner runner(config, parameters, nullptr, Activations::recompute, {}, formula);
    std::vector<double> found = runner.run("train", columnsOf(batch, config.vocabulary))[2].values;
    ASSERT_NO_FATAL_FAILURE(expectNear(found, planned(weight, batch), 1e-10, text));
    ++compared;
  }
  EXPECT_GT(compared, 200);
}

/// What is worked out before the launch, and what is left to the kernel.
TEST(SplitWeight, CutsWhereArithmeticEnds) {
  auto cut = [](const std::string &text) {
    WeightFormula formula = splitWeight(weightOf(text));
    std::string found;
    for (const WeightInput &each : formula.inputs)
      found += each.name + (each.perToken ? " token\n" : " step\n");
    return found;
  };
  EXPECT_EQ(cut("1 / (sequence.targets * step.sequences)"),
            "sequence.targets token\nstep.sequences step\n");
  EXPECT_EQ(cut("sequence.targets ^ -1 / sum(sequence.targets over step) * step.progress"),
            "sequence.targets token\nsum(sequence.targets over step) step\nstep.progress step\n");
  // A text never reaches the kernel; the comparison with it does, once.
  EXPECT_EQ(
      cut("if source == docs and token.index > 3 then 1 else if source == docs then 2 else 3"),
      "sequence.source == \"docs\" token\ntoken.index token\n");
  EXPECT_EQ(cut("if source in docs then 1 else 2"), "source in docs token\n");
  // A field may be a text, so what is done with it is done before.
  EXPECT_EQ(cut("2 * field(\"level\") / step.targets"),
            "2 * field(\"level\") token\nstep.targets step\n");
  EXPECT_EQ(cut("mod(sequence.index, 2)"), "mod(sequence.index, 2) token\n");
  EXPECT_EQ(cut("1 + uniform(0..3) / step.targets").substr(0, 4), "1 + ");
  EXPECT_EQ(cut("0.5"), "");
  EXPECT_EQ(cut("exp(-token.nll) / step.targets"), "step.targets step\n");
}

} // namespace
