//===- SaveProgram.cpp - compiles a model and writes its program ----------===//
//
// The half of a program's life that needs LLVM.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/SplitWeight.h"
#include "compiler/pipeline/CompileStep.h"
#include "runtime/model/Model.h"

#include <cstdio>
#include <fstream>

/// 1 / step.targets
static roux::WeightFormula tokenMean() {
  using enum roux::Operation;
  roux::Expression targets{
      {{.operation = Read, .scope = roux::Scope::Step, .attribute = roux::Attribute::Targets}}};
  roux::Expression weight{
      {{.number = 1}, targets.root(), {.operation = Divide, .operands = {0, 1}}}};
  return roux::splitWeight(weight);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: save-program MODEL OUT\n");
    return 1;
  }
  roux::StepSource source;
  source.config = roux::model::openModel(argv[1]).config;
  source.generates = true;
  source.weight = tokenMean();
  std::optional<roux::Program> program = roux::compileStep(source, "");
  if (!program)
    return 1;
  std::ofstream(argv[2], std::ios::binary) << program->save();
  return 0;
}
