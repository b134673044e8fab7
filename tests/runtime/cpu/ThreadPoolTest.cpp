//===- ThreadPoolTest.cpp - every item runs once --------------------------===//
//
// Also many short launches in a row, where a worker that wakes late could take
// a chunk of the next launch.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/ThreadPool.h"

#include <gtest/gtest.h>

using namespace roux;

TEST(ThreadPool, RunsEveryItemOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (Sharing how : {Sharing::Chunks, Sharing::Runs})
      for (int64_t items : {0, 1, 2, 7, 64, 1001}) {
        std::vector<std::atomic<int>> runs(items);
        pool.run(items, how, [&](int64_t begin, int64_t end, unsigned thread) {
          EXPECT_LT(thread, threads);
          for (int64_t i = begin; i < end; ++i)
            ++runs[i];
        });
        for (auto &count : runs)
          EXPECT_EQ(count, 1);
      }
  }
}

TEST(ThreadPool, KeepsLaunchesApart) {
  ThreadPool pool(4);
  for (int launch = 0; launch < 3000; ++launch) {
    std::atomic<int64_t> sum{0};
    pool.run(9, launch % 2 ? Sharing::Runs : Sharing::Chunks,
             [&](int64_t begin, int64_t end, unsigned) {
               for (int64_t i = begin; i < end; ++i)
                 sum += i + launch;
             });
    ASSERT_EQ(sum, 36 + 9 * launch);
  }
}
