//===- JsonRecord.h - one line of JSON into a record ----------------------===//
//
// simdjson's on-demand parser looks only at what is asked for; a record is
// accepted only when all of it is JSON, so everything is walked, read or not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"
#include "runtime/data/records/RecordError.h"

#include <memory>
#include <string_view>

namespace roux::data {

/// Reads records of one kind of source. Owns the parser's buffers: one reader a thread.
class JsonRecordReader {
public:
  JsonRecordReader(SourceKind kind, Layout layout);
  ~JsonRecordReader();
  JsonRecordReader(JsonRecordReader &&) noexcept;

  /// Reads `json`, after which Bytes::padding more bytes must be readable. The record is valid
  /// until the next call. Throws RecordProblem: no JSON, no object, or not of the layout.
  Record &read(std::string_view json);

private:
  struct State;
  std::unique_ptr<State> state;
};

/// Throws RecordProblem unless `json` is one JSON value; any value, not only an object. Numbers may
/// be of any size.
void validateJson(std::string_view json);

} // namespace roux::data
