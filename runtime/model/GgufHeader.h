//===- GgufHeader.h - the header of a GGUF file ---------------------------===//
//
// Written from the format's description (ggml's docs/gguf.md, versions 2 and 3).
// Everything is little-endian, lengths have 64 bits, and nothing says how long the
// header is: so each read asks first whether so much is left.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Gguf.h"

#include <cstring>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <variant>

namespace roux::model::gguf {

/// What a list of a key is: a vocabulary is long, and nothing here reads it.
struct Skipped {};
/// A value of a key.
using Value = std::variant<Skipped, uint64_t, int64_t, double, bool, std::string>;

/// A type of tensors: how many elements make a block of how many bytes.
struct ElementType {
  uint32_t number;
  std::string_view name;
  uint64_t elements, bytes;
  std::optional<DataType> stored; ///< none: computed from what is stored
};
inline constexpr ElementType elementTypes[] = {{0, "f32", 1, 4, DataType::F32},
                                               {1, "f16", 1, 2, DataType::F16},
                                               {8, "q8_0", 32, 34, std::nullopt},
                                               {30, "bf16", 1, 2, DataType::BF16}};

/// Reads the header from front to back.
class Reader {
public:
  Reader(std::span<const std::byte> bytes, const std::filesystem::path &file)
      : bytes(bytes), file(file) {}

  [[noreturn]] void fail(const std::string &what) const {
    throw ModelError(fmt::format("{}: {}", file.string(), what));
  }
  template <typename T>
  T take(const std::string &what) {
    need(sizeof(T), what);
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    at += sizeof(T);
    return value;
  }
  std::string text(const std::string &what) {
    auto length = take<uint64_t>(what);
    need(length, what);
    std::string value(reinterpret_cast<const char *>(bytes.data()) + at, length);
    at += length;
    return value;
  }
  /// A count of things of `each` bytes at least, so that a lie is found before room is made for it.
  uint64_t count(uint64_t each, const std::string &what) {
    auto found = take<uint64_t>(what);
    if (found > (bytes.size() - at) / each)
      fail(fmt::format("{} {} at byte {}, but only {} bytes are left", found, what, at - 8,
                       bytes.size() - at));
    return found;
  }
  Value value(uint32_t type, const std::string &key, int depth = 0);
  uint64_t place() const { return at; }
  uint64_t size() const { return bytes.size(); }

private:
  void need(uint64_t count, const std::string &what) const {
    if (count > bytes.size() - at)
      fail(fmt::format("truncated: {} needs {} bytes at byte {}, {} are left", what, count, at,
                       bytes.size() - at));
  }

  std::span<const std::byte> bytes;
  const std::filesystem::path &file;
  uint64_t at = 0;
};

/// The keys of a file by name.
class Keys {
public:
  Keys(Reader &reader, uint64_t count) : reader(reader) {
    for (uint64_t i = 0; i < count; ++i) {
      std::string name = reader.text("the name of a key");
      auto type = reader.take<uint32_t>("key '" + name + "'");
      if (!values.try_emplace(name, reader.value(type, name)).second)
        reader.fail(fmt::format("key '{}' is there twice", name));
    }
  }

  const std::map<std::string, Value> &all() const { return values; }
  std::string text(const std::string &name, const std::string &otherwise) const {
    const Value *found = find(name);
    if (!found)
      return otherwise;
    const auto *text = std::get_if<std::string>(found);
    return text ? *text : (reader.fail(fmt::format("key '{}' is no text", name)), "");
  }
  std::optional<double> number(const std::string &name) const {
    const Value *found = find(name);
    if (!found)
      return std::nullopt;
    if (const auto *natural = std::get_if<uint64_t>(found))
      return static_cast<double>(*natural);
    if (const auto *whole = std::get_if<int64_t>(found))
      return static_cast<double>(*whole);
    if (const auto *real = std::get_if<double>(found))
      return *real;
    reader.fail(fmt::format("key '{}' is no number: layers that differ are not read", name));
  }

private:
  const Value *find(const std::string &name) const {
    auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
  }

  Reader &reader;
  std::map<std::string, Value> values;
};

/// The tensors that the header goes on with, each inside the file. Throws ModelError.
std::vector<GgufTensor> readTensors(Reader &reader, uint64_t count, uint64_t alignment);

} // namespace roux::model::gguf
