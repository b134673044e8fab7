//===- AST.cpp - the words of the language, one table each ----------------===//
//
// Parser, printer, formatter and messages all take the spelling of a kind or an
// operator from here, so they cannot disagree.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/AST.h"

#include <cstring>

namespace roux::ast {

std::string_view spelling(Kind kind) {
  static constexpr std::string_view names[] = {"param", "prompt", "tokenizer", "model", "data",
                                               "score", "train",  "eval",      "run"};
  return names[static_cast<size_t>(kind)];
}

std::string_view spelling(BinaryOp op) {
  static constexpr std::string_view names[] = {"or", "and",    "==", "!=", "<", "<=", ">", ">=",
                                               "in", "not in", "+",  "-",  "*", "/",  "^", "over"};
  return names[static_cast<size_t>(op)];
}

std::string_view File::keep(std::string_view text) {
  auto *kept = static_cast<char *>(arena.allocate(text.size(), 1));
  std::memcpy(kept, text.data(), text.size());
  return {kept, text.size()};
}

} // namespace roux::ast
