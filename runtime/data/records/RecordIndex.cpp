//===- RecordIndex.cpp - the index as a file ------------------------------===//
//
// Header, entries (mapped), tail. The hash covers all of it and is checked at
// every opening: sixteen bytes a record are read in no time.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordIndex.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/PackedBytes.h"

#include <ctime>
#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

namespace roux::data {

namespace {

struct IndexHeader {
  static constexpr uint64_t magicValue = 0x313058444e585552u; // "RUXNDX01", little-endian

  uint64_t magic;
  uint64_t hash; ///< XXH3 of all bytes after the header
  uint64_t entries;
  uint64_t tailOffset;
};
static_assert(sizeof(IndexHeader) == 32);

uint64_t nanoseconds(const timespec &time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(time.tv_nsec);
}

} // namespace

std::string identityOf(const std::filesystem::path &path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return {};
  // The time of change cannot be set back, as that of modification can.
  return fmt::format("{} {} {} {} {}", status.st_dev, status.st_ino, status.st_size,
                     nanoseconds(status.st_mtim), nanoseconds(status.st_ctim));
}

bool isFresh(const std::filesystem::path &path) {
  // Clocks of file systems step by up to two seconds.
  constexpr uint64_t step = 2'000'000'000u;
  struct stat status{};
  timespec now{};
  if (stat(path.c_str(), &status) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
    return true;
  uint64_t changed = nanoseconds(status.st_ctim);
  return nanoseconds(now) < changed + step;
}

void RecordIndex::write(const std::filesystem::path &path, std::string_view made) const {
  AtomicFile file(path, sizeof(IndexHeader));
  file.writeValues(entries);
  IndexHeader header{IndexHeader::magicValue, 0, entries.size(), file.size()};
  PackedWriter tail;
  tail.text(made);
  tail.value(ordinals);
  tail.value(hash);
  tail.value<uint64_t>(files.size());
  for (const File &each : files) {
    tail.text(each.path);
    tail.text(each.identity);
    tail.value<uint8_t>(each.lines);
    tail.value(each.firstOrdinal);
    tail.value(each.firstEntry);
  }
  tail.value<uint64_t>(keys.keys().size());
  for (const KeyCount &each : keys.keys()) {
    tail.text(each.key);
    tail.value<uint8_t>(each.ofMessage);
    tail.value(each.records);
    tail.value(each.first);
  }
  tail.value(keys.others());
  losses.write(tail);
  file.write(tail.bytes());
  header.hash = file.hash();
  file.commit(std::as_bytes(std::span(&header, 1)));
}

static RecordIndex readTail(PackedReader &in) {
  RecordIndex index;
  index.ordinals = in.value<uint64_t>();
  index.hash = in.value<uint64_t>();
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    RecordIndex::File file;
    file.path = in.text();
    file.identity = in.text();
    file.lines = in.value<uint8_t>();
    file.firstOrdinal = in.value<uint64_t>();
    file.firstEntry = in.value<uint64_t>();
    index.files.push_back(std::move(file));
  }
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    KeyCount key;
    key.key = in.text();
    key.ofMessage = in.value<uint8_t>();
    key.records = in.value<uint64_t>();
    key.first = in.value<uint64_t>();
    index.keys.restore(std::move(key));
  }
  index.keys.restoreOthers(in.value<uint64_t>());
  index.losses = Ledger::read(in);
  return index;
}

std::optional<RecordIndex> RecordIndex::read(const std::filesystem::path &path,
                                             std::string_view made) {
  try {
    auto mapped = std::make_shared<MappedFile>(path);
    const IndexHeader &header = mapped->section<IndexHeader>(0, 1, "the header")[0];
    std::span<const std::byte> rest = mapped->bytes().subspan(sizeof(IndexHeader));
    if (header.magic != IndexHeader::magicValue ||
        header.hash != XXH3_64bits(rest.data(), rest.size()) ||
        header.tailOffset > mapped->bytes().size())
      return std::nullopt;
    PackedReader in(mapped->bytes().subspan(header.tailOffset));
    if (in.text() != made)
      return std::nullopt;
    RecordIndex index = readTail(in);
    index.entries =
        mapped->section<RecordEntry>(sizeof(IndexHeader), header.entries, "the records");
    index.storage = std::move(mapped);
    return index;
  } catch (const FileError &) {
    return std::nullopt;
  } catch (const std::out_of_range &) {
    return std::nullopt;
  }
}

} // namespace roux::data
