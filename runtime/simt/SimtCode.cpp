//===- SimtCode.cpp - retargeted GPU code, loaded --------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/SimtCode.h"

#include <stdexcept>

namespace roux {

SimtCode::SimtCode(std::string_view sealedCode, const std::string &file) : code(sealedCode, file) {
  auto version = static_cast<const uint64_t *>(code.find(std::string(simtVersionSymbol)));
  if (*version != simtTableVersion())
    throw std::runtime_error("the program's code cannot be loaded: it was made for the emulator of "
                             "another version of roux");
  *static_cast<const void *const **>(code.find(std::string(simtTableSymbol))) = simtTable();
}

SimtFunction SimtCode::function(const std::string &phase) const {
  auto *shared = static_cast<const int64_t *>(code.find(phase + std::string(simtSharedSuffix)));
  return {reinterpret_cast<SimtEntry *>(code.find(phase)), *shared};
}

} // namespace roux
