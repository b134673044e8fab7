//===- Record.h - one record of a data file, whatever its layout ----------===//
//
// Every published layout (messages, ShareGPT, Alpaca, prompt and completion, text,
// ids) is read into this one form, so nothing after the reader knows layouts.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// Which keys a record has. Auto: told from the keys of each record.
enum class Layout : uint8_t {
  Auto,
  Messages,
  ShareGPT,
  Alpaca,
  ChatCompletion, ///< prompt and completion that are lists of messages
  Completion,
  Text,
  Tokens,
  Pairs ///< prompt, chosen and rejected
};
inline constexpr size_t layoutCount = 9;
std::string_view spelling(Layout layout);

/// Which construct reads: chat(…), completion(…), text(…), tokens(…) or pairs(…).
enum class SourceKind : uint8_t { Chat, Completion, Text, Tokens, Pairs };

/// One turn. `json` is the whole message where a template may want more than role and content,
/// under whatever names its layout has for those; empty where there is no more.
struct Message {
  std::string_view role, content, json;
  bool trained = true;    ///< false: its author says that it is not to be a target
  bool rewritten = false; ///< `json` still holds another content
};

/// A member of the record that is not its content: what field("name") reads.
struct Field {
  /// Half: a text, or a list or object with one, that holds half of a pair of surrogates, for which
  /// there is no character. It is good JSON, and nobody's to read.
  enum class Kind : uint8_t { Text, Number, Boolean, Null, Json, Half };
  std::string_view name;
  Kind kind;
  std::string_view text; ///< Text: without quotes and escapes; else as it stands in the file
};

/// What is wrong with a field of kind Half.
std::string halfOf(std::string_view name);

/// Views into the reader's buffers, valid until its next record, and into `owned`.
struct Record {
  uint64_t ordinal = 0; ///< line of its file or number of its file, from 0, over all files
  Layout layout = Layout::Auto;
  std::vector<Message> messages; ///< of the chat layouts; a completion is a user's and an answer
  /// Pairs: the conversation with the other answer; `messages` is the one with the chosen. What
  /// both begin with is not trained.
  std::vector<Message> rejected;
  std::string_view document;   ///< Text
  std::vector<int32_t> ids;    ///< Tokens
  std::vector<int32_t> labels; ///< Tokens: as many as ids, or none
  std::vector<Field> fields;
  /// Keys of messages that only a chat template can read, each once.
  std::vector<std::string_view> messageKeys;
  std::deque<std::string> owned; ///< text that an operation made

  void clear();
  const Field *find(std::string_view name) const;
  /// find() for who needs the value. Throws RecordError where it is half of a character.
  const Field *read(std::string_view name) const;
  /// Keeps `text` as long as the record and returns where it is.
  std::string_view own(std::string text) { return owned.emplace_back(std::move(text)); }
};

} // namespace roux::data
