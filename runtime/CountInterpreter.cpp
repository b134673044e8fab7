//===- CountInterpreter.cpp - the arithmetic of a program's instructions --===//
//
// See the header. Unsigned arithmetic wraps instead of trapping: a damaged
// program is found by its checksum, not here.
//
//===----------------------------------------------------------------------===//
#include "runtime/CountInterpreter.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace roux {

static uint64_t extent(const Entry &entry, const std::string &name, const Extents &extents) {
  auto found = extents.find(name);
  if (found == extents.end())
    throw std::runtime_error(
        fmt::format("entry '{}' needs the extent '{}', which is not given", entry.name, name));
  if (found->second < 0)
    throw std::runtime_error(
        fmt::format("extent '{}' of entry '{}' is {}", name, entry.name, found->second));
  return found->second;
}

void count(const Entry &entry, const Instruction &i, const Extents &extents,
           std::vector<uint64_t> &registers) {
  auto operand = [&](size_t index) { return registers[i.operands[index]]; };
  auto divisor = [&] {
    if (uint64_t by = operand(1))
      return by;
    throw std::runtime_error(fmt::format("entry '{}' divides a count by zero", entry.name));
  };
  uint64_t &result = registers[i.result];
  switch (i.opcode) {
  case Opcode::Constant:
    result = i.immediate;
    break;
  case Opcode::Extent:
    result = extent(entry, i.name, extents);
    break;
  case Opcode::Add:
    result = operand(0) + operand(1);
    break;
  case Opcode::Subtract:
    result = operand(0) - operand(1);
    break;
  case Opcode::Multiply:
    result = operand(0) * operand(1);
    break;
  case Opcode::Divide:
    result = operand(0) / divisor();
    break;
  case Opcode::DivideUp:
    result = operand(0) / divisor() + (operand(0) % divisor() != 0);
    break;
  case Opcode::Minimum:
    result = std::min(operand(0), operand(1));
    break;
  case Opcode::Maximum:
    result = std::max(operand(0), operand(1));
    break;
  default:
    break;
  }
}

} // namespace roux
