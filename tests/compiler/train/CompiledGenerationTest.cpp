//===- CompiledGenerationTest.cpp - words with and without a cache --------===//
//
// What prefill and decode give must be what the whole sequence gives, for every
// family and type, whatever else is in the batch and however long it gets; and
// where a sequence cannot go on, it says so.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/eval/CompiledModel.h"
#include "runtime/eval/Generate.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/simt/SimtDevice.h"
#include "tests/Paths.h"

#include <fmt/format.h>

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>

using namespace roux;
using eval::Answer, eval::CompiledModel, eval::Ending, eval::GenerateOptions;
using train::ModelProgram;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<ModelProgram> compiled(const model::ModelConfig &config,
                                       StepType type = StepType::F32, bool generates = true) {
  StepSource source;
  source.config = config;
  source.type = type;
  source.trains = false;
  source.generates = generates;
  std::optional<Program> program = compileStep(source, kernelsOfProcess());
  EXPECT_TRUE(program);
  return std::make_unique<ModelProgram>(std::move(*program), config,
                                        std::make_shared<CPUDevice>(2));
}

/// The same as threads of a GPU, which is emulated.
std::unique_ptr<ModelProgram> emulated(const model::ModelConfig &config, StepType type) {
  StepSource source;
  source.config = config;
  source.type = type;
  source.trains = false;
  source.generates = true;
  source.machine = "sm_90a";
  source.code = CodeKind::Emulated;
  std::optional<Program> program = compileStep(source, "");
  EXPECT_TRUE(program);
  auto isOfFewRows = [](const std::string &name) { return name.ends_with("_few_rows"); };
  EXPECT_TRUE(std::ranges::any_of(program->kernels, isOfFewRows));
  // A library would add otherwise for other numbers of rows.
  EXPECT_FALSE(program->products.empty());
  for (const ProductForm &form : program->products)
    EXPECT_FALSE(isOfFewRows(program->kernels[form.kernel])) << form.text();
  auto device = std::make_shared<SimtDevice>(EmulatorOptions{.threads = 2});
  return std::make_unique<ModelProgram>(std::move(*program), config, std::move(device));
}

/// The logits of the last token of `tokens`, by the entry that keeps nothing.
std::vector<float> recomputed(ModelProgram &program, const std::vector<int32_t> &tokens) {
  std::vector<int32_t> positions(tokens.size()), labels(tokens.size(), -1);
  std::iota(positions.begin(), positions.end(), 0);
  int32_t length = static_cast<int32_t>(tokens.size());
  std::vector<double> all = program.logits({tokens, labels, positions, {0, length}});
  return {all.end() - program.config().vocabulary, all.end()};
}

/// Largest difference, as a share of the largest number of `expected`.
double relativeError(std::span<const float> found, std::span<const float> expected) {
  double largest = 0, error = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::fabs(double(expected[i])));
    error = std::max(error, std::fabs(double(found[i]) - expected[i]));
  }
  return error / largest;
}

std::vector<int32_t> randomTokens(uint64_t seed, size_t count, uint64_t vocabulary) {
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<int32_t>(data::SeedTree(seed).below(vocabulary, i)));
  return tokens;
}

constexpr const char *sizes = R"("hidden_size": 32, "intermediate_size": 44,
  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
  "vocab_size": 61, "max_position_embeddings": 256, "rms_norm_eps": 1e-5)";

/// Terms and heads that fill vectors, of which nothing is laid out for few rows.
constexpr const char *wholeVectors = R"("model_type": "llama", "hidden_size": 64,
  "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2,
  "num_key_value_heads": 1, "vocab_size": 61, "max_position_embeddings": 256,
  "rms_norm_eps": 1e-5)";

struct GenerationCase {
  std::string name;
  std::string config;
  StepType type = StepType::F32;
  double tolerance = 1e-5;
};

void PrintTo(const GenerationCase &test, std::ostream *stream) {
  *stream << test.name;
}

