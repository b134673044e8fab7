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
/// The same with a second half for each piece, `commit(piece)`, called by one
/// thread at a time and in the order of the pieces, while others work. At most
/// `ahead` pieces a thread wait for their turn. When a piece throws, those
/// before it are still committed.
void inOrder(size_t pieces, unsigned threads, size_t ahead,
             const std::function<void(size_t piece, unsigned thread)> &work,
             const std::function<void(size_t piece)> &commit);
/// How many threads inParallel uses for this request.
unsigned countThreads(unsigned threads);

} // namespace roux::data
