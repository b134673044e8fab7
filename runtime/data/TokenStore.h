//===- TokenStore.h - tokenized sequences in one memory-mapped file -------===//
//
// What stands between the records and the plan: every sequence of one consumer
// (a train, eval or score), tokenized, with its labels decided, in data order.
// It is written once, front to back, and then only mapped, so planning reads a
// table of lengths and loading reads exactly the tokens of a step. The format is
// described in README.md, "Token store".
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"
#include "runtime/data/Ledger.h"
#include "runtime/data/NamelessFile.h"
#include "runtime/data/TokenRuns.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// The value of one of Schema::attributes for one sequence: a number or a text.
struct AttributeValue {
  double number = 0;
  std::string_view text = {};
};

/// What a store holds besides tokens; fixed before the first sequence.
struct StoreSchema {
  struct Attribute {
    std::string name;
    bool isText = false;
  };
  /// One value a sequence each, for expressions: what `field("name")` reads under that name,
  /// `score:<name>` a sequence's score, and `in:<definition>` 1 or 0, whether the record passed
  /// through that definition.
  std::vector<Attribute> attributes;
  /// One float a token each: scores of token kind, by name.
  std::vector<std::string> tokenScores;
};

/// One sequence as its producer hands it over; the spans need only live during the call.
///
/// Labels stand at the token that is predicted: `labels[t]` is the id that the input before t must
/// predict, or noLabel, with the consumer's `target` already applied. It usually equals `ids[t]`;
/// a template may set another. `labels[0]` says whether token 0 would be a target; since nothing
/// precedes it in its sequence, it is used only under `labels: pack`.
struct NewSequence {
  uint64_t record = 0;          ///< the record's ordinal in its source, counted over all its files
  uint32_t part = 0;            ///< which part of a split record, from 0
  uint32_t copy = 0;            ///< which copy of a repeated record, from 0
  std::string_view source = {}; ///< the definition that read the file
  std::span<const int32_t> ids = {};
  std::span<const int32_t> labels = {}; ///< as many as ids
  std::span<const uint8_t> roles = {};  ///< as many as ids, from TokenStoreWriter::role(); or none
  std::span<const TokenRange> turns = {};   ///< in order, disjoint
  std::span<const TokenRange> spans = {};   ///< in order, disjoint
  std::span<const uint32_t> sentences = {}; ///< first tokens of sentences, ascending
  bool lastIsInput = true; ///< false: the last token is only a label (2^k + 1 tokens)
  std::span<const AttributeValue> attributes = {}; ///< one for each of StoreSchema::attributes
  std::span<const float> tokenScores = {};         ///< score after score, ids.size() values each
};

/// A sequence's row in the table; all that planning needs. Plain bytes of the file.
struct SequenceEntry {
  uint64_t offset; ///< of its tokens, in bytes from the file's start
  uint64_t record;
  uint32_t part;
  uint32_t source; ///< index into TokenStore::sources()
  uint32_t tokens;
  uint32_t targets; ///< labels that are set, token 0's not counted
  uint32_t turns;
  uint32_t spans;
  uint32_t sentences;
  uint32_t lastIsInput; ///< 1 or 0
  uint32_t labelRuns;   ///< stretches of labels that are set
  uint32_t otherLabels; ///< of them, labels that are not their token
  uint32_t roleRuns;    ///< stretches of one role
  uint32_t copy;        ///< which copy of the record, from 0
  /// The part of the copy as one number, for draws: copies draw on their own.
  uint64_t piece() const { return uint64_t(copy) << 32 | part; }
  /// How many positions of a stream it takes: n tokens, or n - 1 when the last is only a label.
  uint32_t positions() const { return tokens == 0 ? 0 : tokens - 1 + lastIsInput; }
};
static_assert(sizeof(SequenceEntry) == 64);

/// `source:record`, `source:record.part` for later parts, `source:record#copy`
/// for later copies, as ledgers and errors name a sequence.
std::string sequenceName(const SequenceEntry &entry, const std::vector<std::string> &sources);

