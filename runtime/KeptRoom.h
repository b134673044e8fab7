//===- KeptRoom.h - how much of what is kept stays ------------------------===//
//
// The one rule by which a user's cache forgets. Every build, recipe and library leaves
// files of its own there, which nobody would ever ask for again; so what was used longest
// ago goes once the rest takes more than a bound. What goes is made again where it is
// missed, and a file that somebody has open or loaded stays theirs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roux {

/// Bytes as ROUX_CACHE_SIZE has them: a number, and KB MB GB TB, KiB MiB GiB or TiB behind it.
std::optional<uint64_t> bytesOf(std::string_view text);

/// What a folder of the cache may take: ROUX_CACHE_SIZE, else 4 GiB. One that is no number is said.
uint64_t keptBytes();

/// What goes as one: files, or folders whose files belong together.
enum class KeptUnit { File, Folder };

/// Remembers on the disk that `path` is used now, to the hour: each note is a write.
void noteUse(const std::string &path);

/// Removes from `folder` what was used longest ago, until the rest is at most `bytes`, and what a
/// process that was killed left unfinished. Of files those that are named by digestOf(), of folders
/// those that nobody used for a day; all else is left and does not count. Returns how many there
/// were.
size_t makeRoom(const std::string &folder, KeptUnit unit, uint64_t bytes);

/// makeRoom() for keptBytes(), the first time that this process asks for `folder`, and of a folder
/// of many only where nobody did so within the hour: looking costs some microseconds a file, and a
/// full cache has a hundred thousand.
void makeRoomOnce(const std::string &folder, KeptUnit unit);

} // namespace roux
