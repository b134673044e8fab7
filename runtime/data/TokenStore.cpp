//===- TokenStore.cpp - a token store, mapped and read --------------------===//
//
// Opening checks every offset once, so that view() can hand out spans without
// looking again. The tokens themselves are not touched until they are asked for.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/TokenStore.h"

#include "runtime/data/MappedFile.h"
#include "runtime/data/PackedBytes.h"
#include "runtime/data/Seal.h"
#include "runtime/data/StoreFormat.h"

#include <fmt/format.h>

#include <algorithm>

namespace roux::data {

/// Bytes of a sequence in the file. Counts are 32 bits each, so nothing here overflows.
static uint64_t tokenBytes(const SequenceEntry &entry, size_t scores) {
  uint64_t perToken = sizeof(int32_t) + sizeof(float) * scores;
  uint64_t pairs =
      uint64_t(entry.turns) + entry.spans + entry.labelRuns + entry.otherLabels + entry.roleRuns;
  return entry.tokens * perToken + pairs * sizeof(TokenRange) +
         uint64_t(entry.sentences) * sizeof(uint32_t);
}

TokenStore::TokenStore(const std::filesystem::path &path, bool verified)
    : file(std::make_unique<MappedFile>(path)) {
  const StoreHeader &header = file->section<StoreHeader>(0, 1, "the header")[0];
  if (header.magic != StoreHeader::magicValue)
    file->fail("not a token store");
  if (header.version != StoreHeader::currentVersion)
    file->fail(fmt::format("token store of version {}, expected {}", header.version,
                           StoreHeader::currentVersion));
  if (header.fileBytes != file->bytes().size())
    file->fail(fmt::format("{} bytes where the header says {}; the file was cut off or grew",
                           file->bytes().size(), header.fileBytes));
  contentHash = header.hash;
  entries = file->section<SequenceEntry>(header.tableOffset, header.sequences, "the table");
  // Each has a name of at least nine bytes at the end of the file.
  if (header.attributes > header.fileBytes / 9)
    file->fail(fmt::format("{} attributes are more than the file can name", header.attributes));
  for (uint32_t a = 0; a < header.attributes; ++a)
    values.push_back(file->section<double>(
        header.valuesOffset + a * header.sequences * sizeof(double), header.sequences, "a column"));
  if (header.namesOffset > file->bytes().size())
    file->fail("the names begin behind the file's end");
  try {
    readNames(file->bytes().subspan(header.namesOffset));
  } catch (const std::out_of_range &error) {
    file->fail(error.what());
  }
  if (!verified)
    checkTable();
}

void TokenStore::checkTable() const {
  for (const SequenceEntry &entry : entries) {
    file->section<std::byte>(entry.offset, tokenBytes(entry, storedSchema.tokenScores.size()),
                             "the tokens of a sequence");
    if (entry.offset % alignof(uint64_t) || entry.source >= sourceNames.size() ||
        entry.lastIsInput > 1 || entry.targets > entry.tokens)
      file->fail("an entry of the table contradicts itself");
  }
}

void TokenStore::verify(uint64_t vocabulary) const {
  checkSeal<StoreHeader>(*file);
  checkTable();
  auto limit = static_cast<int64_t>(std::min<uint64_t>(vocabulary, INT32_MAX));
  for (uint32_t i = 0; i < entries.size(); ++i) {
    SequenceView view = this->view(i);
    auto fail = [&](const std::string &what) {
      file->fail(fmt::format("sequence {} has {}", name(i), what));
    };
    if (const char *why = placeMistake(view.turns, view.spans, view.sentences, view.ids.size()))
      fail(why);
    uint32_t labels = 0;
    for (uint32_t t = 0; t < view.ids.size(); ++t) {
      int32_t label = view.labels[t];
      labels += label != noLabel;
      for (int32_t id : {view.ids[t], label == noLabel ? 0 : label})
        if (id < 0 || id >= limit)
          fail(fmt::format("the token id {}, but the vocabulary has {}", id, vocabulary));
      if (view.roles[t] >= roleNames.size())
        fail("a role without a name");
    }
    if (labels != view.labels.count({0, entries[i].tokens}))
      fail("labels that are counted twice");
  }
}

void TokenStore::readNames(std::span<const std::byte> tail) {
  PackedReader in(tail);
  sourceNames = in.texts();
  roleNames = in.texts();
  strings = in.texts();
  for (size_t a = 0; a < values.size(); ++a) {
    StoreSchema::Attribute attribute;
    attribute.name = in.text();
    attribute.isText = in.value<uint8_t>();
    storedSchema.attributes.push_back(std::move(attribute));
  }
  storedSchema.tokenScores = in.texts();
  storedOrigin = in.text();
  losses = Ledger::read(in);
}

TokenStore::~TokenStore() = default;
TokenStore::TokenStore(TokenStore &&) noexcept = default;
TokenStore &TokenStore::operator=(TokenStore &&) noexcept = default;

SequenceView TokenStore::view(uint32_t sequence) const {
  const SequenceEntry &entry = entries[sequence];
  uint64_t at = entry.offset;
  auto take = [&]<typename T>(std::span<const T> &into, uint64_t count) {
    into = {reinterpret_cast<const T *>(file->bytes().data() + at), static_cast<size_t>(count)};
    at += count * sizeof(T);
  };
  SequenceView view;
  std::span<const TokenRange> set;
  std::span<const OtherLabel> others;
  std::span<const RoleRun> roles;
  take(view.ids, entry.tokens);
  take(set, entry.labelRuns);
  take(others, entry.otherLabels);
  take(roles, entry.roleRuns);
  take(view.turns, entry.turns);
  take(view.spans, entry.spans);
  take(view.sentences, entry.sentences);
  take(view.tokenScores, uint64_t(entry.tokens) * storedSchema.tokenScores.size());
  view.labels = LabelRuns(view.ids, set, others);
  view.roles = RoleRuns(roles, entry.tokens);
  return view;
}

double TokenStore::number(uint32_t attribute, uint32_t sequence) const {
  return values[attribute][sequence];
}

std::string_view TokenStore::text(uint32_t attribute, uint32_t sequence) const {
  double index = values[attribute][sequence];
  // The file may hold any double here.
  if (!(index >= 0 && index < static_cast<double>(strings.size())))
    file->fail(
        fmt::format("a value of '{}' names no text", storedSchema.attributes[attribute].name));
  return strings[static_cast<size_t>(index)];
}

std::string TokenStore::name(uint32_t sequence) const {
  return sequenceName(entries[sequence], sourceNames);
}

std::string sequenceName(const SequenceEntry &entry, const std::vector<std::string> &sources) {
  std::string name = fmt::format("{}:{}", sources[entry.source], entry.record);
  if (entry.part)
    name += fmt::format(".{}", entry.part);
  return entry.copy ? fmt::format("{}#{}", name, entry.copy) : name;
}

} // namespace roux::data
