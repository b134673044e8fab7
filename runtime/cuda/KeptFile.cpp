//===- KeptFile.cpp - what was made once, kept on disk --------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/KeptFile.h"

#include "runtime/Seal.h"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace roux::cuda {

std::string digestOf(std::string_view text) {
  XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::optional<std::string> readKept(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return std::nullopt;
  std::string bytes = std::move(text).str();
  std::optional<std::string_view> whole = unsealed(bytes);
  return whole ? std::optional<std::string>(*whole) : std::nullopt;
}

void keep(const std::string &path, const std::string &bytes) {
  std::error_code failed;
  fs::create_directories(fs::path(path).parent_path(), failed);
  std::string temporary = path + ".XXXXXX";
  int descriptor = failed ? -1 : mkstemp(temporary.data());
  if (descriptor < 0)
    return;
  std::string whole = sealed(bytes);
  bool isWritten = write(descriptor, whole.data(), whole.size()) == ssize_t(whole.size());
  isWritten = close(descriptor) == 0 && isWritten;
  if (isWritten)
    fs::rename(temporary, path, failed);
  if (!isWritten || failed)
    fs::remove(temporary, failed);
}

} // namespace roux::cuda
