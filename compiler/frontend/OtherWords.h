//===- OtherWords.h - what people write who come from other tools ---------===//
//
// Somebody who writes `num_epochs` did not mistype a key of ours: they know what
// they want by another name. An error that names ours saves the way through the
// reference. docs/coming-from.md is the same for readers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>

namespace roux {

/// How `word`, written as a key of `owner` or where `owner` is expected, is written here: "; write
/// …", or what stands in its place; "" for a word that no table knows.
std::string writtenHere(std::string_view word, std::string_view owner);
/// The same for a word that is nearly one of a table, to be asked when nothing of ours is nearer.
std::string nearlyWrittenHere(std::string_view word, std::string_view owner);

} // namespace roux
