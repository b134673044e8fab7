//===- ThreadPool.h - the threads that run kernels ------------------------===//
//
// Fork and join over work items that are numbered and independent. Items are
// cut into chunks; which thread takes a chunk is left to
// whoever is free, and nothing computed depends on it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace roux {

/// How items are cut into chunks. Of items that may differ in length each thread gets many small
/// chunks. Items that follow each other may share work: then a chunk is most of a thread's even
/// part, as long for each, and what is left is cut up again, so that threads still end together.
enum class Sharing : uint8_t { Chunks, Runs };

class ThreadPool {
public:
  /// `threads` >= 1 counts the caller's. Throws std::runtime_error where so many cannot be had.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return static_cast<unsigned>(workers.size()) + 1; }

  /// Calls run(begin, end, thread) until [0, items) is covered, and returns when all have returned.
  /// `run` must not throw. One call at a time.
  void run(int64_t items, Sharing how, const std::function<void(int64_t, int64_t, unsigned)> &run);

private:
  /// Waits for all workers.
  void end();
  void work(unsigned thread);
  void takeChunks(unsigned thread);
  int64_t share(int64_t begin) const;

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake, done;
  uint64_t round = 0;
  unsigned busy = 0;
  bool stop = false;
  const std::function<void(int64_t, int64_t, unsigned)> *task = nullptr;
  int64_t items = 0, chunk = 1;
  Sharing sharing = Sharing::Chunks;
  std::atomic<int64_t> next{0};
};

} // namespace roux
