//===- SentencePieceModel.cpp - what a model says beside its pieces -------===//
//
// The file is a protocol buffer. Five kinds of fields in three messages are read, so
// the wire format is walked here; numbers are those of sentencepiece_model.proto.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/SentencePieceModel.h"

#include <cstring>
#include <functional>

namespace roux::data {

namespace {

struct WireField {
  uint64_t number = 0;
  uint64_t value = 0;     ///< of a varint or a fixed width, its bits
  std::string_view bytes; ///< of a string or message
};

} // namespace

static bool readVarint(std::string_view &in, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    uint8_t byte = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    value |= uint64_t(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return true;
  }
  return false;
}

static bool readFixed(std::string_view &in, size_t width, uint64_t &value) {
  value = 0;
  if (in.size() < width)
    return false;
  std::memcpy(&value, in.data(), width);
  in.remove_prefix(width);
  return true;
}

/// Calls `visit` for every field of a message; false where the bytes are no message.
static bool visitFields(std::string_view in, const std::function<bool(const WireField &)> &visit) {
  while (!in.empty()) {
    uint64_t key = 0;
    WireField field;
    if (!readVarint(in, key))
      return false;
    field.number = key >> 3;
    bool whole = false;
    switch (key & 7) {
    case 0:
      whole = readVarint(in, field.value);
      break;
    case 1:
      whole = readFixed(in, 8, field.value);
      break;
    case 5:
      whole = readFixed(in, 4, field.value);
      break;
    case 2:
      whole = readVarint(in, field.value) && field.value <= in.size();
      if (whole) {
        field.bytes = in.substr(0, field.value);
        in.remove_prefix(field.value);
      }
      break;
    }
    if (!whole || !visit(field))
      return false;
  }
  return true;
}

static bool readPiece(std::string_view bytes, SentencePieceModel &model) {
  model.scores.push_back(0);
  model.types.push_back(SentencePieceModel::Type::Normal);
  return visitFields(bytes, [&](const WireField &field) {
    if (field.number == 2) {
      uint32_t bits = static_cast<uint32_t>(field.value);
      std::memcpy(&model.scores.back(), &bits, sizeof bits);
    } else if (field.number == 3) {
      model.types.back() = static_cast<SentencePieceModel::Type>(field.value);
    }
    return true;
  });
}

static bool readTrainer(std::string_view bytes, SentencePieceModel &model) {
  return visitFields(bytes, [&](const WireField &field) {
    constexpr uint64_t modelType = 3, whitespaceAsSuffix = 24, fallback = 35, bytePair = 2;
    if (field.number == modelType)
      model.isBytePair = field.value == bytePair;
    if (field.number == whitespaceAsSuffix)
      model.spaceIsSuffix = field.value;
    if (field.number == fallback)
      model.byteFallback = field.value;
    return true;
  });
}

static bool readNormalizer(std::string_view bytes, SentencePieceModel &model) {
  return visitFields(bytes, [&](const WireField &field) {
    constexpr uint64_t characters = 2, dummyPrefix = 3, extraSpaces = 4, escape = 5;
    if (field.number == characters)
      model.rewritesText = !field.bytes.empty();
    if (field.number == dummyPrefix)
      model.prefixesSpace = field.value;
    if (field.number == extraSpaces)
      model.removesSpaces = field.value;
    if (field.number == escape)
      model.escapesSpaces = field.value;
    return true;
  });
}

std::optional<SentencePieceModel> readSentencePieceModel(std::string_view bytes) {
  SentencePieceModel model;
  bool whole = visitFields(bytes, [&](const WireField &field) {
    return field.number == 1   ? readPiece(field.bytes, model)
           : field.number == 2 ? readTrainer(field.bytes, model)
           : field.number == 3 ? readNormalizer(field.bytes, model)
                               : true;
  });
  return whole ? std::optional(std::move(model)) : std::nullopt;
}

} // namespace roux::data
