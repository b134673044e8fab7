//===- MemoryPlan.cpp - where an entry's activations lie ------------------===//
//
// Buffers are placed largest first, each at the lowest offset that is free for
// its whole lifetime: within a few percent of the largest sum of what is alive
// at once for a training step, and quick enough to do for every micro-batch.
//
//===----------------------------------------------------------------------===//
#include "runtime/MemoryPlan.h"

#include "runtime/CountInterpreter.h"
#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <stdexcept>

namespace roux {

static constexpr int64_t alignment = 64; // a cache line, and the widest vector

static int64_t sizeOf(const Entry &entry, const ProgramBuffer &buffer,
                      const std::vector<uint64_t> &registers) {
  int64_t bytes = buffer.elementBytes;
  bool fits = !__builtin_mul_overflow(bytes, buffer.staticElements, &bytes);
  for (uint32_t size : buffer.sizes)
    fits = fits && !__builtin_mul_overflow(bytes, static_cast<int64_t>(registers[size]), &bytes);
  if (!fits || bytes < 0 || bytes > (int64_t(1) << 56))
    throw std::runtime_error(fmt::format("buffer '{}' of entry '{}' is larger than any memory",
                                         buffer.name, entry.name));
  return bytes;
}

/// What a buffer of `bytes` takes of the arena.
static int64_t taken(int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Equals in the order of the program, so that a plan is the same everywhere.
static void sortLargestFirst(std::vector<size_t> &buffers, const MemoryPlan &plan) {
  std::sort(buffers.begin(), buffers.end(), [&](size_t a, size_t b) {
    return std::pair(-plan.bytes[a], a) < std::pair(-plan.bytes[b], b);
  });
}

MemoryPlan planMemory(const Entry &entry, const Extents &extents) {
  std::vector<uint64_t> registers(entry.registers);
  // Sizes are set before any loop, so one pass that skips loops finds them all.
  for (size_t at = 0; at < entry.instructions.size(); ++at) {
    const Instruction &i = entry.instructions[at];
    if (i.opcode == Opcode::Repeat || i.opcode == Opcode::RepeatReverse)
      at = i.immediate;
    else
      count(entry, i, extents, registers);
  }
  MemoryPlan plan;
  for (const ProgramBuffer &buffer : entry.buffers)
    plan.bytes.push_back(sizeOf(entry, buffer, registers));
  plan.offsets.assign(entry.buffers.size(), 0);

  std::vector<size_t> order;
  for (size_t i = 0; i < entry.buffers.size(); ++i)
    if (entry.buffers[i].role == BufferRole::Activation)
      order.push_back(i);
  sortLargestFirst(order, plan);
  std::vector<size_t> placed; // in order of offset
  for (size_t index : order) {
    const ProgramBuffer &buffer = entry.buffers[index];
    int64_t offset = 0;
    for (size_t other : placed) {
      const ProgramBuffer &neighbour = entry.buffers[other];
      bool together = neighbour.firstUse <= buffer.lastUse && buffer.firstUse <= neighbour.lastUse;
      if (together && plan.offsets[other] < offset + taken(plan.bytes[index]))
        offset = std::max(offset, plan.offsets[other] + taken(plan.bytes[other]));
    }
    plan.offsets[index] = offset;
    plan.arenaBytes = std::max(plan.arenaBytes, offset + taken(plan.bytes[index]));
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), index,
                         [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
        index);
  }
  return plan;
}

std::string describe(const Entry &entry, const MemoryPlan &plan) {
  static constexpr const char *roles[] = {"parameter", "gradient",   "state",   "input",
                                          "output",    "activation", "constant"};
  std::vector<size_t> order(entry.buffers.size());
  std::iota(order.begin(), order.end(), 0);
  sortLargestFirst(order, plan);
  std::string text = fmt::format("entry {}: arena {} bytes\n", entry.name, plan.arenaBytes);
  for (size_t index : order) {
    const ProgramBuffer &buffer = entry.buffers[index];
    text += fmt::format("{:>14}  {:<10} {:<4}  {}", plan.bytes[index],
                        roles[static_cast<int>(buffer.role)], buffer.element, buffer.name);
    if (buffer.role == BufferRole::Activation)
      text += fmt::format("  at {}, instructions {} to {}", plan.offsets[index], buffer.firstUse,
                          buffer.lastUse);
    text += '\n';
  }
  return text;
}

} // namespace roux
