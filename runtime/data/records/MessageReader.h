//===- MessageReader.h - lists of messages out of a record's JSON ---------===//
//
// The same list stands under `messages`, `conversations`, `prompt` and `completion`;
// its messages are read in one way wherever it is.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/JsonWalk.h"
#include "runtime/data/records/Record.h"
#include "runtime/data/records/RecordKeys.h"

namespace roux::data {

class MessageReader {
public:
  MessageReader(JsonWalk &walk, Record &record) : walk(walk), record(record) {}

  /// Appends the messages of `value`, an array. Throws RecordProblem.
  void read(JsonValue value);
  /// The same of a document that is nothing but the array.
  void readDocument();

private:
  /// A message while it is read.
  struct Draft {
    Message message;
    bool hasRole = false, hasContent = false, mayBeEmpty = false;
  };
  void readMessage(JsonValue value);
  void readMember(std::string_view key, JsonValue value, Draft &draft);
  void readOther(std::string_view key, MessageKey use, JsonValue value, Draft &draft);
  /// Whether the value of `key` lets its message be trained.
  bool readMark(std::string_view key, JsonValue value);
  [[noreturn]] void fail(std::string_view key, std::string_view what);

  JsonWalk &walk;
  Record &record;
  KeySet keys;
};

} // namespace roux::data
