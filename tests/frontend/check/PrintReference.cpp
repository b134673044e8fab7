//===- PrintReference.cpp - the generated half of recipes/README.md -------===//
//
// After a change to the table of constructs, what this prints replaces the part
// of the README between its two markers; ReferenceTest compares them.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Reference.h"

#include <cstdio>

int main() {
  std::fputs(roux::referenceTables().c_str(), stdout);
}