std::vector<GenerationCase> cases() {
  auto llama = [](std::string type, std::string more) {
    return fmt::format("{{\"model_type\": \"{}\", {}{}}}", type, sizes, more);
  };
  std::string gpt2 = R"({"model_type": "gpt2", "n_embd": 24, "n_layer": 2, "n_head": 3,
    "n_positions": 256, "vocab_size": 61, "layer_norm_epsilon": 1e-5,
    "activation_function": "gelu_new"})";
  std::string whole = fmt::format("{{{}}}", wholeVectors);
  std::string scaled = R"(, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
    "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64})";
  std::string yarn = R"(, "rope_scaling": {"rope_type": "yarn", "factor": 4.0,
    "original_max_position_embeddings": 64})";
  return {{"llama", llama("llama", "")},
          {"llamaTied", llama("llama", R"(, "tie_word_embeddings": true)")},
          {"llama3Scaling", llama("llama", scaled)},
          {"yarn", llama("llama", yarn)},
          {"mistralWindow", llama("mistral", R"(, "sliding_window": 50)")},
          {"qwen2Biases", llama("qwen2", "")},
          {"qwen3HeadNorms", llama("qwen3", R"(, "head_dim": 8)")},
          {"gpt2", gpt2},
          {"llamaF64", llama("llama", ""), StepType::F64, 1e-6},
          {"gpt2F64", gpt2, StepType::F64, 1e-6},
          {"llamaBF16", llama("llama", ""), StepType::BF16, 0},
          {"llamaTiedBF16", llama("llama", R"(, "tie_word_embeddings": true)"), StepType::BF16, 0},
          {"gpt2BF16", gpt2, StepType::BF16, 0},
          {"llamaWhole", whole},
          {"llamaWholeBF16", whole, StepType::BF16, 0}};
}

class CompiledGeneration : public testing::TestWithParam<GenerationCase> {
protected:
  void SetUp() override {
    config = model::parseConfig(GetParam().config, "config.json");
    // The tests of one case share its code.
    static std::map<std::string, std::unique_ptr<ModelProgram>> known;
    std::unique_ptr<ModelProgram> &made = known[GetParam().name];
    if (!made) {
      made = compiled(config, GetParam().type);
      fill(*made);
    }
    program = made.get();
  }
  /// Any numbers, biases and norms included: a fresh model's would hide mistakes.
  static void fill(ModelProgram &program) {
    for (auto &[name, tensor] : program.state()) {
      size_t size = tensor.element == "f64" ? 8 : 4;
      bool isNorm = tensor.shape.size() < 3 && name.find("norm") != name.npos;
      data::SeedTree draw = data::SeedTree(5) / name;
      for (size_t i = 0; i < tensor.bytes.size() / size; ++i) {
        double value = (isNorm ? 1 : 0) + 0.8 * (draw.uniform(i) - 0.5);
        float narrow = static_cast<float>(value);
        std::memcpy(&tensor.bytes[i * size],
                    size == 8 ? static_cast<const void *>(&value) : &narrow, size);
      }
    }
    program.stateChanged();
  }
  std::vector<float> logitsOf(CompiledModel &model, std::vector<int32_t> tokens, size_t prompt) {
    std::vector<float> logits(model.vocabulary());
    std::vector<std::vector<int32_t>> prompts{{tokens.begin(), tokens.begin() + prompt}};
    model.prefill(prompts, logits);
    for (uint32_t row = 0; prompt < tokens.size(); ++prompt)
      model.decode(std::span(&row, 1), std::span(&tokens[prompt], 1), logits);
    return logits;
  }
  model::ModelConfig config;
  ModelProgram *program = nullptr;
};

