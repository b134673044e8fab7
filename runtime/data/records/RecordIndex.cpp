//===- RecordIndex.cpp - the index as a file ------------------------------===//
//
// Header, entries (mapped), tail. The hash covers all of it and is checked at
// every opening: sixteen bytes a record are read in no time.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordIndex.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/PackedBytes.h"
#include "runtime/data/Seal.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

namespace {

struct IndexHeader {
  static constexpr uint64_t magicValue = 0x313058444e585552u; // "RUXNDX01", little-endian
  static constexpr uint64_t currentVersion = 3;

  uint64_t magic;
  uint64_t version;
  uint64_t hash; ///< sealOf() this header and all bytes after it
  uint64_t entries;
  uint64_t tailOffset;
};
static_assert(sizeof(IndexHeader) == 40);

} // namespace

void RecordIndex::write(const std::filesystem::path &path, const NamelessFile &found) const {
  AtomicFile file(path, sizeof(IndexHeader));
  found.copyTo(file);
  IndexHeader header{IndexHeader::magicValue, IndexHeader::currentVersion, 0,
                     found.size() / sizeof(RecordEntry), file.size()};
  PackedWriter tail;
  tail.text(rules);
  tail.value<uint64_t>(files.size());
  for (const File &each : files) {
    tail.text(each.path);
    tail.text(each.state);
    tail.value<uint8_t>(each.lines);
    tail.value(each.firstOrdinal);
    tail.value(each.firstEntry);
  }
  tail.value(ordinals);
  tail.value(hash);
  tail.value<uint64_t>(keys.keys().size());
  for (const KeyCount &each : keys.keys()) {
    tail.text(each.key);
    tail.value(static_cast<uint8_t>(each.of));
    tail.value(each.records);
    tail.value(each.first);
  }
  tail.value(keys.others());
  losses.write(tail);
  file.write(tail.bytes());
  header.hash = sealOf(header, file.hash());
  file.commit(std::as_bytes(std::span(&header, 1)));
}

/// Throws std::out_of_range where a number leaves what it is a number of.
static RecordIndex readTail(PackedReader &in, uint64_t entries) {
  RecordIndex index;
  index.rules = in.text();
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    RecordIndex::File file;
    file.path = in.text();
    file.state = in.text();
    file.lines = in.value<uint8_t>();
    file.firstOrdinal = in.value<uint64_t>();
    file.firstEntry = in.value<uint64_t>();
    const RecordIndex::File &before = index.files.empty() ? file : index.files.back();
    if (file.firstEntry < before.firstEntry || file.firstOrdinal < before.firstOrdinal ||
        file.firstEntry > entries ||
        (index.files.empty() && (file.firstEntry > 0 || file.firstOrdinal > 0)))
      throw std::out_of_range("files that are not in order");
    index.files.push_back(std::move(file));
  }
  index.ordinals = in.value<uint64_t>();
  index.hash = in.value<uint64_t>();
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    KeyCount key;
    key.key = in.text();
    key.of = static_cast<KeyOf>(in.value<uint8_t>());
    if (key.of > KeyOf::Template)
      throw std::out_of_range("a key of nothing");
    key.records = in.value<uint64_t>();
    key.first = in.value<uint64_t>();
    index.keys.restore(std::move(key));
  }
  index.keys.restoreOthers(in.value<uint64_t>());
  index.losses = Ledger::read(in);
  return index;
}

/// What of the files or rules is another now; empty if nothing is.
static std::string change(const RecordIndex &kept, const RecordIndex &now) {
  auto in = [](const RecordIndex &index, const std::string &path) {
    return std::ranges::find(index.files, path, &RecordIndex::File::path);
  };
  if (kept.rules != now.rules)
    return "its definition is another now";
  for (const RecordIndex::File &file : now.files) {
    auto before = in(kept, file.path);
    if (before == kept.files.end())
      return fmt::format("{} is new", file.path);
    if (before->state != file.state)
      return fmt::format("{} has changed", file.path);
  }
  for (const RecordIndex::File &file : kept.files)
    if (in(now, file.path) == now.files.end())
      return fmt::format("{} is gone", file.path);
  return std::ranges::equal(kept.files, now.files, {}, &RecordIndex::File::path,
                            &RecordIndex::File::path)
             ? ""
             : "its files have another order";
}

bool RecordIndex::read(const std::filesystem::path &path, std::string &why) {
  why.clear();
  if (!std::filesystem::exists(path))
    return false;
  why = "its index is damaged";
  try {
    auto mapped = std::make_shared<const MappedFile>(path);
    const IndexHeader &header = mapped->section<IndexHeader>(0, 1, "the header")[0];
    if (header.magic != IndexHeader::magicValue || header.version != IndexHeader::currentVersion) {
      why = "its index is of another format";
      return false;
    }
    checkSeal<IndexHeader>(*mapped);
    auto found = mapped->section<RecordEntry>(sizeof header, header.entries, "the records");
    PackedReader in(mapped->section<std::byte>(
        header.tailOffset, mapped->bytes().size() - header.tailOffset, "the names"));
    RecordIndex kept = readTail(in, header.entries);
    why = change(kept, *this);
    if (!why.empty())
      return false;
    *this = std::move(kept);
    entries = found;
    storage = std::move(mapped);
    return true;
  } catch (const FileError &) {
  } catch (const std::out_of_range &) {
  }
  return false;
}

} // namespace roux::data
