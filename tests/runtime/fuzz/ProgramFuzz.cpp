// A program with any of its bytes changed and its hash made right again: load() refuses it, or what
// walks it stays among its registers, buffers and kernels, and memory is planned or refused.
#include "runtime/CountInterpreter.h"
#include "runtime/Seal.h"
#include "tests/runtime/fuzz/Edits.h"
#include "tests/runtime/golden/Artefacts.h"

#include <stdexcept>

using namespace roux;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string made = [] {
    std::string whole = golden::makeProgram().save();
    return whole.substr(0, whole.size() - sizeof(XXH64_hash_t));
  }();
  try {
    Program program = Program::load(sealed(fuzz::edited(made, data, size)), "fuzz");
    Extents extents{{"tokens", 7}, {"segments", 2}};
    for (const Entry &entry : program.entries) {
      std::vector<uint64_t> registers(entry.registers);
      for (const Instruction &each : entry.instructions)
        if (each.opcode < Opcode::Repeat)
          count(entry, each, extents, registers);
      describe(entry, planMemory(entry, extents));
    }
    if (Program::load(program.save(), "again").save() != program.save())
      std::abort();
  } catch (const std::runtime_error &) {
  }
  return 0;
}
