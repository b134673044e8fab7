//===- Reference.h - the tables of the language reference -----------------===//
//
// Printed from the table of constructs, so that recipes/README.md cannot say
// something else than the checker does.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

namespace roux {

/// Markdown: every kind, key, function, policy, option, word and attribute with what it takes, its
/// default, its meaning, an example and its status.
std::string referenceTables();

} // namespace roux
