//===- Program.cpp - a program as bytes -----------------------------------===//
//
// One description of each struct's fields serves writing and reading, so the
// two cannot drift apart. What is read is checked before anybody walks it.
//
//===----------------------------------------------------------------------===//
#include "runtime/Program.h"

#include "runtime/Seal.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <type_traits>

namespace roux {
namespace {

/// Bumped whenever the fields below or the meaning of an opcode change.
constexpr uint32_t formatNumber = 9;
constexpr char magic[8] = {'r', 'o', 'u', 'x', 'p', 'r', 'o', 'g'};

class Writer {
public:
  static constexpr bool reads = false;
  template <typename T>
  void number(const T &value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
  void text(const std::string &value) {
    number<uint64_t>(value.size());
    bytes += value;
  }
  std::string bytes;
};

class Reader {
public:
  static constexpr bool reads = true;
  Reader(const std::string &bytes, const std::string &origin) : bytes(bytes), origin(origin) {}

  [[noreturn]] void fail(const std::string &what) const {
    throw std::runtime_error(fmt::format("{}: not a usable program: {}", origin, what));
  }
  void need(uint64_t count) const {
    if (count > bytes.size() - at)
      fail(fmt::format("it ends at byte {}, {} bytes too early", bytes.size(),
                       count - (bytes.size() - at)));
  }
  template <typename T>
  void number(T &value) {
    need(sizeof value);
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
  }
  void text(std::string &value) {
    uint64_t size;
    number(size);
    need(size);
    value.assign(bytes, at, size);
    at += size;
  }
  const std::string &bytes;
  const std::string &origin;
  uint64_t at = 0;
};

template <typename Archive, typename T, typename Each>
void list(Archive &archive, T &values, Each each) {
  uint64_t size = values.size();
  archive.number(size);
  if constexpr (Archive::reads) {
    archive.need(size); // every element takes at least a byte
    values.resize(size);
  }
  for (auto &value : values)
    each(value);
}

template <typename Archive, typename I>
void instruction(Archive &archive, I &i) {
  archive.number(i.opcode);
  archive.number(i.result);
  archive.number(i.immediate);
  list(archive, i.operands, [&](auto &operand) { archive.number(operand); });
  archive.text(i.name);
  archive.text(i.location);
}

template <typename Archive, typename B>
void buffer(Archive &archive, B &b) {
  archive.number(b.role);
  archive.text(b.name);
  archive.text(b.element);
  archive.number(b.elementBytes);
  archive.number(b.staticElements);
  list(archive, b.sizes, [&](auto &size) { archive.number(size); });
  archive.text(b.value);
  archive.number(b.firstUse);
  archive.number(b.lastUse);
}

template <typename Archive, typename P>
void phase(Archive &archive, P &p) {
  archive.text(p.function);
  for (auto *number :
       {&p.threads, &p.extentPerBlock, &p.blocksPerGroup, &p.sharedBytes, &p.extentArgument})
    archive.number(*number);
  list(archive, p.maps, [&](auto &map) {
    for (auto *number :
         {&map.argument, &map.from, &map.rows, &map.columns, &map.pitch, &map.boxRows})
      archive.number(*number);
  });
}

template <typename Archive, typename F>
void attention(Archive &archive, F &form) {
  archive.number(form.kernel);
  uint8_t isGradient = form.isGradient; // a byte of any value may be read
  archive.number(isGradient);
  if constexpr (Archive::reads)
    form.isGradient = isGradient != 0;
  for (auto *number : {&form.heads, &form.keyValueHeads, &form.headColumns, &form.window})
    archive.number(*number);
  archive.number(form.scale);
  archive.number(form.softcap);
  archive.text(form.element);
  for (auto &argument : form.arguments)
    archive.number(argument);
}

template <typename Archive, typename F>
void product(Archive &archive, F &form) {
  archive.number(form.shape);
  for (auto *number : {&form.kernel, &form.rows, &form.columns, &form.terms})
    archive.number(*number);
  archive.text(form.operand);
  archive.text(form.stored);
  for (auto &matrix : form.matrices)
    for (auto *number : {&matrix.argument, &matrix.from, &matrix.pitch})
      archive.number(*number);
}

template <typename Archive, typename P>
void fields(Archive &archive, P &program) {
  std::string target;
  if constexpr (!Archive::reads)
    target = program.target.json();
  archive.text(target);
  if constexpr (Archive::reads)
    program.target = TargetDescription::parse(target, archive.origin);
  archive.number(program.kind);
  list(archive, program.kernels, [&](auto &name) { archive.text(name); });
  list(archive, program.phases,
       [&](auto &kernel) { list(archive, kernel, [&](auto &each) { phase(archive, each); }); });
  list(archive, program.attentions, [&](auto &form) { attention(archive, form); });
  list(archive, program.products, [&](auto &form) { product(archive, form); });
  archive.text(program.code);
  list(archive, program.entries, [&](auto &entry) {
    archive.text(entry.name);
    archive.number(entry.registers);
    list(archive, entry.buffers, [&](auto &b) { buffer(archive, b); });
    list(archive, entry.instructions, [&](auto &i) { instruction(archive, i); });
  });
}

size_t operandCount(Opcode opcode) {
  switch (opcode) {
  case Opcode::Constant:
  case Opcode::Extent:
  case Opcode::Scalar:
  case Opcode::Buffer:
  case Opcode::End:
    return 0;
  case Opcode::Launch:
    return 1; // and the kernel's arguments
  default:
    return 2;
  }
}

/// Whether a copy engine reads such a matrix.
bool isReadable(const TensorMap &map) {
  constexpr int64_t most = int64_t(1) << 32, alignment = 16;
  return map.argument >= 0 && map.from >= 0 && map.from % alignment == 0 && map.rows >= -1 &&
         map.rows != 0 && map.rows < most && map.columns > 0 && map.columns < most &&
         map.pitch % alignment == 0 && map.pitch >= map.columns * TensorMap::elementBytes &&
         map.pitch < int64_t(1) << 40 && map.boxRows >= 1 && map.boxRows <= 256;
}

/// A launch of each phase must be one that a GPU can be asked for.
void checkPhases(const Program &program, const Reader &reader) {
  if (program.kind > CodeKind::PTX)
    reader.fail("its code is of no known kind");
  bool isOnGPU = program.kind != CodeKind::Processor;
  if (program.phases.size() != (isOnGPU ? program.kernels.size() : 0))
    reader.fail(fmt::format("it has phases of {} kernels, and {} kernels", program.phases.size(),
                            program.kernels.size()));
  constexpr int64_t warp = 32, mostThreads = 1024, mostShared = 1 << 20, most = 1 << 24;
  for (size_t i = 0; i < program.phases.size(); ++i) {
    if (program.phases[i].empty())
      reader.fail(fmt::format("kernel '{}' has no phases", program.kernels[i]));
    for (const GridPhase &each : program.phases[i])
      if (each.threads < warp || each.threads > mostThreads || each.threads % warp != 0 ||
          each.extentPerBlock < 0 || each.extentPerBlock > most || each.blocksPerGroup < 1 ||
          each.blocksPerGroup > most || each.sharedBytes < 0 || each.sharedBytes > mostShared ||
          each.extentArgument < -1 || !std::ranges::all_of(each.maps, isReadable))
        reader.fail(fmt::format("phase '{}' has a grid that cannot be", each.function));
  }
}

/// What a library would be asked for must be something, and of kernels that there are.
void checkAttentions(const Program &program, const Reader &reader) {
  constexpr int64_t most = 1 << 20;
  auto isCount = [](int64_t number) { return number >= 1 && number <= most; };
  for (const AttentionForm &form : program.attentions)
    if (uint64_t(form.kernel) >= program.kernels.size() || !isCount(form.heads) ||
        !isCount(form.keyValueHeads) || form.heads % form.keyValueHeads != 0 ||
        !isCount(form.headColumns) || form.window < 0 || form.window > most << 10)
      reader.fail(fmt::format("kernel {} has a form of attention that cannot be", form.kernel));
}

void checkProducts(const Program &program, const Reader &reader) {
  for (const ProductForm &form : program.products)
    if (uint64_t(form.kernel) >= program.kernels.size() || !form.canBe())
      reader.fail(fmt::format("kernel {} has a form of product that cannot be", form.kernel));
}

/// An argument that something looks for, and what a launch without it is said to lack.
struct Need {
  int64_t argument;
  const char *lacking;
};

/// What is looked for among the arguments of each kernel's launches: a program has hundreds of
/// products and thousands of launches.
std::vector<std::vector<Need>> needsOf(const Program &program) {
  std::vector<std::vector<Need>> needs(program.kernels.size());
  for (const AttentionForm &form : program.attentions)
    needs[form.kernel].push_back(
        {std::ranges::max(form.arguments), "lacks an argument of its kernel's attention"});
  for (const ProductForm &form : program.products)
    needs[form.kernel].push_back(
        {std::ranges::max(form.matrices, {}, &ProductForm::Matrix::argument).argument,
         "lacks an argument of its kernel's product"});
  for (size_t kernel = 0; kernel < program.phases.size(); ++kernel)
    for (const GridPhase &each : program.phases[kernel]) {
      needs[kernel].push_back(
          {each.extentArgument, "lacks the argument that is its kernel's extent"});
      for (const TensorMap &map : each.maps)
        needs[kernel].push_back({map.argument, "lacks an argument that its kernel has copied"});
    }
  return needs;
}

/// Whatever an executor indexes by must exist.
void check(const Entry &entry, const Program &program, const std::vector<std::vector<Need>> &needs,
           const Reader &reader) {
  auto fail = [&](size_t at, const char *what) {
    reader.fail(fmt::format("instruction {} of '{}' {}", at, entry.name, what));
  };
  // Each is written by an instruction, so a number beyond theirs only asks for memory.
  if (entry.registers > entry.instructions.size() + 1)
    reader.fail(fmt::format("'{}' has {} registers for {} instructions", entry.name,
                            entry.registers, entry.instructions.size()));
  std::vector<size_t> open;
  for (size_t at = 0; at < entry.instructions.size(); ++at) {
    const Instruction &i = entry.instructions[at];
    if (i.opcode > Opcode::Launch)
      fail(at, "is of no known kind");
    if (i.operands.size() < operandCount(i.opcode))
      fail(at, "lacks operands");
    if (i.result >= entry.registers)
      fail(at, "writes a register that does not exist");
    for (uint32_t operand : i.operands)
      if (operand >= entry.registers)
        fail(at, "reads a register that does not exist");
    uint64_t immediate = i.immediate;
    if (i.opcode == Opcode::Buffer && immediate >= entry.buffers.size())
      fail(at, "names a buffer that does not exist");
    if (i.opcode == Opcode::Launch && immediate >= program.kernels.size())
      fail(at, "launches a kernel that does not exist");
    if (i.opcode == Opcode::Launch)
      for (const Need &need : needs[immediate])
        if (need.argument >= static_cast<int64_t>(i.operands.size()) - 1)
          fail(at, need.lacking);
    if (i.opcode == Opcode::Scalar && immediate > uint64_t(ScalarType::I64))
      fail(at, "reads a scalar of no known type");
    if (i.opcode == Opcode::Repeat || i.opcode == Opcode::RepeatReverse)
      open.push_back(at);
    if (i.opcode != Opcode::End)
      continue;
    if (open.empty() || open.back() != immediate ||
        uint64_t(entry.instructions[open.back()].immediate) != at)
      fail(at, "ends a loop that it is not the end of");
    open.pop_back();
  }
  if (!open.empty())
    fail(open.back(), "begins a loop without an end");
  for (const ProgramBuffer &b : entry.buffers) {
    if (b.role > BufferRole::Constant)
      reader.fail(fmt::format("buffer '{}' of '{}' has no known role", b.name, entry.name));
    if (b.elementBytes <= 0 || b.elementBytes > 8 || b.staticElements < 0 ||
        !std::ranges::all_of(b.sizes, [&](uint32_t size) { return size < entry.registers; }))
      reader.fail(fmt::format("buffer '{}' of '{}' has no size", b.name, entry.name));
    if (b.role == BufferRole::Constant &&
        (!b.sizes.empty() || b.value.size() % b.elementBytes != 0 ||
         b.value.size() / b.elementBytes != uint64_t(b.staticElements)))
      reader.fail(fmt::format("constant '{}' of '{}' has {} bytes, not its {} elements", b.name,
                              entry.name, b.value.size(), b.staticElements));
  }
}

} // namespace

const Entry &Program::entry(const std::string &name) const {
  for (const Entry &entry : entries)
    if (entry.name == name)
      return entry;
  throw std::runtime_error(fmt::format("this program has no entry '{}'", name));
}

std::string Program::save() const {
  Writer writer;
  writer.bytes.append(magic, sizeof magic);
  writer.number(formatNumber);
  fields(writer, *this);
  return sealed(std::move(writer.bytes));
}

Program Program::load(const std::string &bytes, const std::string &origin) {
  Reader reader(bytes, origin);
  char begin[sizeof magic];
  uint32_t number;
  reader.number(begin);
  if (std::memcmp(begin, magic, sizeof magic) != 0)
    reader.fail("it begins with other bytes than a program does");
  reader.number(number);
  if (number != formatNumber)
    reader.fail(fmt::format("it has format number {}, this build reads {}", number, formatNumber));
  if (!unsealed(bytes))
    reader.fail("its checksum does not match its contents");
  Program program;
  fields(reader, program);
  checkPhases(program, reader);
  checkAttentions(program, reader);
  checkProducts(program, reader);
  const std::vector<std::vector<Need>> needs = needsOf(program);
  for (const Entry &entry : program.entries)
    check(entry, program, needs, reader);
  return program;
}

std::optional<Program> Program::loadIfUsable(const std::string &bytes) {
  try {
    return load(bytes, "");
  } catch (const std::runtime_error &) {
    return std::nullopt;
  }
}

} // namespace roux
