//===- ThreadPool.h - the threads that run kernels ------------------------===//
//
// Fork and join over work items that are numbered and independent. Items are
// cut into chunks by their number alone; which thread takes a chunk is left to
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

class ThreadPool {
public:
  /// `threads` >= 1 counts the caller's.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return static_cast<unsigned>(workers.size()) + 1; }

  /// Calls run(begin, end, thread) until [0, items) is covered, and returns when all have returned.
  /// `run` must not throw. One call at a time.
  void run(int64_t items, const std::function<void(int64_t, int64_t, unsigned)> &run);

private:
  void work(unsigned thread);
  void takeChunks(unsigned thread);

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake, done;
  uint64_t round = 0;
  unsigned busy = 0;
  bool stop = false;
  const std::function<void(int64_t, int64_t, unsigned)> *task = nullptr;
  int64_t items = 0, chunk = 1;
  std::atomic<int64_t> next{0};
};

} // namespace roux
