//===- Parallel.cpp - threads that take the next piece --------------------===//
//
// Threads live for one call: pieces are megabytes, so starting threads is noise.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace roux::data {

unsigned countThreads(unsigned threads) {
  return threads ? threads : std::max(1u, std::thread::hardware_concurrency());
}

void inParallel(size_t pieces, unsigned threads,
                const std::function<void(size_t, unsigned)> &work) {
  std::atomic<size_t> next = 0, failed = pieces;
  std::exception_ptr error;
  std::mutex mutex;
  auto run = [&](unsigned thread) {
    for (size_t piece; (piece = next++) < failed;) {
      try {
        work(piece, thread);
      } catch (...) {
        // Pieces before this one still run: the first problem of the data is the one reported.
        std::lock_guard lock(mutex);
        if (piece < failed) {
          failed = piece;
          error = std::current_exception();
        }
      }
    }
  };
  std::vector<std::thread> others;
  try {
    for (unsigned thread = 1; thread < std::min<size_t>(countThreads(threads), pieces); ++thread)
      others.emplace_back(run, thread);
  } catch (const std::exception &) {
    // Those that could be had do the work: only how long it takes depends on their number.
  }
  run(0);
  for (std::thread &other : others)
    other.join();
  if (error)
    std::rethrow_exception(error);
}

} // namespace roux::data
