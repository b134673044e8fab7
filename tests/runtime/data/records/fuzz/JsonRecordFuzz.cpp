// Any bytes as a record: reading ends, stays in its memory, and accepts nothing that simdjson's own
// whole-document parser refuses (but for numbers that it has no type for).
#include "runtime/data/records/Bytes.h"
#include "runtime/data/records/JsonRecord.h"

#include <cstdio>
#include <cstdlib>
#include <simdjson.h>

using namespace roux::data;

static bool isJson(std::string_view text) {
  simdjson::dom::parser parser;
  auto error = parser.parse(text.data(), text.size()).error();
  return !error || error == simdjson::NUMBER_ERROR;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string padded(data, data + size);
  padded.append(Bytes::padding, ' ');
  std::string_view json = std::string_view(padded).substr(0, size);
  bool accepted = false;
  for (SourceKind kind : {SourceKind::Chat, SourceKind::Completion, SourceKind::Text,
                          SourceKind::Tokens, SourceKind::Pairs})
    try {
      JsonRecordReader reader(kind, Layout::Auto);
      Record &record = reader.read(json);
      for (const Message &message : record.rejected)
        accepted |= message.content.size() < SIZE_MAX;
      for (const Message &message : record.messages)
        accepted |= message.content.size() + message.role.size() < SIZE_MAX;
      accepted = true;
    } catch (const RecordProblem &problem) {
      if (problem.byte > size)
        std::abort();
    }
  try {
    validateJson(json);
    accepted = true;
  } catch (const RecordProblem &) {
  }
  if (accepted && !isJson(json)) {
    std::fprintf(stderr, "accepted, but no JSON: %.*s\n", static_cast<int>(size), padded.data());
    std::abort();
  }
  return 0;
}
