//===- Meaning.h - what a recipe says, whatever it looks like -------------===//
//
// Results are kept under what they are made from. Blanks, comments, 4Ki or 4096, a
// default that is written out, the place of a file and what a param is called make no
// other result, so none of them may be in this text; every value that does is in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"

#include <string>

namespace roux {

/// The seed, `definition` and all definitions that it reads, a line a key, in an order that does
/// not hang on the text. Names of files are left out: what is in them is for their readers to hash.
std::string meaningOf(const CheckedRecipe &recipe, const CheckedDefinition &definition);

/// One value in that form.
std::string meaningOf(const CheckedValue &value);

} // namespace roux
