//===- PrintReference.cpp - pages that are made of the checker's tables ---===//
//
// After a change to the table of constructs, what this prints replaces the part
// of recipes/README.md between its two markers; after one to the table of
// mistakes, what `print-reference mistakes` prints is docs/mistakes.md.
// ReferenceTest and MistakesTest compare them.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Mistakes.h"
#include "compiler/frontend/Reference.h"

#include <cstdio>
#include <string_view>

int main(int argc, char **argv) {
  bool isMistakes = argc > 1 && std::string_view(argv[1]) == "mistakes";
  std::fputs((isMistakes ? roux::mistakesPage() : roux::referenceTables()).c_str(), stdout);
}
