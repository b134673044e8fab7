//===- WorkingText.cpp - text under edit, and where its bytes came from ---===//
//
// Two buffers take turns: an edit reads one and writes the other, so a chain of
// normalizers allocates nothing once the buffers have grown.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/WorkingText.h"

namespace roux::data {

void WorkingText::reset(std::string_view text, std::uint32_t newBase, bool trackOrigins) {
  current = text;
  base = newBase;
  origins = nullptr;
  tracked = trackOrigins;
  starts = newBase == 0;
  pieces.assign(1, {0, std::uint32_t(text.size())});
  nextPieces.clear();
}

void WorkingText::resetWithin(const WorkingText &outer, ByteRange range) {
  reset(outer.current.substr(range.begin, range.end - range.begin), outer.base + range.begin,
        outer.tracked);
  origins = outer.origins ? outer.origins + range.begin : nullptr;
  starts = outer.starts && range.begin == 0;
}

ByteRange WorkingText::origin(ByteRange range) const {
  if (!origins)
    return {base + range.begin, base + range.end};
  if (range.begin == range.end)
    return {base, base};
  return {origins[range.begin].begin, origins[range.end - 1].end};
}

TextEdit::TextEdit(WorkingText &target, std::uint64_t most)
    : target(target), out(target.back), most(most) {
  out.text.clear();
  out.origins.clear();
}

void TextEdit::open(std::size_t index) {
  pieceBegin = target.pieces[index].begin;
  outBegin = out.text.size();
}

void TextEdit::close() {
  target.nextPieces.push_back({outBegin, std::uint32_t(out.text.size())});
}

void TextEdit::checkRoom(std::size_t bytes) const {
  if (out.text.size() + bytes > most)
    throw TokenizerError("the tokenizer's normalizers make a text more than 64 times as long");
}

void TextEdit::keep(std::size_t begin, std::size_t end) {
  // Where the first characters are dropped, the text no longer starts where the caller's does.
  if (pieceBegin == 0 && begin > 0 && begin < end && out.text.empty())
    target.starts = false;
  checkRoom(end - begin);
  out.text.append(target.current, pieceBegin + begin, end - begin);
  if (target.tracked)
    for (std::uint32_t byte = pieceBegin + begin; byte < pieceBegin + end; ++byte)
      out.origins.push_back(target.origin({byte, byte + 1}));
}

void TextEdit::replace(std::size_t begin, std::size_t end, std::string_view with) {
  checkRoom(with.size());
  out.text.append(with);
  if (!target.tracked || with.empty())
    return;
  ByteRange from;
  if (begin < end) {
    from = target.origin({std::uint32_t(pieceBegin + begin), std::uint32_t(pieceBegin + end)});
  } else if (pieceBegin + begin < target.current.size()) {
    // An insertion stands, empty, before the byte it was put in front of.
    std::uint32_t next = pieceBegin + begin;
    from.begin = from.end = target.origin({next, next + 1}).begin;
  } else {
    from.begin = from.end = target.current.empty()
                                ? target.base
                                : target.origin({0, std::uint32_t(target.current.size())}).end;
  }
  out.origins.insert(out.origins.end(), with.size(), from);
}

void TextEdit::finish() {
  std::swap(target.front, target.back);
  target.current = target.front.text;
  if (target.tracked)
    target.origins = target.front.origins.data();
  target.takePieces();
}

} // namespace roux::data
