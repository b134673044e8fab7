//===- Mistakes.h - the kinds of mistakes, by name ------------------------===//
//
// Every diagnostic ends in the name of its kind: what a script can look for, a
// search engine can find and `roux explain` tells more about. Names stay when
// words of a message change.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace roux {

enum class Code : uint8_t {
  Encoding,
  Character,
  Number,
  Text,
  Syntax,
  TooMuch,
  UnknownKind,
  Form,
  Reserved,
  UnknownName,
  UnknownKey,
  MissingKey,
  WrittenTwice,
  DefinedTwice,
  ExtraValue,
  WrongValue,
  WrongUnit,
  OutOfRange,
  Together,
  Formula,
  NotKnownHere,
  Prompt,
  Seed,
  Setting,
  Use,
  Cycle,
  Unused,
  NoFile,
  Refused,
  NotYet,
  Failed,
};

struct MistakeRow {
  Code code;
  std::string_view name;   ///< "unknown-key"
  std::string_view title;  ///< what is wrong, in a line
  std::string_view text;   ///< why it is one, and the way out
  std::string_view around; ///< what the examples are part of: "train", "data", "file"…
  std::string_view wrong;
  std::string_view right;
};

std::span<const MistakeRow> mistakes();
/// Its name: "unknown-key".
std::string_view spelling(Code code);
/// nullptr when no kind of mistake has that name.
const MistakeRow *findMistake(std::string_view name);
/// What `roux explain` says of one.
std::string explanation(const MistakeRow &row);
/// The page docs/mistakes.md.
std::string mistakesPage();

} // namespace roux
