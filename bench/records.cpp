// How fast records are read: `records-bench FILE [THREADS [RUNS]]` indexes a file of chats, which
// validates every byte of it, and then reads every record again. Prints MB/s of the uncompressed
// file: median, smallest and largest of the runs, and per second of processor time, which is what
// to compare on a machine that others use; beside a copy of the same bytes in memory.
#include "runtime/data/records/RecordSource.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>

using namespace roux::data;

static void measure(const char *what, double bytes, int runs, const std::function<void()> &work) {
  std::vector<double> rates;
  std::clock_t before = std::clock();
  for (int run = 0; run < runs; ++run) {
    auto begin = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    rates.push_back(bytes / seconds.count() / 1e6);
  }
  std::sort(rates.begin(), rates.end());
  double processor = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  std::printf("%-24s %8.0f MB/s (%.0f .. %.0f, %d runs); %.0f MB a processor second\n", what,
              rates[rates.size() / 2], rates.front(), rates.back(), runs,
              bytes * runs / processor / 1e6);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: records-bench FILE [THREADS [RUNS]]\n");
    return 2;
  }
  unsigned threads = argc > 2 ? std::atoi(argv[2]) : 0;
  int runs = argc > 3 ? std::atoi(argv[3]) : 9;
  Bytes bytes(argv[1]);
  auto size = static_cast<double>(bytes.view().size());
  std::vector<char> copy(bytes.view().size());
  measure("copy in memory", size, runs,
          [&] { std::memcpy(copy.data(), bytes.view().data(), copy.size()); });

  SourceSpec spec;
  spec.name = "bench";
  spec.files = argv[1];
  Ledger ledger;
  measure("index and validate", size, runs, [&] { RecordSource(spec, ledger, threads); });
  RecordSource source(spec, ledger, threads);
  RecordSource::Reader reader(source);
  size_t messages = 0;
  measure("read again, one thread", size, runs, [&] {
    for (uint64_t i = 0; i < source.size(); ++i)
      messages += reader.read(i).messages.size();
  });
  std::printf("%llu records, %zu messages a pass\n", static_cast<unsigned long long>(source.size()),
              messages / runs);
}
