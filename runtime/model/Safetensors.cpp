//===- Safetensors.cpp - a header that is believed only when it adds up ---===//
//
// Lengths and offsets come from the file, so every sum and product is checked
// for overflow and against the file's size.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Safetensors.h"

#include "runtime/model/ConfigObject.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

namespace roux::model {

static constexpr uint64_t lengthBytes = 8;
/// The limit of the reference implementation.
static constexpr uint64_t longestHeader = 100'000'000;

static_assert(std::endian::native == std::endian::little, "tensors are read in place");

[[noreturn]] static void fail(const std::filesystem::path &file, const std::string &what) {
  throw ModelError(fmt::format("{}: {}", file.string(), what));
}

/// Sets what `type` says of `entry`. Tables that nobody reads may be of any type.
static void readType(const std::filesystem::path &file, TensorEntry &entry, std::string_view type) {
  for (DataType known : {DataType::F32, DataType::F16, DataType::BF16})
    if (type == spelling(known)) {
      entry.type = known;
      entry.elementBytes = byteSize(known);
      return;
    }
  static constexpr std::pair<std::string_view, int64_t> others[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2},
      {"U32", 4},  {"I32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};
  for (auto [name, bytes] : others)
    if (type == name && isComputedTable(entry.name)) {
      entry.elementBytes = bytes;
      entry.isRead = false;
      return;
    }
  fail(file, fmt::format("tensor '{}' is of type {}, expected F32, F16 or BF16",
                         entry.name.substr(0, 200), type.substr(0, 40)));
}

/// The bytes of a tensor, or an error where the product does not fit.
static uint64_t tensorBytes(const std::filesystem::path &file, const TensorEntry &entry) {
  uint64_t product = static_cast<uint64_t>(entry.elementBytes);
  for (int64_t length : entry.shape)
    if (__builtin_mul_overflow(product, static_cast<uint64_t>(length), &product))
      fail(file,
           fmt::format(
               "tensor '{}' of shape [{}] is larger than 2^64 bytes", entry.name.substr(0, 200),
               fmt::join(std::span(entry.shape).first(std::min<size_t>(entry.shape.size(), 16)),
                         ", ")));
  return product;
}

static TensorEntry readEntry(const std::filesystem::path &file, std::string_view name,
                             simdjson::dom::element value) {
  TensorEntry entry;
  entry.name = std::string(name);
  auto bad = [&](const char *what) {
    fail(file, fmt::format("header of tensor '{}': {}", name, what));
  };
  simdjson::dom::object object;
  if (value.get(object))
    bad("expected an object with dtype, shape and data_offsets");
  std::string_view type;
  if (object.at_key("dtype").get(type))
    bad("dtype is missing or no text");
  readType(file, entry, type);
  simdjson::dom::array shape, offsets;
  if (object.at_key("shape").get(shape))
    bad("shape is missing or no list");
  for (simdjson::dom::element length : shape) {
    int64_t number = 0;
    if (length.get(number) || number < 0)
      bad("shape should hold whole numbers from 0");
    entry.shape.push_back(number);
  }
  if (object.at_key("data_offsets").get(offsets) || offsets.size() != 2 ||
      offsets.at(0).get(entry.begin) || offsets.at(1).get(entry.end))
    bad("data_offsets should be two whole numbers from 0");
  return entry;
}

static std::string nameOf(const TensorEntry &entry) {
  return entry.isRead ? std::string(spelling(entry.type))
                      : fmt::format("elements of {} bytes", entry.elementBytes);
}

/// Entries, in order of their bytes, must tile [0, size).
static void checkCover(const std::filesystem::path &file, const std::vector<TensorEntry> &entries,
                       uint64_t size) {
  uint64_t reached = 0;
  const TensorEntry *previous = nullptr;
  for (const TensorEntry &entry : entries) {
    uint64_t needed = tensorBytes(file, entry);
    if (entry.end < entry.begin || entry.end - entry.begin != needed)
      fail(file,
           fmt::format("tensor '{}' of shape [{}] in {} needs {} bytes, but its offsets are {} "
                       "to {}",
                       entry.name, fmt::join(entry.shape, ", "), nameOf(entry), needed, entry.begin,
                       entry.end));
    if (entry.end > size)
      fail(file, fmt::format("tensor '{}' ends at byte {} of the data, but there are only {}; the "
                             "file is truncated or its header lies",
                             entry.name, entry.end, size));
    if (entry.begin < reached)
      fail(file, fmt::format("tensors '{}' and '{}' overlap at byte {} of the data", previous->name,
                             entry.name, entry.begin));
    if (entry.begin > reached)
      fail(file,
           fmt::format("bytes {} to {} of the data belong to no tensor", reached, entry.begin));
    reached = entry.end;
    previous = &entry;
  }
  if (reached != size)
    fail(file, fmt::format("bytes {} to {} of the data belong to no tensor", reached, size));
}

std::vector<TensorEntry> readSafetensorsHeader(std::span<const std::byte> bytes,
                                               const std::filesystem::path &file) {
  if (bytes.size() < lengthBytes)
    fail(file, fmt::format("{} bytes are too few for a safetensors file", bytes.size()));
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), lengthBytes);
  uint64_t rest = bytes.size() - lengthBytes;
  if (length > rest)
    fail(file, fmt::format("the header is said to have {} bytes, but {} follow", length, rest));
  if (length > longestHeader)
    fail(file,
         fmt::format("the header is said to have {} bytes, more than {}", length, longestHeader));
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  auto text = reinterpret_cast<const char *>(bytes.data()) + lengthBytes;
  if (auto error = parser.parse(text, length).get(header))
    fail(file, fmt::format("the header is no JSON object: {}", simdjson::error_message(error)));

