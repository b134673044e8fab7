//===- PackedBytes.h - names and numbers at the end of a file -------------===//
//
// Stores and plans are arrays that are mapped, plus a small tail of names, ledger
// lines and settings. The tail is written and read with these two classes; the
// reader trusts nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace roux::data {

class PackedWriter {
public:
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void value(T value) {
    const std::byte *first = reinterpret_cast<const std::byte *>(&value);
    packed.insert(packed.end(), first, first + sizeof(T));
  }
  void text(std::string_view text) {
    value<uint64_t>(text.size());
    const std::byte *first = reinterpret_cast<const std::byte *>(text.data());
    packed.insert(packed.end(), first, first + text.size());
  }
  void texts(const std::vector<std::string> &list) {
    value<uint64_t>(list.size());
    for (const std::string &each : list)
      text(each);
  }
  std::span<const std::byte> bytes() const { return packed; }

private:
  std::vector<std::byte> packed;
};

/// Throws std::out_of_range where the bytes end early; its reader knows the file's name.
class PackedReader {
public:
  explicit PackedReader(std::span<const std::byte> bytes) : rest(bytes) {}

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  T value() {
    T result;
    std::memcpy(&result, take(sizeof(T)).data(), sizeof(T));
    return result;
  }
  std::string text() {
    std::span<const std::byte> bytes = take(value<uint64_t>());
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
  }
  std::vector<std::string> texts() {
    std::vector<std::string> list;
    for (uint64_t left = value<uint64_t>(); left > 0; --left)
      list.push_back(text());
    return list;
  }
  bool isAtEnd() const { return rest.empty(); }

private:
  std::span<const std::byte> take(uint64_t count) {
    if (count > rest.size())
      throw std::out_of_range("the names at its end are cut off");
    std::span<const std::byte> taken = rest.first(static_cast<size_t>(count));
    rest = rest.subspan(taken.size());
    return taken;
  }
  std::span<const std::byte> rest;
};

} // namespace roux::data
