//===- CPUExecutor.cpp - walks a program's entries on the CPU -------------===//
//
// See the header. The arena grows to the largest plan seen and stays.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/CPUExecutor.h"

#include "runtime/CountInterpreter.h"
#include "runtime/Processor.h"
#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <stdexcept>

namespace roux {

CPUExecutor::CPUExecutor(Program given, unsigned threads)
    : loaded(std::move(given)), spent(loaded.kernels.size()), pool(threads) {
  if (!runsHere(loaded.target.name))
    throw std::runtime_error(fmt::format(
        "the program is for a processor with '{}', which this one has not; compile it here",
        loaded.target.name));
  int64_t most = scratchMarkBytes;
  if (!loaded.kernels.empty())
    code = std::make_unique<SharedCode>(loaded.code, loaded.codeFile);
  for (const std::string &name : loaded.kernels) {
    kernels.push_back(code->kernel(name));
    for (const KernelPhase &phase : kernels.back())
      most = std::max(most, phase.shape.scratchBytes);
  }
  // Tiles run over the padding of their operands: what stands there must not be slow to add, as
  // zeros are not.
  for (unsigned i = 0; i < pool.threads(); ++i)
    scratch.emplace_back(most, "scratch");
}

CPUExecutor::~CPUExecutor() = default;

static uint64_t scalarBits(const Entry &entry, const Instruction &i, const Bindings &bindings) {
  auto found = bindings.scalars.find(i.name);
  if (found == bindings.scalars.end())
    throw std::runtime_error(
        fmt::format("entry '{}' needs the scalar '{}', which is not given", entry.name, i.name));
  uint64_t bits = 0;
  auto put = [&](auto value) { std::memcpy(&bits, &value, sizeof value); };
  switch (static_cast<ScalarType>(i.immediate)) {
  case ScalarType::F32:
    put(static_cast<float>(found->second));
    break;
  case ScalarType::F64:
    put(found->second);
    break;
  case ScalarType::I32:
    put(static_cast<int32_t>(found->second));
    break;
  case ScalarType::I64:
    put(static_cast<int64_t>(found->second));
    break;
  }
  return bits;
}

/// Addresses of all buffers of `entry`.
static std::vector<uint64_t> addresses(const Entry &entry, const MemoryPlan &plan,
                                       const Bindings &bindings, std::byte *arena) {
  std::vector<uint64_t> result;
  for (size_t i = 0; i < entry.buffers.size(); ++i) {
    const ProgramBuffer &buffer = entry.buffers[i];
    if (buffer.role == BufferRole::Activation) {
      result.push_back(reinterpret_cast<uint64_t>(arena + plan.offsets[i]));
      continue;
    }
    if (buffer.role == BufferRole::Constant) {
      result.push_back(reinterpret_cast<uint64_t>(buffer.value.data()));
      continue;
    }
    auto found = bindings.buffers.find(buffer.name);
    if (found == bindings.buffers.end())
      throw std::runtime_error(fmt::format("entry '{}' needs the buffer '{}', which is not given",
                                           entry.name, buffer.name));
    if (static_cast<int64_t>(found->second.size()) < plan.bytes[i])
      throw std::runtime_error(fmt::format("buffer '{}' has {} bytes but entry '{}' needs {}",
                                           buffer.name, found->second.size(), entry.name,
                                           plan.bytes[i]));
    result.push_back(reinterpret_cast<uint64_t>(found->second.data()));
  }
  return result;
}

/// Of the process.
static double processorSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void runKernel(const std::vector<KernelPhase> &phases, void *const *arguments, int64_t extent,
               ThreadPool &pool, std::span<ZeroedMemory> scratch) {
  for (const auto &[code, shape] : phases) {
    int64_t count = extent;
    if (shape.extentArgument) // its bits lie in the pointer's place
      count = static_cast<int64_t>(reinterpret_cast<uint64_t>(arguments[*shape.extentArgument]));
    for (ZeroedMemory &own : scratch)
      std::memset(own.data(), 0, scratchMarkBytes);
    pool.run(shape.items(count), shape.itemsShare() ? Sharing::Runs : Sharing::Chunks,
             [&, code = code](int64_t first, int64_t end, unsigned thread) {
               code(arguments, count, first, end, scratch[thread].data());
             });
  }
}

void CPUExecutor::launch(const Instruction &i, const std::vector<uint64_t> &registers) {
  std::vector<void *> arguments;
  for (size_t operand = 1; operand < i.operands.size(); ++operand)
    arguments.push_back(reinterpret_cast<void *>(registers[i.operands[operand]]));
  auto extent = static_cast<int64_t>(registers[i.operands[0]]);
  double processor = processorSeconds();
  auto begin = std::chrono::steady_clock::now();
  runKernel(kernels[i.immediate], arguments.data(), extent, pool, scratch);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  spent[i.immediate].launches += 1;
  spent[i.immediate].rows += extent;
  spent[i.immediate].seconds += took.count();
  spent[i.immediate].processor += processorSeconds() - processor;
}

void CPUExecutor::run(const std::string &name, const Bindings &bindings) {
  const Entry &entry = loaded.entry(name);
  MemoryPlan plan = planMemory(entry, bindings.extents);
  if (static_cast<size_t>(plan.arenaBytes) > arena.size()) {
    arena = {}; // before the larger one: both need not fit
    arena = ZeroedMemory(plan.arenaBytes, "activations");
  }
  std::vector<uint64_t> buffers = addresses(entry, plan, bindings, arena.data());
  std::vector<uint64_t> registers(entry.registers);
  for (const Instruction &i : entry.instructions)
    if (i.opcode == Opcode::Scalar)
      registers[i.result] = scalarBits(entry, i, bindings);

  std::vector<int64_t> turns; // left, of the loops around
  for (size_t at = 0; at < entry.instructions.size(); ++at) {
    const Instruction &i = entry.instructions[at];
    if (i.opcode == Opcode::Launch) {
      launch(i, registers);
    } else if (i.opcode == Opcode::Buffer) {
      registers[i.result] = buffers[i.immediate];
    } else if (i.opcode == Opcode::Repeat || i.opcode == Opcode::RepeatReverse) {
      auto begin = static_cast<int64_t>(registers[i.operands[0]]);
      auto end = static_cast<int64_t>(registers[i.operands[1]]);
      if (begin >= end) {
        at = i.immediate;
        continue;
      }
      registers[i.result] = i.opcode == Opcode::Repeat ? begin : end - 1;
      turns.push_back(end - begin);
    } else if (i.opcode == Opcode::End) {
      const Instruction &repeat = entry.instructions[i.immediate];
      if (--turns.back() == 0) {
        turns.pop_back();
        continue;
      }
      registers[repeat.result] += repeat.opcode == Opcode::Repeat ? 1 : -1;
      at = i.immediate;
    } else {
      count(entry, i, bindings.extents, registers);
    }
  }
}

} // namespace roux
