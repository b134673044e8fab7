//===- LineEditor.cpp - a line from a terminal, with arrows and a past ----===//
//
// See the header. Debian's libedit2 has the functions of readline under their
// names, and LLVM brings it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/LineEditor.h"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <iostream>
#include <unistd.h>

namespace roux {

LineEditor::LineEditor() : typed(isatty(STDIN_FILENO)) {
  if (!typed || !isatty(STDERR_FILENO))
    return;
  void *library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return;
  auto *stream = static_cast<FILE **>(dlsym(library, "rl_outstream"));
  edit = reinterpret_cast<char *(*)(const char *)>(dlsym(library, "readline"));
  remember = reinterpret_cast<int (*)(const char *)>(dlsym(library, "add_history"));
  if (!stream || !edit || !remember) {
    edit = nullptr;
    return;
  }
  std::setlocale(LC_CTYPE, ""); // it counts characters to know where the cursor stands
  *stream = stderr;
}

std::optional<std::string> LineEditor::read(const char *prompt) {
  if (!edit) {
    if (typed)
      std::fputs(prompt, stderr);
    std::string line;
    return std::getline(std::cin, line) ? std::optional(std::move(line)) : std::nullopt;
  }
  char *written = edit(prompt);
  if (!written)
    return std::nullopt;
  std::string line = written;
  std::free(written);
  if (!line.empty())
    remember(line.c_str());
  return line;
}

} // namespace roux
