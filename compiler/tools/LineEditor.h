//===- LineEditor.h - a line from a terminal, with arrows and a past ------===//
//
// On a terminal a line is edited and earlier ones come back; on a pipe it is read
// as it stands. The editing is libedit's, opened where it is there, so that nothing
// depends on it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string>

namespace roux {

class LineEditor {
public:
  /// Edits only if both stdin and stderr, on which the prompt is written, are a terminal.
  LineEditor();

  /// The next line without its end; nothing at the end of the input. On a terminal `prompt` stands
  /// before it.
  std::optional<std::string> read(const char *prompt);
  bool isTyped() const { return typed; }

private:
  bool typed;
  char *(*edit)(const char *) = nullptr;   ///< libedit's readline; nullptr: it is not there
  int (*remember)(const char *) = nullptr; ///< its add_history
};

} // namespace roux
