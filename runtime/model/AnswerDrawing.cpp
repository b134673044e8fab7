//===- AnswerDrawing.cpp - the keys of transformers -----------------------===//
//
// Of its many keys those that decide which token is drawn, for any model.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/AnswerDrawing.h"

#include "runtime/data/JsonNumbers.h"
#include "runtime/model/Weights.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace roux::model {

static constexpr std::string_view drawingKeys[] = {
    "do_sample", "temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty"};

AnswerDrawing readAnswerDrawing(const std::filesystem::path &file) {
  if (!std::filesystem::exists(std::filesystem::symlink_status(file)))
    return {};
  MappedFile mapped(file);
  std::span<const std::byte> bytes = mapped.bytes();
  std::string readable = data::withReadableNumbers(
      std::string_view(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (auto error = parser.parse(readable).get(object))
    throw ModelError(
        fmt::format("{}: is not JSON: {}", file.string(), simdjson::error_message(error)));
  AnswerDrawing drawing;
  for (std::string_view key : drawingKeys) {
    simdjson::dom::element value;
    if (object.at_key(key).get(value) || value.is_null())
      continue;
    if (!value.is_number() && !value.is_bool())
      throw ModelError(fmt::format("{}: {}: found {}, expected a number, true or false",
                                   file.string(), key, simdjson::to_string(value).substr(0, 60)));
    drawing.emplace_back(key, simdjson::to_string(value));
  }
  return drawing;
}

} // namespace roux::model
