// Any bytes at all: reading must end, stay within its memory, and say something when it refuses;
// what it accepts must survive the formatter unchanged in meaning.
#include "compiler/frontend/ASTPrinter.h"
#include "compiler/frontend/Formatter.h"
#include "compiler/frontend/Parser.h"

#include <cstdio>
#include <cstdlib>

using namespace roux;

static void require(bool holds, const char *what, const std::string &text) {
  if (holds)
    return;
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SourceManager sources;
  uint32_t first = sources.add("fuzz.recipe", std::string(data, data + size));
  Diagnostics diagnostics(sources);
  std::unique_ptr<ast::File> tree = parse(sources, first, diagnostics);
  std::string print = printAST(*tree, nullptr);
  diagnostics.text();
  diagnostics.json();
  if (diagnostics.hasErrors())
    return 0;

  std::string once = format(sources, *tree);
  uint32_t second = sources.add("formatted.recipe", once);
  std::unique_ptr<ast::File> again = parse(sources, second, diagnostics);
  require(!diagnostics.hasErrors(), "the formatted recipe does not parse", once);
  require(printAST(*again, nullptr) == print, "formatting changed the tree", once);
  require(again->comments.size() == tree->comments.size(), "formatting lost a comment", once);
  require(format(sources, *again) == once, "formatting twice differs from once", once);
  return 0;
}
