//===- KeptRoom.cpp - how much of what is kept stays ----------------------===//
//
// Several processes may do this at once: what another one removed first is gone, which
// is what was wanted.
//
//===----------------------------------------------------------------------===//
#include "runtime/KeptRoom.h"

#include "runtime/Say.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <vector>

namespace fs = std::filesystem;

namespace roux {

static constexpr uint64_t usualBytes = uint64_t(4) << 30;
static constexpr time_t minute = 60, hour = 60 * minute, day = 24 * hour;

std::optional<uint64_t> bytesOf(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  static constexpr Unit units[] = {{"", 1},         {"KB", 1e3},     {"MB", 1e6},
                                   {"GB", 1e9},     {"TB", 1e12},    {"KiB", 0x1p10},
                                   {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  double number = 0;
  auto [end, failed] = std::from_chars(text.begin(), text.end(), number);
  std::string_view name(end, text.end() - end);
  while (name.starts_with(' '))
    name.remove_prefix(1);
  const auto *unit = std::ranges::find(units, name, &Unit::name);
  if (failed != std::errc() || unit == std::end(units) || !(number >= 0) ||
      number * unit->bytes > 0x1p62)
    return std::nullopt;
  return static_cast<uint64_t>(number * unit->bytes);
}

uint64_t keptBytes() {
  const char *text = std::getenv("ROUX_CACHE_SIZE");
  if (!text || !*text)
    return usualBytes;
  std::optional<uint64_t> asked = bytesOf(text);
  if (!asked)
    say(stderr, "note: ROUX_CACHE_SIZE is '{}'; expected bytes, as in 4GiB or 500MB; 4GiB it is\n",
        text);
  return asked.value_or(usualBytes);
}

void noteUse(const std::string &path) {
  struct stat about{};
  timespec now[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  // Refused where the folder may only be read, which then nobody makes room in either.
  if (stat(path.c_str(), &about) == 0 && std::time(nullptr) - about.st_mtime > hour)
    (void)utimensat(AT_FDCWD, path.c_str(), now, 0);
}

namespace {
struct Kept {
  fs::path path;
  time_t used;
  uint64_t bytes;
};
} // namespace

/// 32 hexadecimal digits, a dot and what it is, and, until it is whole, a dot and six letters or
/// digits that make it nobody else's.
static bool isKept(std::string_view name, bool &isUnfinished) {
  constexpr size_t digits = 32, unlike = 6;
  if (name.find_first_not_of("0123456789abcdef") != digits || name[digits] != '.')
    return false;
  std::string_view kind = name.substr(digits + 1);
  size_t dot = kind.find('.');
  isUnfinished = dot != kind.npos;
  return !isUnfinished || (kind.size() - dot - 1 == unlike &&
                           std::ranges::all_of(kind.substr(dot + 1),
                                               [](unsigned char c) { return std::isalnum(c); }));
}

static uint64_t bytesBelow(const fs::path &folder) {
  uint64_t bytes = 0;
  std::error_code ignored;
  for (fs::recursive_directory_iterator each(folder, ignored), end; !ignored && each != end;
       each.increment(ignored)) {
    struct stat about{};
    if (lstat(each->path().c_str(), &about) == 0 && S_ISREG(about.st_mode))
      bytes += about.st_size;
  }
  return bytes;
}

/// What may be removed of a folder. What is left unfinished there goes at once: one that is being
/// written is as old as a write takes.
static std::vector<Kept> removable(const std::string &folder, KeptUnit unit) {
  std::vector<Kept> all;
  time_t now = std::time(nullptr);
  std::error_code ignored; // a cache that cannot be read is none
  for (fs::directory_iterator each(folder, ignored), end; !ignored && each != end;
       each.increment(ignored)) {
    struct stat about{};
    bool isUnfinished = false;
    const fs::path &path = each->path();
    if (unit == KeptUnit::File && !isKept(path.filename().native(), isUnfinished))
      continue;
    if (lstat(path.c_str(), &about) != 0)
      continue;
    std::error_code gone;
    if (unit == KeptUnit::Folder && S_ISDIR(about.st_mode) && now - about.st_mtime > day)
      all.push_back({path, about.st_mtime, bytesBelow(path)});
    else if (unit == KeptUnit::File && S_ISREG(about.st_mode) && !isUnfinished)
      all.push_back({path, about.st_mtime, static_cast<uint64_t>(about.st_size)});
    else if (isUnfinished && now - about.st_mtime > minute)
      fs::remove(path, gone);
  }
  return all;
}

size_t makeRoom(const std::string &folder, KeptUnit unit, uint64_t bytes) {
  std::vector<Kept> all = removable(folder, unit);
  size_t seen = all.size();
  uint64_t taken = 0;
  for (const Kept &each : all)
    taken += each.bytes;
  std::ranges::sort(all, {}, &Kept::used);
  for (auto oldest = all.begin(); taken > bytes; ++oldest) {
    std::error_code gone;
    fs::path path = oldest->path;
    if (unit == KeptUnit::Folder) { // whole or not at all, for who comes for it now
      path += ".removed";
      fs::rename(oldest->path, path, gone);
    }
    fs::remove_all(path, gone);
    taken -= oldest->bytes;
  }
  return seen;
}

void makeRoomOnce(const std::string &folder, KeptUnit unit) {
  static std::mutex guard;
  static std::set<std::string> done;
  std::lock_guard alone(guard);
  if (!done.insert(folder).second)
    return;
  constexpr size_t many = 1000; // that take longer to look at than a kernel to compile
  fs::path mark = fs::path(folder) / "room";
  uint64_t bytes = keptBytes(), before = 0;
  struct stat about{};
  if (stat(mark.c_str(), &about) == 0 && std::time(nullptr) - about.st_mtime < hour &&
      std::ifstream(mark) >> before && before == bytes)
    return;
  if (makeRoom(folder, unit, bytes) > many)
    std::ofstream(mark) << bytes << '\n';
}

} // namespace roux
