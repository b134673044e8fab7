//===- WholeFile.cpp - a small file in memory -----------------------------===//
//
// zlib reads plain files as they are, which makes one path of two.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/WholeFile.h"

#include "runtime/data/tokenizer/Tokenizer.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <zlib.h>

namespace roux::data {

/// Far above any published tokenizer; a gzip that unpacks to more is not one.
static constexpr std::size_t largest = std::size_t(1) << 30;
static constexpr unsigned block = 1 << 20;

bool isNamed(const std::filesystem::path &path) {
  return std::filesystem::exists(std::filesystem::symlink_status(path));
}

std::string readWholeFile(const std::filesystem::path &path) {
  if (std::filesystem::is_directory(path))
    throw TokenizerError(fmt::format("{}: is a folder, expected a file", path.string()));
  // Opening a pipe that nobody writes to would wait for ever.
  if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))
    throw TokenizerError(fmt::format("{}: is no regular file", path.string()));
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose_r);
  if (!file)
    throw TokenizerError(fmt::format("{}: cannot be opened: {}", path.string(), strerror(errno)));

  std::string bytes;
  for (;;) {
    std::size_t before = bytes.size();
    if (before > largest)
      throw TokenizerError(fmt::format("{}: holds more than 1 GiB", path.string()));
    bytes.resize(before + block);
    int count = gzread(file.get(), bytes.data() + before, block);
    bytes.resize(before + std::max(count, 0));
    int code = Z_OK;
    const char *message = gzerror(file.get(), &code);
    // A stream that ends inside a member is reported as Z_BUF_ERROR after its last bytes.
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END))
      throw TokenizerError(fmt::format("{}: cannot be read past byte {}: {}", path.string(),
                                       bytes.size(), code == Z_ERRNO ? strerror(errno) : message));
    if (count == 0)
      return bytes;
  }
}

} // namespace roux::data