/// The tokens of one sequence, in place in the mapped file.
struct SequenceView {
  std::span<const int32_t> ids;
  LabelRuns labels; ///< as many as ids
  RoleRuns roles;   ///< as many as ids; 0 is "no role"
  std::span<const TokenRange> turns;
  std::span<const TokenRange> spans;
  std::span<const uint32_t> sentences;
  std::span<const float> tokenScores; ///< score after score
};

/// Writes a store; sequences are kept in the order of append(). Nothing exists
/// under `path` until finish(), which writes the table, syncs, and renames;
/// without it the temporary file is removed. Memory: the strings of text
/// attributes; the table waits in a file of its own. Throws FileError.
class TokenStoreWriter {
public:
  explicit TokenStoreWriter(std::filesystem::path path, StoreSchema schema = {});
  ~TokenStoreWriter();
  TokenStoreWriter(const TokenStoreWriter &) = delete;
  TokenStoreWriter &operator=(const TokenStoreWriter &) = delete;

  /// The number that stands for a role's name in NewSequence::roles; "" is 0. At most 255 names.
  uint8_t role(std::string_view name);
  /// Throws std::invalid_argument, naming source and record, where the sequence contradicts the
  /// contract of NewSequence.
  void append(const NewSequence &sequence);
  /// What the tokens were made from (hashes of input files, tokenizer, template, operations); part
  /// of the store's hash, so that a changed byte of the data changes the plan even where the
  /// tokens stay the same.
  void setOrigin(std::string_view origin);
  /// What was lost before this point; it travels with the store into the plan's ledger.
  Ledger &ledger() { return losses; }
  void finish();

private:
  /// Names numbered in the order of their first use.
  struct NameTable {
    std::vector<std::string> names;
    std::map<std::string, uint32_t, std::less<>> indexes;
    uint32_t operator()(std::string_view name);
  };

  std::unique_ptr<class AtomicFile> file;
  StoreSchema schema;
  NamelessFile table;               ///< SequenceEntry
  std::vector<NamelessFile> values; ///< double, attribute by attribute; of texts the string's index
  uint64_t sequences = 0;
  NameTable sources, roles, strings;
  std::string origin;
  Ledger losses;
};

/// A store, mapped read-only; safe to read from many threads. Throws FileError naming the file and
/// what is wrong with it when it is not a whole store of this version. What view() hands out lies
/// inside the file; whether it is what was written, verify() says.
class TokenStore {
public:
  /// `verified`: verify() has been through this very file before, so its table is not looked at.
  explicit TokenStore(const std::filesystem::path &path, bool verified = false);
  ~TokenStore();
  TokenStore(TokenStore &&) noexcept;
  TokenStore &operator=(TokenStore &&) noexcept;
  TokenStore(const TokenStore &) = delete;
  TokenStore &operator=(const TokenStore &) = delete;

  /// Looks at every byte and every token: throws FileError unless the file is as it was written and
  /// all ids and labels are below `vocabulary`. Nothing else here looks at tokens again.
  void verify(uint64_t vocabulary) const;

  std::span<const SequenceEntry> sequences() const { return entries; }
  SequenceView view(uint32_t sequence) const;
  const std::vector<std::string> &sources() const { return sourceNames; }
  const std::vector<std::string> &roles() const { return roleNames; }
  const StoreSchema &schema() const { return storedSchema; }
  double number(uint32_t attribute, uint32_t sequence) const;
  std::string_view text(uint32_t attribute, uint32_t sequence) const;
  /// What the writer was told the tokens were made from.
  const std::string &origin() const { return storedOrigin; }
  const Ledger &ledger() const { return losses; }
  /// Of every byte of the file; two stores with equal hashes hold the same.
  uint64_t hash() const { return contentHash; }
  std::string name(uint32_t sequence) const;

private:
  void checkTable() const;
  void readNames(std::span<const std::byte> tail);

  std::unique_ptr<class MappedFile> file;
  std::span<const SequenceEntry> entries;
  std::vector<std::string> sourceNames, roleNames, strings;
  StoreSchema storedSchema;
  std::vector<std::span<const double>> values;
  Ledger losses;
  std::string storedOrigin;
  uint64_t contentHash = 0;
};

} // namespace roux::data
