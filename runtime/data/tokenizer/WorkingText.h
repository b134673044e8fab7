//===- WorkingText.h - text under edit, and where its bytes came from -----===//
//
// Normalizers and pre-tokenizers rewrite and cut the text before it is
// tokenized, but offsets must point into what the caller gave. WorkingText
// holds the pieces of the current text; an edit writes the next text beside it
// and carries every byte's origin along when offsets were asked for.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// A text cut into pieces. Copies nothing until the first edit.
class WorkingText {
public:
  /// Starts over with `text`, one piece, whose first byte is byte `base` of the caller's text.
  void reset(std::string_view text, std::uint32_t base, bool trackOrigins);

  /// Starts over with bytes `range` of `outer`, which must stay as it is meanwhile.
  void resetWithin(const WorkingText &outer, ByteRange range);

  std::string_view text() const { return current; }
  std::string_view piece(std::size_t index) const {
    return current.substr(pieces[index].begin, pieces[index].end - pieces[index].begin);
  }
  /// The caller's bytes behind bytes `range` of text(); meaningful only with trackOrigins.
  ByteRange origin(ByteRange range) const;
  /// True if piece `index` stands at the very start of the caller's text.
  bool atStart(std::size_t index) const { return starts && pieces[index].begin == 0; }

  /// Where the pieces lie in text().
  std::vector<ByteRange> pieces;
  /// Room for a splitting step to write its pieces; swapped in by takePieces().
  std::vector<ByteRange> nextPieces;
  void takePieces() {
    pieces.swap(nextPieces);
    nextPieces.clear();
  }

private:
  friend class TextEdit;

  struct Buffer {
    std::string text;
    std::vector<ByteRange> origins; ///< one a byte, or none
  };

  std::string_view current;
  /// The origins of current's bytes; null where byte i is the caller's byte base + i.
  const ByteRange *origins = nullptr;
  std::uint32_t base = 0;
  bool tracked = false;
  bool starts = false;
  Buffer front, back;
};

/// Rewrites every piece, in order; what is neither kept nor put is dropped.
class TextEdit {
public:
  /// What is written may have `most` bytes: a downloaded tokenizer can ask for any number.
  TextEdit(WorkingText &target, std::uint64_t most);

  /// Begins piece `index`; the offsets below count from its start.
  void open(std::size_t index);
  void close();

  /// Copies bytes [begin, end) of the piece. This and replace() throw TokenizerError where the text
  /// becomes too long.
  void keep(std::size_t begin, std::size_t end);
  /// Puts `with` in place of bytes [begin, end) of the piece; an empty range inserts.
  void replace(std::size_t begin, std::size_t end, std::string_view with);
  /// Makes the rewritten pieces the target's.
  void finish();

private:
  void checkRoom(std::size_t bytes) const;

  WorkingText &target;
  WorkingText::Buffer &out;
  std::uint64_t most;
  std::uint32_t pieceBegin = 0;
  std::uint32_t outBegin = 0;
};

} // namespace roux::data
