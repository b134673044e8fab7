//===- Parallel.cpp - threads that take the next piece --------------------===//
//
// Threads live for one call: pieces are megabytes, so starting threads is noise.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
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

namespace {

/// Pieces that are done and wait for those before them.
class Turnstile {
public:
  Turnstile(size_t pieces, size_t window, const std::function<void(size_t)> &commit)
      : window(window), failed(pieces), commit(commit) {}

  /// The next piece to work on; false when there is none. Waits while too many
  /// wait for their turn.
  bool take(size_t &piece) {
    std::unique_lock lock(mutex);
    moved.wait(lock, [&] { return next >= failed || next < committed + window; });
    if (next >= failed)
      return false;
    piece = next++;
    return true;
  }

  /// Commits `piece` and those behind it that are done, unless another thread
  /// does so already.
  void done(size_t piece) {
    std::unique_lock lock(mutex);
    ready.insert(piece);
    if (std::exchange(committing, true))
      return;
    while (committed < failed && ready.erase(committed)) {
      lock.unlock();
      try {
        commit(committed);
      } catch (...) {
        lock.lock();
        fail(committed);
        break;
      }
      lock.lock();
      ++committed;
      moved.notify_all();
    }
    committing = false;
  }

  void failHere(size_t piece) {
    std::lock_guard lock(mutex);
    fail(piece);
  }
  void rethrow() {
    if (error)
      std::rethrow_exception(error);
  }

private:
  void fail(size_t piece) {
    if (piece < failed) {
      failed = piece;
      error = std::current_exception();
    }
    moved.notify_all();
  }

  size_t window, failed, next = 0;
  size_t committed = 0; ///< changed only by the thread that commits
  bool committing = false;
  std::set<size_t> ready;
  std::exception_ptr error;
  std::mutex mutex;
  std::condition_variable moved;
  const std::function<void(size_t)> &commit;
};

} // namespace

void inOrder(size_t pieces, unsigned threads, size_t ahead,
             const std::function<void(size_t, unsigned)> &work,
             const std::function<void(size_t)> &commit) {
  size_t workers = std::max<size_t>(1, std::min<size_t>(countThreads(threads), pieces));
  Turnstile turnstile(pieces, workers * ahead, commit);
  inParallel(workers, static_cast<unsigned>(workers), [&](size_t thread, unsigned) {
    for (size_t piece; turnstile.take(piece);) {
      try {
        work(piece, static_cast<unsigned>(thread));
      } catch (...) {
        turnstile.failHere(piece);
        continue;
      }
      turnstile.done(piece);
    }
  });
  turnstile.rethrow();
}

} // namespace roux::data
