//===- ChatExtents.h - which bytes of a rendering are whose ---------------===//
//
// An answer is what the template writes for its message behind what stands before it
// when it is asked for: its words, tool calls with their closing words, the thoughts'
// marks, and what ends it. Of other messages it is what they say.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/ChatTemplate.h"

namespace roux::data {

/// Bytes [begin, end) of the rendering that are one message's.
struct ChatExtent {
  uint32_t begin = 0, end = 0;
  int32_t message = -1; ///< -1: a generation block that stands in no message's turn
  bool answer = false;  ///< is trained where answers are
  bool exact = false;   ///< ends where it says; else with the token that ends its turn
  uint32_t said = 0;    ///< of an answer: behind the last byte that the data hold
};

/// In order of their begin. `scene` is of `record`, and `text` its rendering.
std::vector<ChatExtent> extentsOf(const Text &text, const Record &record, const ChatTemplate &chat,
                                  const ChatScene &scene);

} // namespace roux::data
