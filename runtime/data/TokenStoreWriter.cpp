//===- TokenStoreWriter.cpp - sequences appended to a token store ---------===//
//
// Tokens go to the file as they come; only the table that planning reads is held
// back until the end, because its place is not known before.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"
#include "runtime/data/PackedBytes.h"
#include "runtime/data/Seal.h"
#include "runtime/data/StoreFormat.h"
#include "runtime/data/TokenStore.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

namespace roux::data {

uint32_t TokenStoreWriter::NameTable::operator()(std::string_view name) {
  auto known = indexes.find(name);
  if (known != indexes.end())
    return known->second;
  uint32_t index = static_cast<uint32_t>(names.size());
  indexes.emplace(name, index);
  names.emplace_back(name);
  return index;
}

TokenStoreWriter::TokenStoreWriter(std::filesystem::path path, StoreSchema schema)
    : file(std::make_unique<AtomicFile>(path, sizeof(StoreHeader))), schema(std::move(schema)),
      table(fmt::format("{}: cannot keep its table", path.string()), path.parent_path()) {
  roles("");
  for (size_t a = 0; a < this->schema.attributes.size(); ++a)
    values.emplace_back(fmt::format("{}: cannot keep its attributes", path.string()),
                        path.parent_path());
}

TokenStoreWriter::~TokenStoreWriter() = default;

uint8_t TokenStoreWriter::role(std::string_view name) {
  uint32_t index = roles(name);
  if (index > std::numeric_limits<uint8_t>::max())
    throw std::invalid_argument(
        fmt::format("role '{}' is one name too many: 255 are possible", name));
  return static_cast<uint8_t>(index);
}

void TokenStoreWriter::setOrigin(std::string_view text) {
  origin = text;
}

/// Why `ranges` are not ascending, disjoint pieces of `tokens` tokens; null if they are.
static const char *rangeMistake(std::span<const TokenRange> ranges, size_t tokens) {
  uint32_t last = 0;
  for (const TokenRange &range : ranges) {
    if (range.begin < last || range.end < range.begin || range.end > tokens)
      return "ranges of tokens that overlap, run backwards or leave the "
             "sequence";
    last = range.end;
  }
  return nullptr;
}

const char *placeMistake(std::span<const TokenRange> turns, std::span<const TokenRange> spans,
                         std::span<const uint32_t> sentences, size_t tokens) {
  for (size_t i = 0; i < sentences.size(); ++i)
    if (sentences[i] >= tokens || (i && sentences[i] <= sentences[i - 1]))
      return "sentences that do not ascend or leave the sequence";
  const char *mistake = rangeMistake(turns, tokens);
  return mistake ? mistake : rangeMistake(spans, tokens);
}

/// What in `sequence` breaks the contract of NewSequence; null if nothing does.
static const char *mistake(const NewSequence &sequence, const StoreSchema &schema, size_t roles) {
  size_t tokens = sequence.ids.size();
  if (tokens > std::numeric_limits<int32_t>::max())
    return "more than 2147483647 tokens";
  if (sequence.labels.size() != tokens)
    return "not as many labels as tokens";
  if (!sequence.roles.empty() && sequence.roles.size() != tokens)
    return "not as many roles as tokens";
  for (uint8_t role : sequence.roles)
    if (role >= roles)
      return "a role that was not made by role()";
  for (int32_t id : sequence.ids)
    if (id < 0)
      return "a negative token id";
  for (int32_t label : sequence.labels)
    if (label < noLabel)
      return "a label below -1";
  if (sequence.attributes.size() != schema.attributes.size())
    return "not one value for each attribute of the store";
  if (sequence.tokenScores.size() != tokens * schema.tokenScores.size())
    return "not one value for each token and token score";
  return placeMistake(sequence.turns, sequence.spans, sequence.sentences, tokens);
}

namespace {

/// Labels and roles of a sequence as the file holds them.
struct Runs {
  std::vector<TokenRange> set;
  std::vector<OtherLabel> others;
  std::vector<RoleRun> roles;

