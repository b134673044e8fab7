//===- Compiler.cpp - how `roux` becomes `roux-compiler` ------------------===//
//
// A process that replaces itself needs no plug-in interface, and what MLIR does
// on start-up is paid only by the verbs that use it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace roux {

int runCompiler(int, char **argv) {
  std::error_code unknown;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  std::string program = (self.parent_path() / "roux-compiler").string();
  execv(program.c_str(), argv);
  return refuse(fmt::format("cannot start '{}': {}", program, std::strerror(errno)));
}

} // namespace roux
