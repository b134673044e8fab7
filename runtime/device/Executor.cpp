//===- Executor.cpp - walks a program's entries on a device ---------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Executor.h"

#include "runtime/CountInterpreter.h"

#include <chrono>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <stdexcept>

namespace roux {

Executor::Executor(Program given, std::shared_ptr<Device> device)
    : loaded(std::move(given)), machine(std::move(device)), spent(loaded.kernels.size()) {
  kernels = machine->load(loaded);
  if (machine->sharesMemory())
    return;
  for (const Entry &entry : loaded.entries)
    for (const ProgramBuffer &buffer : entry.buffers)
      if (buffer.role == BufferRole::Constant && !buffer.value.empty()) {
        DeviceMemory memory(machine, buffer.value.size(), buffer.name, Fill::Nothing);
        machine->upload(memory.data(), std::as_bytes(std::span(buffer.value)));
        constants[&buffer] = std::move(memory);
      }
}

Executor::~Executor() = default;

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

static uint64_t addressOf(const std::byte *memory) {
  return reinterpret_cast<uint64_t>(memory);
}

/// Places of all buffers of one run, and what has to be copied for it.
class Executor::Addresses {
public:
  Addresses(Executor &executor, const Entry &entry, const Bindings &bindings)
      : executor(executor), entry(entry), bindings(bindings),
        plan(planMemory(entry, bindings.extents)) {
    for (size_t i = 0; i < entry.buffers.size(); ++i)
      if (isBound(entry.buffers[i]))
        check(i);
    if (!executor.machine->keepsBuffersApart())
      growArena();
    for (size_t i = 0; i < entry.buffers.size(); ++i)
      places.push_back(addressOf(place(i)));
  }

  const std::vector<uint64_t> &all() const { return places; }

  /// Brings what the entry has written into the host's memory.
  void download() {
    for (const auto &[to, from] : outputs)
      executor.machine->download(to, from);
  }

private:
  static bool isBound(const ProgramBuffer &buffer) {
    return buffer.role != BufferRole::Activation && buffer.role != BufferRole::Constant;
  }

  /// What is given for buffer `i`, and whether it is the host's.
  std::pair<std::span<std::byte>, bool> given(size_t i) const {
    const std::string &name = entry.buffers[i].name;
    if (auto found = bindings.host.find(name); found != bindings.host.end())
      return {found->second, true};
    auto found = bindings.buffers.find(name);
    if (found == bindings.buffers.end())
      throw std::runtime_error(
          fmt::format("entry '{}' needs the buffer '{}', which is not given", entry.name, name));
    return {found->second, false};
  }

  void check(size_t i) const {
    std::span<std::byte> bytes = given(i).first;
    if (static_cast<int64_t>(bytes.size()) < plan.bytes[i])
      throw std::runtime_error(fmt::format("buffer '{}' has {} bytes but entry '{}' needs {}",
                                           entry.buffers[i].name, bytes.size(), entry.name,
                                           plan.bytes[i]));
  }

  void growArena() {
    if (static_cast<size_t>(plan.arenaBytes) <= executor.arena.size())
      return;
    executor.arena = {}; // before the larger one: both need not fit
    executor.arena = DeviceMemory(executor.machine, plan.arenaBytes, "activations", Fill::Nothing);
  }

  std::byte *activation(size_t i) {
    if (!executor.machine->keepsBuffersApart())
      return executor.arena.data() + plan.offsets[i];
    return apart.emplace_back(executor.machine, plan.bytes[i], entry.buffers[i].name, Fill::Nothing)
        .data();
  }

  /// A place on the device for what the host has, exactly as large where buffers are kept apart.
  std::byte *stage(size_t i, std::span<std::byte> bytes) {
    const ProgramBuffer &buffer = entry.buffers[i];
    DeviceMemory &memory = executor.staged[buffer.name];
    if (memory.size() < bytes.size() ||
        (executor.machine->keepsBuffersApart() && memory.size() != bytes.size())) {
      memory = {};
      memory = DeviceMemory(executor.machine, bytes.size(), buffer.name, Fill::Nothing);
    }
    if (buffer.role == BufferRole::Output)
      outputs.emplace_back(bytes, memory.data());
    else
      executor.machine->upload(memory.data(), bytes);
    return memory.data();
  }

  const std::byte *place(size_t i) {
    const ProgramBuffer &buffer = entry.buffers[i];
    if (buffer.role == BufferRole::Activation)
      return activation(i);
    if (buffer.role == BufferRole::Constant) {
      auto found = executor.constants.find(&buffer);
      return found == executor.constants.end()
                 ? reinterpret_cast<const std::byte *>(buffer.value.data())
                 : found->second.data();
    }
    auto [bytes, isHost] = given(i);
    return isHost && !executor.machine->sharesMemory() ? stage(i, bytes) : bytes.data();
  }

  Executor &executor;
  const Entry &entry;
  const Bindings &bindings;
  MemoryPlan plan;
  std::vector<uint64_t> places;
  std::vector<DeviceMemory> apart;
  std::vector<std::pair<std::span<std::byte>, const std::byte *>> outputs;
};

/// Of the process.
static double processorSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void Executor::launch(const Instruction &i, const std::vector<uint64_t> &registers) {
  std::vector<uint64_t> arguments;
  for (size_t operand = 1; operand < i.operands.size(); ++operand)
    arguments.push_back(registers[i.operands[operand]]);
  auto extent = static_cast<int64_t>(registers[i.operands[0]]);
  if (isTimed)
    machine->synchronise();
  double processor = processorSeconds();
  auto begin = std::chrono::steady_clock::now();
  kernels->launch({static_cast<size_t>(i.immediate), extent, arguments, i.location});
  if (isTimed)
    machine->synchronise();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  spent[i.immediate].launches += 1;
  spent[i.immediate].rows += extent;
  spent[i.immediate].seconds += took.count();
  spent[i.immediate].processor += processorSeconds() - processor;
}

void Executor::run(const std::string &name, const Bindings &bindings) {
  const Entry &entry = loaded.entry(name);
  Addresses addresses(*this, entry, bindings);
  if (kernels)
    kernels->begin(bindings.segments, isTimed);
  walk(entry, bindings, addresses.all());
  if (kernels)
    kernels->end();
  addresses.download();
}

void Executor::walk(const Entry &entry, const Bindings &bindings,
                    const std::vector<uint64_t> &buffers) {
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
