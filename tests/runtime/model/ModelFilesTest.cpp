//===- ModelFilesTest.cpp - files that are right and files that lie -------===//
//
// Small files written byte by byte, and the models of the reference data with
// one thing wrong.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Llama2c.h"
#include "runtime/model/Model.h"
#include "runtime/model/Safetensors.h"
#include "tests/Paths.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

using namespace roux::model;

namespace {

std::string file(const std::string &header, size_t dataBytes, int64_t claimed = -1) {
  uint64_t length = claimed < 0 ? header.size() : claimed;
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(dataBytes, '\0');
}

struct Lie {
  const char *name;
  std::string bytes;
  const char *message;
};

const Lie lies[] = {
    {"too_short", "1234", "f: 4 bytes are too few for a safetensors file"},
    {"length_beyond_file", file("{}", 0, 3), "f: the header is said to have 3 bytes, but 2 follow"},
    {"length_huge", file("{}", 0, INT64_MAX),
     "f: the header is said to have 9223372036854775807 bytes, but 2 follow"},
    {"no_json", file("{x", 0), "f: the header is no JSON object: "},
    {"list", file("[]", 0), "f: the header is no JSON object: "},
    {"entry_no_object", file(R"({"a": 1})", 0),
     "f: header of tensor 'a': expected an object with dtype, shape and data_offsets"},
    {"no_dtype", file(R"({"a": {"shape": [1], "data_offsets": [0, 4]}})", 4),
     "f: header of tensor 'a': dtype is missing or no text"},
    {"other_dtype", file(R"({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}})", 8),
     "f: tensor 'a' is of type I64, expected F32, F16 or BF16"},
    {"negative_shape", file(R"({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}})", 4),
     "f: header of tensor 'a': shape should hold whole numbers from 0"},
    {"one_offset", file(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})", 4),
     "f: header of tensor 'a': data_offsets should be two whole numbers from 0"},
    {"overflow",
     file(R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}})",
          0),
     "f: tensor 'a' of shape [4294967296, 4294967296] is larger than 2^64 bytes"},
    {"wrong_length", file(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}})", 4),
     "f: tensor 'a' of shape [2] in F32 needs 8 bytes, but its offsets are 0 to 4"},
    {"backwards", file(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]}})", 8),
     "f: tensor 'a' of shape [1] in F32 needs 4 bytes, but its offsets are 8 to 4"},
    {"truncated", file(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", 7),
     "f: tensor 'a' ends at byte 8 of the data, but there are only 7; the file is truncated or its "
     "header lies"},
    {"overlap",
     file(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
              "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}})",
          12),
     "f: tensors 'a' and 'b' overlap at byte 4 of the data"},
    {"hole", file(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})", 8),
     "f: bytes 0 to 4 of the data belong to no tensor"},
    {"left_over", file(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})", 9),
     "f: bytes 4 to 9 of the data belong to no tensor"},
    {"twice",
     file(R"({"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]},
              "a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})",
          0),
     "f: tensor 'a' is in the header twice"},
};

class LyingHeader : public ::testing::TestWithParam<Lie> {};

TEST_P(LyingHeader, IsRefused) {
  try {
    readSafetensorsHeader(std::as_bytes(std::span(GetParam().bytes)), "f");
    FAIL() << "accepted";
  } catch (const ModelError &error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with(GetParam().message)) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Every, LyingHeader, ::testing::ValuesIn(lies),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(Safetensors, HeaderMayBePaddedAndHoldMetadata) {
  std::string bytes = file(R"({"__metadata__": {"format": "pt"},
      "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16]},
      "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}   )",
                           16);
  auto entries = readSafetensorsHeader(std::as_bytes(std::span(bytes)), "f");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[1].shape, (std::vector<int64_t>{2, 3}));
}

/// Element values as F16 and BF16 have them; from the definitions of the formats.
TEST(Tensor, HalvesBecomeFloats) {
  const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0x8000};
  Tensor half{DataType::F16, {8}, std::as_bytes(std::span(halves)), "f"};
  const double expected[] = {
      1, -2, std::ldexp(1, -24), std::ldexp(1023, -24), std::ldexp(1, -14), 65504, INFINITY, 0};
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(element(half, i), expected[i]) << i;
  const uint16_t brains[] = {0x3f80, 0xc040, 0x7fc0};
  Tensor brain{DataType::BF16, {3}, std::as_bytes(std::span(brains)), "f"};
  EXPECT_EQ(element(brain, 0), 1);
  EXPECT_EQ(element(brain, 1), -3);
  EXPECT_TRUE(std::isnan(element(brain, 2)));
}

TEST(Weights, NotFiniteIsReported) {
  const float values[] = {1, NAN, INFINITY};
  Weights weights;
  weights.add("w", {DataType::F32, {3}, std::as_bytes(std::span(values)), "f"});
  EXPECT_EQ(notFinite(weights), (std::vector<std::string>{"w: element 1 is nan in f"}));
}

TEST(Weights, VocabularySmallerThanTokenizer) {
  ModelConfig config;
  config.file = "config.json";
  config.vocabulary = 512;
  EXPECT_NO_THROW(checkVocabulary(config, 512, "tokenizer.json"));
  try {
    checkVocabulary(config, 513, "tokenizer.json");
    FAIL();
  } catch (const ModelError &error) {
    EXPECT_STREQ(error.what(),
                 "config.json: vocab_size is 512, but the tokenizer tokenizer.json has 513 tokens");
  }
}

