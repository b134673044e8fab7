//===- BuildIdentity.h - which compiler wrote a piece of code --------------===//
//
// Code is kept between runs under what made it. A number that somebody has to
// remember to change would one day serve the code of an older lowering.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

namespace roux {

/// The build-ids of this program and of the MLIR and LLVM it is linked with; empty where one of
/// them carries none, and then nothing must be kept.
const std::string &buildIdentity();

} // namespace roux
