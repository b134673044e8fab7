//===- Diagnostic.h - what is wrong with a recipe, and where --------------===//
//
// One run reports every independent mistake. A diagnostic says what was found
// and what was expected, in the user's words; then at most one hint; then the
// other places that matter.
//
//   gpt2.recipe:14:3: error: unknown key 'lr_sched' in adamw; did you mean 'lr'? [unknown-key]
//     lr_sched: cosine
//     ^~~~~~~~
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Mistakes.h"
#include "compiler/frontend/Source.h"

#include <span>
#include <string>
#include <vector>

namespace roux {

enum class Severity : uint8_t { Error, Warning };

struct DiagnosticNote {
  SourceRange where;
  std::string message;
};

struct Diagnostic {
  Severity severity = Severity::Error;
  Code code = Code::Syntax;
  SourceRange where;
  std::string message; ///< lower case, no final period
  std::vector<DiagnosticNote> notes;

  Diagnostic &note(SourceRange where, std::string message);
};

/// Collects diagnostics in the order found; prints them in the order of the text. Keeps the first
/// `limit` and counts the rest, so that a broken file cannot fill the screen or the memory.
class Diagnostics {
public:
  static constexpr size_t limit = 200;

  explicit Diagnostics(const SourceManager &sources) : sources(sources) {}

  Diagnostic &error(Code code, SourceRange where, std::string message);
  Diagnostic &warning(Code code, SourceRange where, std::string message);
  bool hasErrors() const { return errors != 0; }
  size_t errorCount() const { return errors; }
  const std::vector<Diagnostic> &all() const { return found; }

  /// Human form: file:line:column, message, the line with a caret range, notes.
  std::string text() const;
  /// `--diagnostics=json`: one JSON object a line.
  std::string json() const;

private:
  const SourceManager &sources;
  std::vector<Diagnostic> found;
  size_t errors = 0;
  size_t left = 0;    ///< found after the limit was reached
  Diagnostic ignored; ///< where notes for those go

  Diagnostic &add(Severity severity, Code code, SourceRange where, std::string message);
};

/// `text` as a JSON string, quotes included; always valid UTF-8.
std::string jsonString(std::string_view text);

/// The one of `known` that `name` was probably meant to be, or "" when none is close.
std::string_view nearestName(std::string_view name, std::span<const std::string_view> known);
/// "; did you mean 'lr'?" or "".
std::string didYouMean(std::string_view name, std::span<const std::string_view> known);

} // namespace roux