class Stories : public ::testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::path(roux::referenceData()) / "models/stories260K";
    if (!std::filesystem::exists(folder))
      GTEST_SKIP() << "no reference data at " << folder;
    scratch = std::filesystem::temp_directory_path() /
              fmt::format("roux-model-{}-{}", getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(scratch);
  }
  void TearDown() override { std::filesystem::remove_all(scratch); }

  static std::string contents(const std::filesystem::path &path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void put(const std::string &name, const std::string &bytes) {
    std::ofstream(scratch / name, std::ios::binary) << bytes;
  }
  std::string openingFails(const std::filesystem::path &path) {
    try {
      openModel(path);
    } catch (const ModelError &error) {
      return error.what();
    }
    return "opened";
  }

  std::filesystem::path folder, scratch;
};

TEST_F(Stories, FolderOpens) {
  Model model = openModel(folder);
  EXPECT_EQ(model.config.layers, 5);
  EXPECT_TRUE(model.config.tied);
  EXPECT_EQ(bind(model.config, model.weights).size(), 11u);
  EXPECT_TRUE(notFinite(model.weights).empty());
}

TEST_F(Stories, ShapeMismatchNamesBoth) {
  std::string config = contents(folder / "config.json");
  size_t at = config.find("172");
  put("config.json", config.replace(at, 3, "170"));
  std::filesystem::copy(folder / "model.safetensors", scratch / "model.safetensors");
  EXPECT_EQ(openingFails(scratch),
            fmt::format("{0}/model.safetensors: tensor 'model.layers.0.mlp.gate_proj.weight' has "
                        "shape [172, 64], but {0}/config.json says [170, 64]",
                        scratch.string()));
}

TEST_F(Stories, MissingAndExtraTensorsAreNamed) {
  std::string config = contents(folder / "config.json");
  std::filesystem::copy(folder / "model.safetensors", scratch / "model.safetensors");
  put("config.json", std::string(config).replace(config.find("layers\": 5"), 10, "layers\": 6"));
  EXPECT_EQ(openingFails(scratch),
            fmt::format("{}/config.json: the model needs tensor "
                        "'model.layers.5.input_layernorm.weight' of shape [64], which its files do "
                        "not have",
                        scratch.string()));
  put("config.json", std::string(config).replace(config.find("layers\": 5"), 10, "layers\": 4"));
  EXPECT_EQ(openingFails(scratch),
            fmt::format("{0}/model.safetensors: tensor 'model.layers.4.input_layernorm.weight' of "
                        "shape [64] has no place in the model that {0}/config.json describes; "
                        "a table that programs compute themselves can be removed from the file",
                        scratch.string()));
}

// What programs compute themselves is passed over in whatever module and type a writer left it.
TEST_F(Stories, ComputedTablesArePassedOver) {
  std::filesystem::copy(folder / "config.json", scratch / "config.json");
  Model whole = openModel(folder);
  for (const char *name : {"model.layers.0.self_attn.rotary_emb.cos_cached",
                           "model.rotary_emb.original_inv_freq", "h.0.attn.bias", "position_ids"}) {
    std::string data = contents(folder / "model.safetensors");
    uint64_t length = 0;
    std::memcpy(&length, data.data(), 8);
    std::string header = data.substr(8, length), tensors = data.substr(8 + length);
    header.insert(
        1, fmt::format(R"("{}": {{"dtype": "BOOL", "shape": [3], "data_offsets": [{}, {}]}},)",
                       name, tensors.size(), tensors.size() + 3));
    length = header.size();
    put("model.safetensors",
        std::string(reinterpret_cast<const char *>(&length), 8) + header + tensors + "\1\1\1");
    EXPECT_EQ(bind(whole.config, openModel(scratch).weights).size(), 11u) << name;
  }
}

TEST_F(Stories, ShardsAreOneModel) {
  std::filesystem::copy(folder / "config.json", scratch / "config.json");
  std::filesystem::copy(folder / "model.safetensors", scratch / "a.safetensors");
  Model whole = openModel(folder);
  std::string map;
  for (const auto &[name, tensor] : whole.weights.all())
    map += fmt::format("{}\"{}\": \"a.safetensors\"", map.empty() ? "" : ",", name);
  put("model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
  EXPECT_EQ(openModel(scratch).weights.all().size(), whole.weights.all().size());
  put("model.safetensors.index.json", "{\"weight_map\": {" + map + ", \"x\": \"a.safetensors\"}}");
  EXPECT_EQ(openingFails(scratch), fmt::format("{}/a.safetensors: tensor 'x' is not here, but "
                                               "model.safetensors.index.json says so",
                                               scratch.string()));
  put("model.safetensors.index.json", R"({"weight_map": {"x": "../a.safetensors"}})");
  EXPECT_EQ(openingFails(scratch),
            fmt::format("{}/model.safetensors.index.json: tensor 'x' is said to be in "
                        "'../a.safetensors', which is outside the folder",
                        scratch.string()));
}

TEST_F(Stories, TruncatedLlama2cNamesTheTensor) {
  std::string bytes = contents(folder / "stories260K.bin");
  put("model.bin", bytes.substr(0, bytes.size() - 4));
  EXPECT_EQ(openingFails(scratch / "model.bin"),
            fmt::format("{}/model.bin: truncated: the table of angles needs 4096 numbers at byte "
                        "1040156, 4095 are left",
                        scratch.string()));
  put("model.bin", bytes + "more");
  EXPECT_EQ(openingFails(scratch / "model.bin"),
            fmt::format("{}/model.bin: 4 bytes are left after the last tensor", scratch.string()));
  put("model.bin", bytes.substr(0, 20));
  EXPECT_EQ(openingFails(scratch / "model.bin"),
            fmt::format("{}/model.bin: 20 bytes are too few for a llama2.c checkpoint",
                        scratch.string()));
}

} // namespace