  explicit Runs(const NewSequence &sequence) {
    for (uint32_t t = 0; t < sequence.ids.size(); ++t) {
      uint8_t role = sequence.roles.empty() ? 0 : sequence.roles[t];
      if (roles.empty() || roles.back().role != role)
        roles.push_back({t, role});
      if (sequence.labels[t] == noLabel)
        continue;
      if (set.empty() || set.back().end != t)
        set.push_back({t, t});
      set.back().end = t + 1;
      if (sequence.labels[t] != sequence.ids[t])
        others.push_back({t, sequence.labels[t]});
    }
  }
};

} // namespace

void TokenStoreWriter::append(const NewSequence &sequence) {
  if (const char *why = mistake(sequence, schema, roles.names.size()))
    throw std::invalid_argument(
        fmt::format("{}:{}.{}: {}", sequence.source, sequence.record, sequence.part, why));
  if (sequences == std::numeric_limits<uint32_t>::max())
    throw FileError("a token store holds at most 4294967295 sequences");
  SequenceEntry entry{};
  file->align();
  entry.offset = file->size();
  entry.record = sequence.record;
  entry.part = sequence.part;
  entry.copy = sequence.copy;
  entry.source = sources(sequence.source);
  entry.tokens = static_cast<uint32_t>(sequence.ids.size());
  for (size_t t = 1; t < sequence.labels.size(); ++t)
    entry.targets += sequence.labels[t] != noLabel;
  entry.turns = static_cast<uint32_t>(sequence.turns.size());
  entry.spans = static_cast<uint32_t>(sequence.spans.size());
  entry.sentences = static_cast<uint32_t>(sequence.sentences.size());
  entry.lastIsInput = sequence.lastIsInput;
  Runs runs(sequence);
  entry.labelRuns = static_cast<uint32_t>(runs.set.size());
  entry.otherLabels = static_cast<uint32_t>(runs.others.size());
  entry.roleRuns = static_cast<uint32_t>(runs.roles.size());
  table.add(entry);
  ++sequences;

  file->writeValues(sequence.ids);
  file->writeValues(std::span<const TokenRange>(runs.set));
  file->writeValues(std::span<const OtherLabel>(runs.others));
  file->writeValues(std::span<const RoleRun>(runs.roles));
  file->writeValues(sequence.turns);
  file->writeValues(sequence.spans);
  file->writeValues(sequence.sentences);
  file->writeValues(sequence.tokenScores);
  for (size_t a = 0; a < values.size(); ++a)
    values[a].add(schema.attributes[a].isText
                      ? static_cast<double>(strings(sequence.attributes[a].text))
                      : sequence.attributes[a].number);
}

void TokenStoreWriter::finish() {
  StoreHeader header{};
  header.magic = StoreHeader::magicValue;
  header.version = StoreHeader::currentVersion;
  header.attributes = static_cast<uint32_t>(values.size());
  header.sequences = sequences;
  file->align();
  header.tableOffset = file->size();
  table.copyTo(*file);
  header.valuesOffset = file->size();
  for (const NamelessFile &column : values)
    column.copyTo(*file);
  header.namesOffset = file->size();
  PackedWriter tail;
  tail.texts(sources.names);
  tail.texts(roles.names);
  tail.texts(strings.names);
  for (const StoreSchema::Attribute &attribute : schema.attributes) {
    tail.text(attribute.name);
    tail.value<uint8_t>(attribute.isText);
  }
  tail.texts(schema.tokenScores);
  tail.text(origin);
  losses.write(tail);
  file->write(tail.bytes());
  header.fileBytes = file->size();
  header.hash = sealOf(header, file->hash());
  file->commit(std::as_bytes(std::span(&header, 1)));
}

} // namespace roux::data
