//===- ThreadPoolTest.cpp - every item runs once --------------------------===//
//
// Also many short launches in a row, where a worker that wakes late could take
// a chunk of the next launch.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/ThreadPool.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <sys/resource.h>
#include <unistd.h>

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

/// Items of a run share work, so runs are few; the last ones are short, so that threads end
/// together.
TEST(ThreadPool, CutsRunsAsLongForEachThread) {
  ThreadPool pool(2);
  std::mutex mutex;
  std::vector<int64_t> lengths;
  pool.run(64, Sharing::Runs, [&](int64_t begin, int64_t end, unsigned) {
    std::lock_guard lock(mutex);
    lengths.push_back(end - begin);
  });
  std::ranges::sort(lengths, std::greater());
  EXPECT_EQ(lengths, (std::vector<int64_t>{28, 28, 3, 3, 1, 1}));
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

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
/// Where the system gives no more threads the pool says so; it used to wait for those it had, for
/// ever and with the run's lock.
TEST(ThreadPool, RefusesMoreThreadsThanCanBeHad) {
  EXPECT_EXIT(
      {
        alarm(60);
        rlimit limit{};
        getrlimit(RLIMIT_AS, &limit);
        limit.rlim_cur = rlim_t(4) << 30; // every thread reserves its stack
        setrlimit(RLIMIT_AS, &limit);
        try {
          ThreadPool pool(100'000);
        } catch (const std::exception &error) {
          std::fprintf(stderr, "%s\n", error.what());
          ThreadPool again(2); // what the others had is free again
          std::exit(3);
        }
        std::exit(0);
      },
      testing::ExitedWithCode(3), "only [0-9]+ of 100000 threads could be started: ");
}
#endif
