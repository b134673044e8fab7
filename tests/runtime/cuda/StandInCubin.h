//===- StandInCubin.h - what a cubin holds --------------------------------===//
#pragma once

#include "tests/runtime/cuda/StandInLaunch.h"

namespace stand_in {

bool isCubin(const void *code);

/// Its functions, with their parameters.
std::vector<Function> functionsOf(const void *cubin);

} // namespace stand_in
