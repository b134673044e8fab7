//===- SplitPTX.h - a module of PTX as one for each function --------------===//
//
// A program's PTX is one module, which is what the driver compiles quickest. What is
// assembled on many threads, and kept for the next program, is a function.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roux::cuda {

struct PTXFunction {
  std::string name;
  std::string module; ///< that holds it, and nothing else
};

/// The functions of `module`, as the compiler writes it. What is declared goes along with who names
/// it. None where something is defined beside functions that are launched, which could be several
/// functions', or is not as the compiler writes it.
std::vector<PTXFunction> splitPTX(std::string_view module);

} // namespace roux::cuda