  std::vector<TensorEntry> entries;
  std::set<std::string_view> names;
  for (auto [name, value] : header) {
    if (!names.insert(name).second)
      fail(file, fmt::format("tensor '{}' is in the header twice", name));
    if (name != "__metadata__")
      entries.push_back(readEntry(file, name, value));
  }
  std::ranges::sort(entries, {}, [](const TensorEntry &entry) {
    return std::tuple(entry.begin, entry.end, std::string_view(entry.name));
  });
  checkCover(file, entries, rest - length);
  return entries;
}

void addSafetensors(const std::filesystem::path &file, Weights &weights,
                    const std::function<bool(const std::string &)> &wanted) {
  auto mapped = std::make_shared<MappedFile>(file);
  std::vector<TensorEntry> entries = readSafetensorsHeader(mapped->bytes(), file);
  uint64_t dataSize = entries.empty() ? 0 : entries.back().end;
  std::span<const std::byte> data = mapped->bytes().last(dataSize);
  for (TensorEntry &entry : entries)
    if (entry.isRead && wanted(entry.name))
      weights.add(entry.name, {entry.type, std::move(entry.shape),
                               data.subspan(entry.begin, entry.end - entry.begin), file});
  weights.keep(std::move(mapped));
}

/// Shard -> the tensors it is listed for.
static std::map<std::string, std::set<std::string>> readIndex(const std::filesystem::path &file) {
  MappedFile mapped(file);
  std::span<const std::byte> bytes = mapped.bytes();
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (auto error =
          parser.parse(reinterpret_cast<const char *>(bytes.data()), bytes.size()).get(document))
    fail(file, fmt::format("no JSON: {}", simdjson::error_message(error)));
  simdjson::dom::object map;
  if (document.at_key("weight_map").get(map))
    fail(file, "weight_map is missing or no object");
  std::map<std::string, std::set<std::string>> shards;
  for (auto [name, value] : map) {
    std::string_view shard;
    if (value.get(shard))
      fail(file, fmt::format("weight_map of tensor '{}' is no text", name));
    if (shard.empty() || shard.find('/') != shard.npos || shard == "..")
      fail(file, fmt::format("tensor '{}' is said to be in '{}', which is outside the folder", name,
                             shard));
    shards[std::string(shard)].insert(std::string(name));
  }
  return shards;
}

Weights readSafetensorsFolder(const std::filesystem::path &folder) {
  Weights weights;
  std::filesystem::path index = folder / "model.safetensors.index.json";
  if (!std::filesystem::exists(std::filesystem::symlink_status(index))) {
    addSafetensors(folder / "model.safetensors", weights, [](const std::string &) { return true; });
    return weights;
  }
  for (const auto &[shard, names] : readIndex(index)) {
    addSafetensors(folder / shard, weights,
                   [&](const std::string &name) { return names.contains(name); });
    for (const std::string &name : names)
      if (!weights.find(name) && !isComputedTable(name))
        fail(folder / shard, fmt::format("tensor '{}' is not here, but {} says so", name,
                                         index.filename().string()));
  }
  return weights;
}

} // namespace roux::model
