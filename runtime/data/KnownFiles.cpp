//===- KnownFiles.cpp - what was found out about a file before ------------===//
//
// A line a fact, each with a sum of its own: a damaged line is forgotten and its fact
// found out again.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/KnownFiles.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/FileError.h"
#include "runtime/data/FileState.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace roux::data {

/// Lines that a memory may have; beyond them all is found out again.
static constexpr size_t mostFacts = 20'000;

[[noreturn]] static void fail(const std::filesystem::path &file, const char *doing) {
  throw FileError(fmt::format("{}: cannot {} it: {}", file.string(), doing, std::strerror(errno)));
}

/// Rises when a line means something else; lines of another format have other sums and are
/// forgotten.
static constexpr uint64_t format = 1;

static uint64_t hashOf(std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), format);
}

uint64_t KnownFiles::remember(const std::filesystem::path &file, std::string_view what,
                              const Find &find) {
  FileState state = stateOf(file);
  if (state.text.empty())
    return find();
  std::string key = fmt::format("{} {}", state.text, what);
  {
    std::lock_guard lock(mutex);
    load();
    if (auto found = known.find(key); found != known.end())
      return found->second;
  }
  uint64_t value = find();
  if (!state.settled || stateOf(file).text != state.text)
    return value;
  std::lock_guard lock(mutex);
  known[key] = value;
  save();
  return value;
}

uint64_t contentHash(const std::filesystem::path &file) {
  int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail(file, "open");
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t *)> hasher(XXH3_createState(),
                                                                          XXH3_freeState);
  XXH3_64bits_reset(hasher.get());
  std::vector<char> piece(size_t(1) << 20);
  ssize_t count;
  while ((count = read(descriptor, piece.data(), piece.size())) > 0 ||
         (count < 0 && errno == EINTR))
    if (count > 0)
      XXH3_64bits_update(hasher.get(), piece.data(), static_cast<size_t>(count));
  int cause = errno;
  close(descriptor);
  errno = cause;
  if (count < 0)
    fail(file, "read");
  return XXH3_64bits_digest(hasher.get());
}

uint64_t KnownFiles::contentHash(const std::filesystem::path &file) {
  return remember(file, "content", [&] { return data::contentHash(file); });
}

void KnownFiles::verify(const std::filesystem::path &file, std::string_view what,
                        const std::function<void()> &check) {
  remember(file, what, [&] {
    check();
    return uint64_t(1);
  });
}

bool KnownFiles::knows(const std::filesystem::path &file, std::string_view what) {
  std::lock_guard lock(mutex);
  load();
  return known.contains(fmt::format("{} {}", stateOf(file).text, what));
}

/// SUM VALUE STATE WHAT
void KnownFiles::load() {
  if (loaded)
    return;
  loaded = true;
  std::ifstream lines(memory);
  constexpr size_t digits = 16;
  for (std::string line; std::getline(lines, line);) {
    uint64_t sum = 0, value = 0;
    if (line.size() < 2 * digits + 2)
      continue;
    const char *first = line.data();
    std::from_chars(first, first + digits, sum, 16);
    std::from_chars(first + digits + 1, first + 2 * digits + 1, value, 16);
    if (sum == hashOf(std::string_view(line).substr(digits)))
      known.emplace(line.substr(2 * digits + 2), value);
  }
  if (known.size() > mostFacts)
    known.clear();
}

void KnownFiles::save() {
  std::string text;
  for (const auto &[key, value] : known) {
    std::string line = fmt::format(" {:016x} {}", value, key);
    text += fmt::format("{:016x}{}\n", hashOf(line), line);
  }
  try {
    writeWhole(memory, text);
  } catch (const FileError &) {
    // A folder that cannot be written costs the finding out again, and nothing else.
  }
}

} // namespace roux::data
