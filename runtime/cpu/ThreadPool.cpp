//===- ThreadPool.cpp - the threads that run kernels ----------------------===//
//
// Workers sleep between launches rather than spin: a spinning pool beside
// another halves a small machine.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/ThreadPool.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace roux {

/// Chunks per thread: enough that a thread held up by another process does not hold up the rest.
static constexpr int64_t chunksPerThread = 8;

ThreadPool::ThreadPool(unsigned threads) {
  try {
    for (unsigned i = 1; i < threads; ++i)
      workers.emplace_back([this, i] { work(i); });
  } catch (const std::exception &error) {
    // Those that wait for work have to end before what they wait on does.
    unsigned had = this->threads();
    end();
    throw std::runtime_error(
        fmt::format("only {} of {} threads could be started: {}", had, threads, error.what()));
  }
}

ThreadPool::~ThreadPool() {
  end();
}

void ThreadPool::end() {
  {
    std::lock_guard lock(mutex);
    stop = true;
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

int64_t ThreadPool::share(int64_t begin) const {
  if (sharing == Sharing::Chunks)
    return chunk;
  int64_t many = threads(), first = 0; // of a round in which each thread gets as much
  while (true) {
    int64_t each = (items - first) * 7 / (8 * many);
    if (each <= 1 || begin < first + each * many)
      return std::max<int64_t>(1, each);
    first += each * many;
  }
}

void ThreadPool::takeChunks(unsigned thread) {
  while (true) {
    int64_t begin = next.load(std::memory_order_relaxed), end;
    do {
      if (begin >= items)
        return;
      end = std::min(begin + share(begin), items);
    } while (!next.compare_exchange_weak(begin, end, std::memory_order_relaxed));
    (*task)(begin, end, thread);
  }
}

void ThreadPool::work(unsigned thread) {
  uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return stop || round != seen; });
      if (stop)
        return;
      seen = round;
    }
    takeChunks(thread);
    std::lock_guard lock(mutex);
    if (--busy == 0)
      done.notify_one();
  }
}

void ThreadPool::run(int64_t count, Sharing how,
                     const std::function<void(int64_t, int64_t, unsigned)> &function) {
  if (count <= 0)
    return;
  if (workers.empty() || count == 1) {
    function(0, count, 0);
    return;
  }
  {
    std::lock_guard lock(mutex);
    task = &function;
    items = count;
    sharing = how;
    chunk = std::max<int64_t>(1, count / (threads() * chunksPerThread));
    next.store(0, std::memory_order_relaxed);
    busy = static_cast<unsigned>(workers.size());
    ++round;
  }
  wake.notify_all();
  takeChunks(0);
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return busy == 0; });
}

} // namespace roux
