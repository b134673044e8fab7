//===- Program.h - a compiled recipe: kernels and the order of launches ---===//
//
// What the compiler hands to the runtime, as data: the runtime walks it, prints
// it, times it, saves it beside its machine code and runs it later without LLVM
// or MLIR. Everything that changes from step to step (token counts, scalars,
// where buffers are) is read when it runs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/AttentionForm.h"
#include "runtime/ProductForm.h"
#include "runtime/TargetDescription.h"
#include "runtime/TensorMap.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace roux {

/// Who owns a buffer and how long it lives (kernel.buffer says more).
/// Constants are numbers that the program itself carries.
enum class BufferRole : uint8_t {
  Parameter,
  Gradient,
  State,
  Input,
  Output,
  Activation,
  Constant,
};

/// One instruction of an entry. Registers hold 64 bits: a count, an address, a scalar's bits.
enum class Opcode : uint8_t {
  Constant, ///< immediate
  Extent,   ///< the count called `name`
  Scalar,   ///< the number called `name`, as ScalarType(immediate)
  Buffer,   ///< address of Entry::buffers[immediate]
  Add,
  Subtract,
  Multiply,
  Divide,   ///< rounded down
  DivideUp, ///< rounded up
  Minimum,
  Maximum,
  Repeat, ///< result runs from operand 0 to operand 1; the body ends at instruction immediate
  RepeatReverse, ///< from operand 1 - 1 down to operand 0
  End,           ///< of a body; immediate is its Repeat
  Launch,        ///< kernel immediate over extent operand 0 with the other operands as arguments
};

enum class ScalarType : uint8_t { F32, F64, I32, I64 };

struct Instruction {
  Opcode opcode = Opcode::Constant;
  uint32_t result = 0; ///< register
  int64_t immediate = 0;
  std::vector<uint32_t> operands; ///< registers
  std::string name;
  std::string location; ///< of a launch: the recipe's line, for messages and timings
};

/// Storage an entry needs. Its size is elementBytes * staticElements * the product of `sizes`.
struct ProgramBuffer {
  BufferRole role = BufferRole::Activation;
  std::string name;
  std::string element; ///< f32, bf16, …
  int64_t elementBytes = 0;
  int64_t staticElements = 1;
  std::vector<uint32_t> sizes; ///< registers, set before any loop
  std::string value;           ///< of a constant: its bytes
  /// Activations: the instructions between which the contents matter.
  uint32_t firstUse = 0, lastUse = 0;
};

/// `train`, `nll`, `prefill` or `decode`.
struct Entry {
  std::string name;
  uint32_t registers = 0;
  std::vector<ProgramBuffer> buffers;
  std::vector<Instruction> instructions;
};

/// What a program's code is, and so what runs it.
enum class CodeKind : uint8_t {
  Processor, ///< a sealed shared object (Seal.h): a function and a shape for each kernel
  Emulated,  ///< of a GPU's kernels, sealed likewise: a function for each phase, run once a thread
  PTX,       ///< one sealed module of PTX with an entry for each phase
};

/// A part of a kernel on a GPU: a grid of blocks in one dimension. Phases of a launch run one after
/// the other.
struct GridPhase {
  std::string function;
  int64_t threads = 0; ///< of a block: whole warps
  int64_t extentPerBlock =
      0; ///< rows of the extent a block covers; 0: the extent has no part in it
  int64_t blocksPerGroup = 1;  ///< blocks for each such group of rows
  int64_t sharedBytes = 0;     ///< of a block, beside what the code itself declares
  int64_t extentArgument = -1; ///< the kernel's argument that is its extent; -1: it is the launch's
  std::vector<TensorMap> maps = {}; ///< that the function gets by value behind its arguments

  int64_t blocks(int64_t extent) const {
    if (extentPerBlock == 0)
      return blocksPerGroup;
    return (extent + extentPerBlock - 1) / extentPerBlock * blocksPerGroup;
  }
};

/// On a GPU a kernel's arguments are followed by its tensor maps, and last the address of the
/// extent, an int64_t.
struct Program {
  TargetDescription target; ///< what the code is for
  CodeKind kind = CodeKind::Processor;
  std::vector<std::string> kernels;           ///< their names
  std::vector<std::vector<GridPhase>> phases; ///< of each kernel, on a GPU
  std::vector<AttentionForm> attentions;      ///< the kernels that a library could stand in for
  std::vector<ProductForm> products;          ///< the same, all of a kernel's or none
  std::string code;
  std::string codeFile; ///< where this machine has `code` as a file; empty: nowhere. Not saved
  std::vector<Entry> entries;

  /// Throws std::runtime_error if there is none of that name.
  const Entry &entry(const std::string &name) const;

  /// The whole program as bytes, with a checksum; load() is its inverse and throws
  /// std::runtime_error, naming `origin`, when the bytes are not whole, were made by another format
  /// number or would make an executor leave its own registers, buffers or kernels.
  std::string save() const;
  static Program load(const std::string &bytes, const std::string &origin);
  /// The same for who catches no exceptions: none of such bytes.
  static std::optional<Program> loadIfUsable(const std::string &bytes);
};

} // namespace roux
