//===- Gguf.cpp - GGUF files as models ------------------------------------===//
//
// Keys by table: an architecture is a family that is here, its keys are those of the
// config.json that it was made of, its tensors those of the weight table under names
// of their own.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Gguf.h"

#include "runtime/model/GgufHeader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

namespace roux::model {

using gguf::ElementType, gguf::elementTypes, gguf::Keys, gguf::Reader;

static constexpr std::string_view magic = "GGUF";
static constexpr std::string_view rotaryTable = "rope_freqs.weight";

namespace {

/// An architecture that is read: the family that it is here.
struct Architecture {
  std::string_view name, family;
  bool interleaved; ///< query and key are stored so that channels 2i and 2i + 1 turn together
};
constexpr Architecture architectures[] = {
    {"llama", "llama", true}, {"qwen2", "qwen2", false}, {"qwen3", "qwen3", false}};

/// A key behind the architecture's name, and that of config.json it says; empty: it decides nothing
/// here.
struct KeyName {
  std::string_view name, config;
};
constexpr KeyName keyNames[] = {{"embedding_length", "hidden_size"},
                                {"feed_forward_length", "intermediate_size"},
                                {"block_count", "num_hidden_layers"},
                                {"attention.head_count", "num_attention_heads"},
                                {"attention.head_count_kv", "num_key_value_heads"},
                                {"attention.key_length", ""},
                                {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
                                {"context_length", "max_position_embeddings"},
                                {"rope.freq_base", "rope_theta"},
                                {"vocab_size", ""}, // the embedding says it
                                {"attention.value_length", ""},
                                {"rope.dimension_count", ""},
                                {"rope.scaling.type", ""},
                                {"rope.scaling.factor", ""},
                                {"rope.scaling.original_context_length", ""},
                                {"rope.scaling.finetuned", ""}};

/// What the tensors of a role are called.
struct TensorName {
  Role role;
  std::string_view name;
};
constexpr TensorName tensorNames[] = {{Role::Embedding, "token_embd.weight"},
                                      {Role::AttentionNorm, "blk.{layer}.attn_norm.weight"},
                                      {Role::Query, "blk.{layer}.attn_q.weight"},
                                      {Role::QueryBias, "blk.{layer}.attn_q.bias"},
                                      {Role::Key, "blk.{layer}.attn_k.weight"},
                                      {Role::KeyBias, "blk.{layer}.attn_k.bias"},
                                      {Role::Value, "blk.{layer}.attn_v.weight"},
                                      {Role::ValueBias, "blk.{layer}.attn_v.bias"},
                                      {Role::QueryNorm, "blk.{layer}.attn_q_norm.weight"},
                                      {Role::KeyNorm, "blk.{layer}.attn_k_norm.weight"},
                                      {Role::Output, "blk.{layer}.attn_output.weight"},
                                      {Role::FeedForwardNorm, "blk.{layer}.ffn_norm.weight"},
                                      {Role::Gate, "blk.{layer}.ffn_gate.weight"},
                                      {Role::Up, "blk.{layer}.ffn_up.weight"},
                                      {Role::Down, "blk.{layer}.ffn_down.weight"},
                                      {Role::FinalNorm, "output_norm.weight"},
                                      {Role::Vocabulary, "output.weight"}};

} // namespace

bool isGguf(std::span<const std::byte> bytes) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

static const GgufTensor *find(const std::vector<GgufTensor> &tensors, std::string_view name) {
  auto found = std::ranges::find(tensors, name, &GgufTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

/// The `rope_scaling` of config.json.
static std::string scalingText(const Reader &reader, const Keys &keys, const std::string &prefix,
                               std::span<const float> factors) {
  if (!factors.empty()) // a divisor for each pair of channels, whatever the length
    return fmt::format(R"({{"rope_type": "longrope", "short_factor": [{0}], "long_factor": [{0}], )"
                       R"("attention_factor": 1.0}})",
                       fmt::join(factors, ", "));
  std::string type = keys.text(prefix + "rope.scaling.type", "none");
  if (type == "none")
    return "null";
  if (type != "linear" && type != "yarn")
    reader.fail(fmt::format("key '{}rope.scaling.type' is '{}', expected none, linear or yarn",
                            prefix, type));
  std::optional<double> factor = keys.number(prefix + "rope.scaling.factor");
  if (!factor)
    reader.fail(fmt::format("has no key '{}rope.scaling.factor', which '{}' needs", prefix, type));
  std::string text = fmt::format(R"({{"rope_type": "{}", "factor": {})", type, *factor);
  if (auto original = keys.number(prefix + "rope.scaling.original_context_length"))
    text += fmt::format(R"(, "original_max_position_embeddings": {})", *original);
  return text + "}";
}

/// Throws for a key of the architecture that no table knows.
static void refuseUnknown(const Reader &reader, const Keys &keys, const std::string &prefix) {
  for (const auto &[name, value] : keys.all())
    if (name.starts_with(prefix) && std::ranges::none_of(keyNames, [&](const KeyName &known) {
          return name.substr(prefix.size()) == known.name;
        }))
      reader.fail(
          fmt::format("key '{}' is not known, and may change what the model computes", name));
}

static const Architecture &architectureOf(const Reader &reader, const std::string &name) {
  std::vector<std::string_view> names;
  for (const Architecture &known : architectures) {
    if (known.name == name)
      return known;
    names.push_back(known.name);
  }
  reader.fail(fmt::format("'general.architecture' is '{}', expected one of {}", name,
                          fmt::join(names, ", ")));
}

/// The config.json that the keys were made of.
static std::string configOf(const Reader &reader, const Keys &keys, const GgufFile &read,
                            std::span<const float> factors) {
  const Architecture &architecture = architectureOf(reader, read.architecture);
  std::string prefix = read.architecture + ".";
  refuseUnknown(reader, keys, prefix);
  const GgufTensor *embedding = find(read.tensors, "token_embd.weight");
  if (!embedding)
    reader.fail("has no tensor 'token_embd.weight'");
  std::string text = fmt::format(
      R"({{"model_type": "{}", "vocab_size": {}, "tie_word_embeddings": {})", architecture.family,
      embedding->shape.front(), find(read.tensors, "output.weight") == nullptr);
  for (const KeyName &key : keyNames)
    if (std::optional<double> number;
        !key.config.empty() && (number = keys.number(prefix + std::string(key.name))))
      text += fmt::format(R"(, "{}": {})", key.config, *number);
  // ggml's own assumption where nobody says it.
  if (!keys.number(prefix + "attention.head_count_kv"))
    if (auto heads = keys.number(prefix + "attention.head_count"))
      text += fmt::format(R"(, "num_key_value_heads": {})", *heads);
  auto number = [&](const char *name, double otherwise) {
    return keys.number(prefix + name).value_or(otherwise);
  };
  double heads = number("attention.head_count", 1);
  double head =
      number("attention.key_length", heads > 0 ? number("embedding_length", 0) / heads : 0);
  for (const char *same : {"attention.value_length", "rope.dimension_count"})
    if (number(same, head) != head)
      reader.fail(
          fmt::format("key '{}{}' is {} where a head has {} channels; only the whole of a head "
                      "is read",
                      prefix, same, number(same, head), head));
  // A head's size is said in any case: what a family assumes is not what the format does.
  return text + fmt::format(R"(, "head_dim": {}, "rope_scaling": {}}})", head,
                            scalingText(reader, keys, prefix, factors));
}

GgufFile parseGguf(std::span<const std::byte> bytes, const std::filesystem::path &file) {
  Reader reader(bytes, file);
  reader.take<uint32_t>("the file's first word");
  auto version = reader.take<uint32_t>("the version");
  if (version < 2 || version > 3)
    reader.fail(fmt::format("version {} of GGUF is not read, only 2 and 3", version));
  uint64_t tensors = reader.count(24, "tensors"), count = reader.count(12, "keys");
  Keys keys(reader, count);
  GgufFile read;
  read.architecture = keys.text("general.architecture", "");
  if (keys.number("split.count").value_or(1) > 1)
    reader.fail("is a part of several files; join them first (llama-gguf-split --merge)");
  auto alignment = static_cast<uint64_t>(keys.number("general.alignment").value_or(32));
  if (!std::has_single_bit(alignment) || alignment > 1 << 20)
    reader.fail(fmt::format("'general.alignment' is {}, expected a power of two", alignment));
  read.tensors = gguf::readTensors(reader, tensors, alignment);
  std::vector<float> factors;
  if (const GgufTensor *table = find(read.tensors, rotaryTable)) {
    if (table->type != 0 || table->shape.size() != 1)
      reader.fail(fmt::format("tensor '{}' should be a column of f32", rotaryTable));
    factors.resize(static_cast<size_t>(table->shape[0]));
    std::memcpy(factors.data(), bytes.data() + table->begin, table->bytes);
  }
  read.config = configOf(reader, keys, read, factors);
  return read;
}

static float halfFloat(uint16_t bits) {
  Tensor one{DataType::F16, {1}, std::as_bytes(std::span(&bits, 1)), {}};
  return static_cast<float>(element(one, 0));
}

/// Blocks of 32: a scale, and as many integers.
static std::vector<float> dequantised(std::span<const std::byte> bytes) {
  constexpr size_t block = 34, words = 32;
  std::vector<float> values(bytes.size() / block * words);
  for (size_t i = 0; i < bytes.size() / block; ++i) {
    uint16_t scale;
    std::memcpy(&scale, bytes.data() + i * block, 2);
    for (size_t j = 0; j < words; ++j)
      values[i * words + j] =
          halfFloat(scale) * static_cast<float>(static_cast<int8_t>(bytes[i * block + 2 + j]));
  }
  return values;
}

/// The name in ggml of a weight of a layer.
static std::string ggufName(Role role, int64_t layer) {
  for (const TensorName &known : tensorNames)
    if (known.role == role)
      return nameInLayer(std::string(known.name), layer);
  return "";
}

Weights readGguf(const std::filesystem::path &file, ModelConfig &config) {
  auto mapped = std::make_shared<MappedFile>(file);
  GgufFile read = parseGguf(mapped->bytes(), file);
  config = parseConfig(read.config, file);
  for (const Architecture &known : architectures)
    if (known.name == read.architecture && known.interleaved)
      config.rotary.style = Rotary::Style::Interleaved;
  std::map<std::string, std::string> names; // of weights, by ggml's
  for (const WeightRow &row : weightTable(config))
    for (int64_t layer = 0; layer < (row.perLayer ? config.layers : 1); ++layer)
      names[ggufName(row.role, layer)] = nameInLayer(row.name, layer);
  Weights weights;
  for (const GgufTensor &tensor : read.tensors) {
    if (tensor.name == rotaryTable)
      continue;
    auto known = names.find(tensor.name);
    const std::string &name = known == names.end() ? tensor.name : known->second;
    std::span<const std::byte> bytes = mapped->bytes().subspan(tensor.begin, tensor.bytes);
    const ElementType *type = std::ranges::find(elementTypes, tensor.type, &ElementType::number);
    if (type->stored)
      weights.add(name, {*type->stored, tensor.shape, bytes, file});
    else
      weights.addValues(name, tensor.shape, dequantised(bytes));
  }
  weights.keep(std::move(mapped));
  return weights;
}

} // namespace roux::model