TEST_P(CompiledGeneration, GivesWhatTheWholeSequenceGives) {
  CompiledModel model(*program);
  std::vector<int32_t> tokens = randomTokens(1, 150, config.vocabulary);
  for (size_t length : {1, 2, 63, 64, 65, 150}) {
    std::vector<int32_t> part(tokens.begin(), tokens.begin() + length);
    std::vector<float> expected = recomputed(*program, part);
    EXPECT_LE(relativeError(logitsOf(model, part, length), expected), GetParam().tolerance);
    EXPECT_LE(relativeError(logitsOf(model, part, (length + 1) / 2), expected),
              GetParam().tolerance)
        << "half of " << length << " by decode";
  }
}

/// Three sequences of other lengths, one of which stops early; each is bit by bit what it is alone.
TEST_P(CompiledGeneration, DoesNotDependOnTheBatch) {
  CompiledModel model(*program), alone(*program);
  std::vector<std::vector<int32_t>> prompts;
  for (size_t length : {70, 1, 9})
    prompts.push_back(randomTokens(length, length, config.vocabulary));
  const size_t vocabulary = model.vocabulary();
  std::vector<float> logits(3 * vocabulary);
  model.prefill(prompts, logits);
  std::vector<uint32_t> rows{0, 1, 2};
  for (int turn = 0; turn < 70; ++turn) {
    if (turn == 5)
      rows = {2, 0}; // the second is done, the others change places
    std::vector<int32_t> next;
    for (uint32_t row : rows) {
      next.push_back(static_cast<int32_t>((row + 7 * turn) % vocabulary));
      prompts[row].push_back(next.back());
    }
    logits.resize(rows.size() * vocabulary);
    model.decode(rows, next, logits);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<float> found(&logits[i * vocabulary], &logits[i * vocabulary] + vocabulary);
    size_t prompt = rows[i] == 0 ? 70 : 9;
    EXPECT_EQ(logitsOf(alone, prompts[rows[i]], prompt), found) << "row " << rows[i];
  }
}

/// Bits of a batch's rows, which shrinks past every number that is multiplied otherwise than the
/// one above it.
void expectShrinkingBatchAsAlone(StepType type) {
  model::ModelConfig config =
      model::parseConfig(fmt::format("{{{}}}", wholeVectors), "config.json");
  std::unique_ptr<ModelProgram> program = compiled(config, type);
  program->setParameters(model::freshWeights(config, 0.1, data::SeedTree(3)));
  CompiledModel model(*program), alone(*program);
  const size_t vocabulary = model.vocabulary();
  std::vector<std::vector<int32_t>> prompts;
  for (size_t i = 0; i < 30; ++i)
    prompts.push_back(randomTokens(i, 1 + i % 5, vocabulary));
  std::vector<float> logits(prompts.size() * vocabulary), expected(vocabulary);
  model.prefill(prompts, logits);
  alone.prefill(std::span(prompts).first(1), expected);
  for (size_t count : {30, 25, 24, 18, 17, 16, 13, 9, 8, 5, 4, 2, 1}) {
    std::vector<uint32_t> rows(count);
    std::iota(rows.begin(), rows.end(), 0u);
    std::vector<int32_t> next(count, static_cast<int32_t>(count));
    logits.resize(count * vocabulary);
    model.decode(rows, next, logits);
    alone.decode(std::span(rows).first(1), std::span(next).first(1), expected);
    ASSERT_EQ(std::vector(logits.begin(), logits.begin() + vocabulary), expected)
        << count << " at once";
  }
}

TEST(CompiledGenerationBatches, OfAnySizeHaveTheSameBits) {
  expectShrinkingBatchAsAlone(StepType::F32);
  expectShrinkingBatchAsAlone(StepType::BF16);
}

