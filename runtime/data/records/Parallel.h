//===- Parallel.h - independent pieces of work on several threads ---------===//
//
// Reading and tokenizing split into pieces whose results do not depend on which
// thread does them; the pieces are handed out in order and joined in order.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <functional>

namespace roux::data {

/// Calls `work(piece, thread)` once for every piece below `pieces`, on at most `threads` threads
/// (0: as many as the machine has). When pieces throw, the exception of the first of them by number
/// comes out, after all that had begun have ended.
void inParallel(size_t pieces, unsigned threads,
                const std::function<void(size_t piece, unsigned thread)> &work);
/// How many threads inParallel uses for this request.
unsigned countThreads(unsigned threads);

} // namespace roux::data
