//===- Weights.cpp - mapping, converting and matching tensors -------------===//
//
// Shapes are compared here, once, so that no later stage can meet a tensor of
// another size than it was compiled for.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Weights.h"

#include "runtime/model/Family.h"
#include "runtime/model/ParameterTable.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roux::model {

std::string_view spelling(DataType type) {
  switch (type) {
  case DataType::F32:
    return "F32";
  case DataType::F16:
    return "F16";
  case DataType::BF16:
    return "BF16";
  }
  return "";
}

int64_t byteSize(DataType type) {
  return type == DataType::F32 ? 4 : 2;
}

MappedFile::MappedFile(std::filesystem::path path) : name(std::move(path)) {
  auto fail = [&](const char *what) {
    throw ModelError(fmt::format("{}: {}: {}", name.string(), what, std::strerror(errno)));
  };
  int descriptor = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail("cannot be opened");
  struct stat status{};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    throw ModelError(fmt::format("{}: is no regular file", name.string()));
  }
  size_t length = static_cast<size_t>(status.st_size);
  void *memory = length ? mmap(nullptr, length, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  close(descriptor);
  if (memory == MAP_FAILED)
    fail("cannot be mapped");
  contents = {static_cast<const std::byte *>(memory), length};
  watched = data::WatchedMapping(memory, length, name);
}

MappedFile::~MappedFile() {
  watched = {};
  if (!contents.empty())
    munmap(const_cast<std::byte *>(contents.data()), contents.size());
}

int64_t Tensor::elements() const {
  return static_cast<int64_t>(bytes.size()) / byteSize(type);
}

