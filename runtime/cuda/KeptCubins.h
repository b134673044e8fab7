//===- KeptCubins.h - a GPU's code, assembled on many threads, once -------===//
//
// A program has some fifty functions, which take a process of 13 to 90 ms each; most
// are in other programs too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/PTXAssembler.h"
#include "runtime/cuda/SplitPTX.h"

#include <atomic>

namespace roux::cuda {

class KeptCubins {
public:
  /// `assembler` must outlive it. Nothing is kept where `folder` is empty; one that cannot be
  /// written is used as far as it can.
  KeptCubins(PTXAssembler &assembler, std::string folder, std::string architecture)
      : assembler(assembler), folder(std::move(folder)), architecture(std::move(architecture)) {}

  /// The cubin of each function. Throws CudaError that names one that the assembler does not take,
  /// with its words.
  std::vector<std::string> of(const std::vector<PTXFunction> &functions);

  /// The file in which that one's is kept.
  std::string pathOf(const PTXFunction &function) const;
  size_t made() const { return countMade; }

private:
  std::string find(const PTXFunction &function);

  PTXAssembler &assembler;
  std::string folder, architecture;
  std::atomic<size_t> countMade = 0;
};

} // namespace roux::cuda