// A GPU has kernels of few rows of their own, which take eight at a time: what they give is what
// whole sequences give, to rounding, and the same bits for one alone and for nine.
TEST(CompiledGenerationEmulated, GivesWhatWholeSequencesGive) {
  model::ModelConfig config =
      model::parseConfig(fmt::format("{{{}}}", wholeVectors), "config.json");
  for (auto [type, tolerance] : {std::pair(StepType::F32, 1e-5), std::pair(StepType::BF16, 3e-2)}) {
    std::unique_ptr<ModelProgram> program = emulated(config, type);
    program->setParameters(model::freshWeights(config, 0.1, data::SeedTree(3)));
    CompiledModel model(*program), alone(*program);
    const size_t vocabulary = model.vocabulary();
    std::vector<std::vector<int32_t>> prompts;
    for (size_t i = 0; i < 9; ++i)
      prompts.push_back(randomTokens(i, 1 + i % 5, vocabulary));
    std::vector<float> logits(prompts.size() * vocabulary), one(vocabulary);
    model.prefill(prompts, logits);
    alone.prefill(std::span(prompts).first(1), one);
    for (size_t count : {9, 8, 1}) {
      std::vector<uint32_t> rows(count);
      std::iota(rows.begin(), rows.end(), 0u);
      std::vector<int32_t> next(count, static_cast<int32_t>(count));
      for (size_t row : rows)
        prompts[row].push_back(next[row]);
      logits.resize(count * vocabulary);
      model.decode(rows, next, logits);
      alone.decode(std::span(rows).first(1), std::span(next).first(1), one);
      EXPECT_EQ(std::vector(logits.begin(), logits.begin() + vocabulary), one) << count;
      std::span<const float> last = std::span(logits).last(vocabulary);
      EXPECT_LE(relativeError(last, recomputed(*program, prompts[count - 1])), tolerance) << count;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, CompiledGeneration, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

/// A small model, for what does not depend on its kind.
class CompiledModelLimits : public testing::Test {
protected:
  static model::ModelConfig shortConfig() {
    return model::parseConfig(R"({"model_type": "llama", "hidden_size": 16,
      "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
      "vocab_size": 16, "max_position_embeddings": 12, "rms_norm_eps": 1e-5})",
                              "config.json");
  }
  std::string refusal(std::vector<int32_t> prompt) {
    std::vector<std::vector<int32_t>> prompts{{1}, std::move(prompt)};
    std::vector<float> logits(32);
    try {
      model.prefill(prompts, logits);
    } catch (const std::invalid_argument &error) {
      return error.what();
    }
    return "";
  }
  std::unique_ptr<ModelProgram> program = compiled(shortConfig());
  CompiledModel model{*program};
};

TEST_F(CompiledModelLimits, RefusesWhatHasNoNextToken) {
  EXPECT_EQ(refusal({}), "prompt 1 has no tokens");
  EXPECT_EQ(refusal(std::vector<int32_t>(13, 1)),
            "prompt 1 has 13 tokens but the model's context is 12");
  EXPECT_EQ(refusal({3, 16}), "token 16 is outside the model's vocabulary of 16");
  EXPECT_EQ(refusal({-1}), "token -1 is outside the model's vocabulary of 16");
  EXPECT_EQ(refusal(std::vector<int32_t>(12, 1)), "");
  uint32_t full = 1;
  int32_t token = 2;
  std::vector<float> logits(16);
  try {
    model.decode(std::span(&full, 1), std::span(&token, 1), logits);
    FAIL() << "a full sequence went on";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(), "a sequence of 13 tokens does not fit the model's context of 12");
  }
}

TEST_F(CompiledModelLimits, SequencesThatReachTheContextSaySo) {
  auto text = [](std::span<const int32_t> ids) { return fmt::format("{}", ids.size()); };
  GenerateOptions options;
  options.tokens = 100;
  std::vector<std::vector<int32_t>> prompts{{1, 2, 3}, std::vector<int32_t>(12, 1), {4}};
  std::vector<Answer> answers = eval::generate(model, text, prompts, options);
  EXPECT_EQ(answers[0].tokens.size(), 9u);
  EXPECT_EQ(answers[0].ending, Ending::Context);
  EXPECT_EQ(answers[1].tokens.size(), 0u);
  EXPECT_EQ(answers[1].ending, Ending::Context);
  EXPECT_EQ(answers[2].tokens.size(), 11u);
}