/// IEEE half to float; subnormals, infinities and NaN included.
static float halfToFloat(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 31, fraction = half & 0x3ff;
  if (exponent == 0) {
    float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -magnitude : magnitude;
  }
  uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

template <typename Raw>
static Raw raw(const Tensor &tensor, int64_t index) {
  Raw value;
  std::memcpy(&value, tensor.bytes.data() + index * sizeof(Raw), sizeof(Raw));
  return value;
}

static float elementAsFloat(const Tensor &tensor, int64_t index) {
  switch (tensor.type) {
  case DataType::F32:
    return raw<float>(tensor, index);
  case DataType::F16:
    return halfToFloat(raw<uint16_t>(tensor, index));
  case DataType::BF16:
    return std::bit_cast<float>(static_cast<uint32_t>(raw<uint16_t>(tensor, index)) << 16);
  }
  return 0;
}

double element(const Tensor &tensor, int64_t index) {
  return elementAsFloat(tensor, index);
}

template <typename T>
void read(const Tensor &tensor, std::span<T> out) {
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = elementAsFloat(tensor, static_cast<int64_t>(i));
}
template void read<float>(const Tensor &, std::span<float>);
template void read<double>(const Tensor &, std::span<double>);

void Weights::add(const std::string &name, Tensor tensor) {
  auto [place, isNew] = tensors.try_emplace(name, std::move(tensor));
  if (!isNew)
    throw ModelError(fmt::format("{}: tensor '{}' is there twice, also in {}", tensor.file.string(),
                                 name, place->second.file.string()));
}

void Weights::addValues(const std::string &name, std::vector<int64_t> shape,
                        std::vector<float> values) {
  auto kept = std::make_shared<std::vector<float>>(std::move(values));
  add(name, {DataType::F32, std::move(shape), std::as_bytes(std::span(*kept)), "memory"});
  keep(std::move(kept));
}

const Tensor *Weights::find(const std::string &name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

/// Files of a model without its head leave out the module that holds the layers.
static std::string withoutPrefix(const std::string &name) {
  static constexpr std::string_view modules[] = {"transformer.", "model.", "gpt_neox."};
  for (std::string_view module : modules)
    if (name.starts_with(module))
      return name.substr(module.size());
  return name;
}

bool isComputedTable(const std::string &name) {
  static constexpr std::string_view modules[] = {".rotary_emb.", ".rotary_pos_emb.", ".rope."};
  static constexpr std::string_view ends[] = {
      "rotary_emb.inv_freq", ".attn.bias",   ".attn.masked_bias", ".attention.masked_bias",
      ".attention.bias",     ".causal_mask", ".attn.mask",        "position_ids",
      "rope.freqs",          "freqs_cis",    "inv_freq",          "cos_cached",
      "sin_cached",          "cached_cos",   "cached_sin",        "_extra_state"};
  auto holds = [&](std::string_view module) { return name.find(module) != name.npos; };
  auto closes = [&](std::string_view end) { return name.ends_with(end); };
  return std::any_of(std::begin(modules), std::end(modules), holds) ||
         std::any_of(std::begin(ends), std::end(ends), closes);
}

static const Tensor *findWeight(const ModelConfig &config, const Weights &weights,
                                const WeightRow &row, int64_t layer, std::set<std::string> &used) {
  std::string name = nameInLayer(row.name, layer);
  if (!weights.find(name))
    name = withoutPrefix(name);
  const Tensor *tensor = weights.find(name);
  if (!tensor)
    throw ModelError(fmt::format("{}: the model needs tensor '{}' of shape [{}], which its files "
                                 "do not have",
                                 config.file.string(), nameInLayer(row.name, layer),
                                 fmt::join(row.shape, ", ")));
  if (tensor->shape != row.shape)
    throw ModelError(fmt::format("{}: tensor '{}' has shape [{}], but {} says [{}]",
                                 tensor->file.string(), name, fmt::join(tensor->shape, ", "),
                                 config.file.string(), fmt::join(row.shape, ", ")));
  used.insert(name);
  return tensor;
}

/// A tied model's file may hold the vocabulary matrix all the same, if it is the same.
static bool isTiedCopy(const ModelConfig &config, const std::string &name, const Tensor &tensor,
                       const Tensor &embedding) {
  auto isVocabulary = [&](const WeightName &weight) {
    std::string_view known = weight.name;
    bool isPair = known.ends_with('*');
    return weight.role == Role::Vocabulary && name.starts_with(known.substr(0, known.rfind('.'))) &&
           (isPair ? name.ends_with(".weight") : name == known);
  };
  return config.tied && std::ranges::any_of(familyOf(config).weights, isVocabulary) &&
         tensor.type == embedding.type && std::ranges::equal(tensor.bytes, embedding.bytes);
}

static std::vector<BoundWeight> bindRows(const ModelConfig &config, const Weights &weights,
                                         const std::vector<WeightRow> &rows) {
  std::vector<BoundWeight> bound;
  std::set<std::string> used;
  for (const WeightRow &row : rows) {
    BoundWeight weight{row, {}};
    for (int64_t layer = 0; layer < row.layers; ++layer)
      weight.tensors.push_back(findWeight(config, weights, row, row.firstLayer + layer, used));
    bound.push_back(std::move(weight));
  }
  for (const auto &[name, tensor] : weights.all())
    if (!used.contains(name) && !isComputedTable(name) &&
        !isTiedCopy(config, name, tensor, *bound.front().tensors.front()))
      throw ModelError(fmt::format(
          "{}: tensor '{}' of shape [{}] has no place in the model that {} "
          "describes; a table that programs compute themselves can be removed from the file",
          tensor.file.string(), name, fmt::join(tensor.shape, ", "), config.file.string()));
  return bound;
}

std::vector<BoundWeight> bind(const ModelConfig &config, const Weights &weights) {
  return bindRows(config, weights, weightTable(config));
}

std::vector<BoundWeight> bindParameters(const ModelConfig &config, const Weights &weights) {
  return bindRows(config, weights, parameterTable(config));
}

std::vector<std::string> notFinite(const Weights &weights) {
  std::vector<std::string> found;
  for (const auto &[name, tensor] : weights.all())
    for (int64_t i = 0; i < tensor.elements(); ++i)
      if (double value = element(tensor, i); !std::isfinite(value)) {
        found.push_back(
            fmt::format("{}: element {} is {} in {}", name, i, value, tensor.file.string()));
        break;
      }
  return found;
}

void checkVocabulary(const ModelConfig &config, int64_t tokens, const std::string &tokenizer) {
  if (tokens > config.vocabulary)
    throw ModelError(fmt::format("{}: vocab_size is {}, but the tokenizer {} has {} tokens",
                                 config.file.string(), config.vocabulary, tokenizer, tokens));
}

} // namespace roux::model
