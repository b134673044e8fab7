//===- Table.h - what retargeted GPU code calls of the emulator ------------===//
//
// The contract between the code that compiler/codegen/SimtCode.cpp makes and what
// runs it. Code finds the emulator through one exported pointer that its loader
// sets, so an executable has to export nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace roux {

/// Where an access or instruction was written. `file` is null where nobody said.
struct SimtSite {
  const char *file;
  uint32_t line, column;
};

/// Special registers; all launches have one dimension.
enum class SimtRegister : uint32_t { Thread, Threads, Block, Blocks, Lane };

/// What is done to memory.
enum class SimtAccess : uint32_t {
  Read,
  Write,
  AsyncWrite,
  ProxyRead,  ///< by wgmma, which sees only what was fenced for it
  ProxyWrite, ///< by the copy engine, likewise; it arrives later
};

/// An instruction: its operands lie one after the other at `operands`, as a struct of C; what it
/// gives goes to `result`.
using SimtCall = void(const void *operands, void *result, const SimtSite *site);

struct SimtInstruction {
  std::string_view name; ///< LLVM's intrinsic behind `llvm.nvvm.`
  SimtCall *run;
};

/// All that are emulated. Their order is part of the table's version.
std::span<const SimtInstruction> simtInstructions();

/// What the table begins with, and what has a prototype of its own; behind them, one after the
/// other, the functions of simtInstructions().
enum class SimtTableEntry : unsigned {
  Special, ///< uint32_t (uint32_t which)
  Shared,  ///< char *(): where the running block's shared memory begins
  Access,  ///< void (const void *address, int64_t bytes, uint32_t kind, const SimtSite *site)
  Instructions,
};

/// Other for each table that is laid out in another way.
uint64_t simtTableVersion();

/// The symbols that every object of retargeted code has: the pointer to the table, a uint64_t that
/// is the version it was made for, and beside each kernel how much shared memory it names itself.
inline constexpr std::string_view simtTableSymbol = "roux_simt_table";
inline constexpr std::string_view simtVersionSymbol = "roux_simt_version";
inline constexpr std::string_view simtSharedSuffix = ".shared";

/// A kernel's phase for one thread of a launch: the bits of its arguments.
using SimtEntry = void(const uint64_t *arguments);

/// The table of this process.
const void *const *simtTable();

} // namespace roux
