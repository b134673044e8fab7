//===- KeptCubins.cpp - a GPU's code, assembled on many threads, once -----===//
//
// See the header. A file begins with its own name, so that one of another name, which
// is as whole, is not taken for it.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/KeptCubins.h"

#include "runtime/KeptFile.h"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <numeric>
#include <thread>

namespace roux::cuda {

std::string KeptCubins::pathOf(const PTXFunction &function) const {
  return fmt::format(
      "{}/{}.cubin", folder,
      digestOf(fmt::format("{}\n{}\n{}", assembler.name(), architecture, function.module)));
}

std::string KeptCubins::find(const PTXFunction &function) {
  std::string path = folder.empty() ? "" : pathOf(function);
  std::string name = path.substr(folder.size());
  if (std::optional<std::string> kept = path.empty() ? std::nullopt : readKept(path);
      kept && kept->starts_with(name))
    return kept->substr(name.size());
  std::string cubin;
  try {
    cubin = assembler.assemble(function.module, architecture);
  } catch (const CudaError &error) {
    throw CudaError(fmt::format("{} does not take '{}' for {}: {}", assembler.name(), function.name,
                                architecture, error.what()));
  }
  ++countMade;
  if (!path.empty())
    keep(path, name + cubin);
  return cubin;
}

std::vector<std::string> KeptCubins::of(const std::vector<PTXFunction> &functions) {
  // The longest first: one that begins last is waited for by all threads.
  std::vector<size_t> order(functions.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, std::greater(),
                    [&](size_t at) { return std::pair(functions[at].module.size(), at); });
  std::vector<std::string> cubins(functions.size());
  std::atomic<size_t> next = 0;
  std::mutex guard;
  std::exception_ptr failed; // of those that are refused the first: all before it have begun
  size_t failedAt = order.size();
  auto work = [&] {
    for (size_t at; (at = next++) < order.size();)
      try {
        cubins[order[at]] = find(functions[order[at]]);
      } catch (...) {
        std::lock_guard alone(guard);
        if (at < failedAt)
          failed = std::current_exception(), failedAt = at;
        next = order.size();
      }
  };
  {
    std::vector<std::jthread> others;
    size_t threads = std::max(1u, std::thread::hardware_concurrency());
    while (others.size() + 1 < std::min(threads, functions.size()))
      others.emplace_back(work);
    work();
  }
  if (failed)
    std::rethrow_exception(failed);
  return cubins;
}

} // namespace roux::cuda
