//===- Cursor.h - what is being written ------------------------------------===//
//
// A recipe that is being typed does not parse, so what may come next is found from the
// tokens before the cursor.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/language/Document.h"

namespace roux::language {

/// The brackets that are open before the cursor, innermost last, beginning with the file itself.
struct OpenBracket {
  enum class Kind { File, Block, Call, List };
  Kind kind = Kind::File;
  std::string_view owner;                ///< the kind of definition, or the function
  std::vector<std::string_view> written; ///< keys and arguments that were named
  std::string_view key;                  ///< whose value is being written; empty: none's
  size_t positional = 0;                 ///< arguments before this one that have no name
  bool afterPipe = false;                ///< a `|` stands directly before
  bool begins = true;                    ///< nothing of this entry is written yet
};

struct Cursor {
  std::vector<OpenBracket> open;
  std::string_view definitionKind; ///< of the definition that is being written; empty: none
};

Cursor cursorAt(const Document &document, size_t offset);

} // namespace roux::language
