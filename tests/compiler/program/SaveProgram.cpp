//===- SaveProgram.cpp - compiles a model and writes its program ----------===//
//
// The half of a program's life that needs LLVM.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/model/Model.h"

#include <cstdio>
#include <fstream>

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: save-program MODEL OUT\n");
    return 1;
  }
  roux::StepSource source;
  source.config = roux::model::openModel(argv[1]).config;
  source.generates = true;
  std::optional<roux::Program> program = roux::compileStep(source, "");
  if (!program)
    return 1;
  std::ofstream(argv[2], std::ios::binary) << program->save();
  return 0;
}
