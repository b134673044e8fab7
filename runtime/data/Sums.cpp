//===- Sums.cpp - what files of others' formats held when they were written -===//
//
// A line with the format, a line a file, the name last, and a line with the hash of those before
// it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Sums.h"

#include "runtime/data/AtomicFile.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <fstream>
#include <sstream>

namespace roux::data {

/// The first line of a list; another one is of another format.
static constexpr std::string_view firstLine = "roux sums 1\n";

static std::string sumOf(std::string_view text) {
  return fmt::format("{:016x}\n", XXH3_64bits(text.data(), text.size()));
}

void writeSums(const std::filesystem::path &list, const std::map<std::string, uint64_t> &files) {
  std::string text(firstLine);
  for (const auto &[name, hash] : files)
    text += fmt::format("{:016x} {}\n", hash, name);
  writeWhole(list, text + sumOf(text));
}

std::vector<std::filesystem::path> changedSince(const std::filesystem::path &list,
                                                const std::filesystem::path &folder,
                                                KnownFiles &known) {
  std::ostringstream read;
  if (std::ifstream stream(list, std::ios::binary); stream.peek() != EOF)
    read << stream.rdbuf();
  std::string text = std::move(read).str();
  size_t last = text.size() < 2 ? 0 : text.rfind('\n', text.size() - 2) + 1;
  if (!text.starts_with(firstLine) ||
      text.substr(last) != sumOf(std::string_view(text).substr(0, last)))
    throw FileError(fmt::format("{}: is gone or damaged, so nothing says whether the files that it "
                                "is for are whole; delete them and it, and they are made anew",
                                list.string()));
  std::vector<std::filesystem::path> changed;
  std::istringstream lines(text.substr(firstLine.size(), last - firstLine.size()));
  for (std::string sum, name; lines >> sum && std::getline(lines.ignore(), name);) {
    std::error_code unknown;
    bool isThere = std::filesystem::is_regular_file(folder / name, unknown);
    if (!isThere || fmt::format("{:016x}", known.contentHash(folder / name)) != sum)
      changed.push_back(folder / name);
  }
  return changed;
}

} // namespace roux::data
