//===- Edits.h - a whole file, changed here and there ----------------------===//
//
// Bytes at random are no store and no plan; what a disk, a bug or an attacker leaves is
// nearly one. An input is a list of edits of a file that the project's own writer made,
// and whoever holds it makes its checksums right again, so that what is behind them is reached.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace roux::fuzz {

/// `whole` with the edits that `input` lists, eight bytes each: place, kind, value.
inline std::string edited(std::string whole, const uint8_t *input, size_t size) {
  struct Edit {
    uint16_t place;
    uint8_t kind, small;
    int32_t value;
  } edit;
  for (; size >= sizeof edit && !whole.empty(); input += sizeof edit, size -= sizeof edit) {
    std::memcpy(&edit, input, sizeof edit);
    size_t at = edit.place % whole.size();
    auto put = [&](auto value) {
      std::memcpy(whole.data() + at, &value, std::min(sizeof value, whole.size() - at));
    };
    auto add = [&](auto unit) {
      if (sizeof unit <= whole.size() - at) {
        std::memcpy(&unit, whole.data() + at, sizeof unit);
        put(static_cast<decltype(unit)>(unit + static_cast<decltype(unit)>(edit.value)));
      }
    };
    switch (edit.kind % 8) {
    case 0:
      whole[at] = static_cast<char>(edit.small);
      break;
    case 1:
      put(edit.value);
      break;
    case 2:
      put(int64_t(edit.value));
      break;
    case 3:
      add(uint32_t());
      break;
    case 4:
      add(uint64_t());
      break;
    case 5:
      whole.resize(at);
      break;
    case 6:
      whole.insert(at, 1 + edit.small % 8, static_cast<char>(edit.value));
      break;
    default:
      put(uint64_t(edit.value) << (edit.small % 64));
    }
  }
  return whole;
}

/// A folder in memory, for writers that need a disk; gone with the process.
class FolderInMemory {
public:
  FolderInMemory() : path(fmt::format("/dev/shm/roux-fuzz-{}", getpid())) {
    std::filesystem::create_directories(path);
  }
  ~FolderInMemory() { std::filesystem::remove_all(path); }
  std::filesystem::path operator/(const char *name) const { return path / name; }

private:
  std::filesystem::path path;
};

/// Bytes that readers of files can open, without a disk.
class FileInMemory {
public:
  explicit FileInMemory(std::string_view bytes) : descriptor(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor < 0 || write(descriptor, bytes.data(), bytes.size()) < 0)
      std::abort();
  }
  ~FileInMemory() { close(descriptor); }
  FileInMemory(const FileInMemory &) = delete;
  std::filesystem::path path() const { return fmt::format("/proc/self/fd/{}", descriptor); }

private:
  int descriptor;
};

/// `bytes` with a header of this kind that agrees with them, so that only what it is about can be
/// wrong.
template <typename Header, typename Seal>
std::string resealed(std::string bytes, Seal seal) {
  if (bytes.size() < sizeof(Header))
    bytes.resize(sizeof(Header));
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  seal(header, std::string_view(bytes).substr(sizeof header));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

} // namespace roux::fuzz