TEST_F(CompiledModelLimits, AProgramWithoutTheEntriesIsRefused) {
  std::unique_ptr<ModelProgram> scores = compiled(shortConfig(), StepType::F32, false);
  EXPECT_THROW(CompiledModel{*scores}, std::runtime_error);
}

TEST_F(CompiledModelLimits, AnotherBatchFreesTheLast) {
  std::vector<float> logits(8 * 16);
  model.prefill(std::vector<std::vector<int32_t>>(8, std::vector<int32_t>(12, 1)), logits);
  size_t large = model.cache().bytes();
  model.prefill(std::vector<std::vector<int32_t>>(1, std::vector<int32_t>(3, 1)), logits);
  EXPECT_EQ(model.cache().bytes() * 8, large); // one sequence instead of eight
}

fs::path referenceModel(const char *name) {
  return fs::path(referenceData()) / "models" / name;
}

std::vector<int32_t> idsIn(simdjson::dom::element list) {
  std::vector<int32_t> ids;
  for (int64_t id : list.get_array().value())
    ids.push_back(static_cast<int32_t>(id));
  return ids;
}

TEST(GeneratedReference, StoriesTellsTheSameStory) {
  fs::path folder = referenceModel("stories260K");
  if (!fs::exists(folder))
    GTEST_SKIP() << "the reference data is not here";
  model::Model model = model::openModel(folder);
  std::unique_ptr<ModelProgram> program = compiled(model.config);
  program->setParameters(model.weights);
  simdjson::dom::parser parser;
  std::vector<int32_t> expected =
      idsIn(parser.load((folder / "expected_greedy_ids.json").string()).value());
  ASSERT_EQ(expected.size(), 201u);
  CompiledModel speaker(*program);
  GenerateOptions options;
  options.tokens = 200;
  // Beside another story, which must not matter.
  std::vector<std::vector<int32_t>> prompts{{expected[0]}, {expected[0], expected[1], expected[2]}};
  auto text = [](std::span<const int32_t>) { return std::string(); };
  std::vector<Answer> told = eval::generate(speaker, text, prompts, options);
  EXPECT_EQ(told[0].tokens, std::vector<int32_t>(expected.begin() + 1, expected.end()));
  EXPECT_TRUE(std::equal(expected.begin() + 3, expected.end(), told[1].tokens.begin()));
}

/// Fed the reference's own tokens, each next token's logits and the likeliest id are its.
TEST(GeneratedReference, Gpt2GivesTheSameLogits) {
  fs::path folder = referenceModel("tiny-random-gpt2");
  if (!fs::exists(folder))
    GTEST_SKIP() << "the reference data is not here";
  model::Model model = model::openModel(folder);
  std::unique_ptr<ModelProgram> program = compiled(model.config);
  program->setParameters(model.weights);
  simdjson::dom::parser parser;
  simdjson::dom::element reference = parser.load((folder / "reference.json").string()).value();
  std::vector<int32_t> tokens = idsIn(reference["tokens"]);
  const size_t vocabulary = model.config.vocabulary;
  std::vector<float> expected(tokens.size() * vocabulary), logits(vocabulary);
  std::ifstream(folder / "logits_f32.bin", std::ios::binary)
      .read(reinterpret_cast<char *>(expected.data()), expected.size() * sizeof(float));
  CompiledModel speaker(*program);
  size_t known = std::min(expected.size() / vocabulary, tokens.size());
  speaker.prefill(std::vector<std::vector<int32_t>>{{tokens[0], tokens[1], tokens[2]}}, logits);
  for (size_t at = 2; at + 1 < known; ++at) {
    std::span row = std::span(expected).subspan(at * vocabulary, vocabulary);
    EXPECT_LE(relativeError(logits, row), 2e-5) << "token " << at;
    EXPECT_EQ(std::ranges::max_element(logits) - logits.begin(),
              std::ranges::max_element(row) - row.begin());
    uint32_t sequence = 0;
    speaker.decode(std::span(&sequence, 1), std::span(&tokens[at + 1], 1), logits);
  }
}

} // namespace
