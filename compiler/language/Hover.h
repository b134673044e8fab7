//===- Hover.h - what stands under the cursor ------------------------------===//
//
// Its value with all that follows from units, params and defaults, where that comes
// from, and what the word means.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/language/Document.h"

namespace roux::language {

/// Markdown, and the range it is about.
struct Hover {
  std::string text;
  SourceRange where;
};

std::optional<Hover> hoverAt(const Document &document, size_t offset);

/// Where the definition that stands at `offset` is made; in another file where it is used from
/// there.
std::optional<SourceRange> definitionAt(const Document &document, size_t offset);

/// The word at `offset`; empty where there is none.
SourceRange wordAt(const Document &document, size_t offset);

} // namespace roux::language
