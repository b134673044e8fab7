//===- SimtCode.h - retargeted GPU code, loaded ----------------------------===//
//
// A shared object like a CPU's, whose functions are single threads of a GPU.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cpu/SharedCode.h"
#include "runtime/simt/Table.h"

namespace roux {

/// A phase of a kernel.
struct SimtFunction {
  SimtEntry *run = nullptr; ///< one thread
  int64_t sharedBytes = 0;  ///< that it names itself, before those of a launch
};

class SimtCode {
public:
  /// As SharedCode, and throws std::runtime_error if the code is for another emulator than this.
  SimtCode(std::string_view sealedCode, const std::string &file);

  /// Throws std::runtime_error if there is none of that name. Valid as long as this.
  SimtFunction function(const std::string &phase) const;

private:
  SharedCode code;
};

} // namespace roux
