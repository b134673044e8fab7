//===- AsyncCopies.h - cp.async, from begin to arrival ---------------------===//
//
// What a thread has begun to copy arrives at any time until it waits for it. Here
// that is as late as may be, so that a wait that is missing shows, or at once, so
// that a copy shows that begins too early.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Table.h"

#include <deque>

namespace roux::simt {

struct AsyncCopy {
  char *to;
  const char *from;
  uint32_t bytes, given; ///< of which so many are copied, and the others 0
  uint32_t group;
  const SimtSite *site;
};

/// The copies of a thread that have not arrived.
class AsyncCopies {
public:
  void clear();
  /// Begins one, for the current thread. `given` is at most `bytes`.
  void begin(char *to, const char *from, uint32_t bytes, uint32_t given, const SimtSite *site);
  void commit() { ++group; }
  /// All of them arrive but those of the last `pending` groups.
  void waitFor(uint32_t pending);

private:
  std::deque<AsyncCopy> copies; ///< in their order
  uint32_t group = 0;           ///< that copies go to
};

/// cp.async and its groups.
std::span<const SimtInstruction> copyInstructions();

} // namespace roux::simt
