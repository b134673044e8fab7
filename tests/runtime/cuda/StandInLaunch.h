//===- StandInLaunch.h - a launch that is written down --------------------===//
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace stand_in {

/// Whether that is what ROUX_STAND_IN says is wrong.
bool isWrong(const char *what);

/// What has been launched, a line a launch.
std::string &journal();

struct Function {
  std::string name;
  std::vector<bool> isMap; ///< of each parameter
  int dynamicShared = 0;   ///< what it was given
  int staticShared = 0;    ///< what its code declares
};

/// A launch with its parameters, which are the driver's when it has been asked for.
class Launch {
public:
  Launch(const Function &function, unsigned blocks, unsigned threads, unsigned sharedBytes,
         void **parameters);

  const std::string &name() const { return function->name; }
  /// Whether the function was given so much shared memory.
  bool isAllowed() const {
    return int(sharedBytes) <= std::max(49152 - function->staticShared, function->dynamicShared);
  }
  /// Writes it down.
  void run() const;

private:
  const Function *function;
  unsigned blocks, threads, sharedBytes;
  std::vector<std::array<uint64_t, 4>> bits;
};

} // namespace stand_in
