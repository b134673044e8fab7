//===- ObjectCode.cpp - machine code from a relocatable object ------------===//
//
// All sections of an object lie in one mapping, so distances between them fit
// the 32 bits that the small code model assumes. Calls out of it go through
// stubs at its end, addresses of data outside through slots.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/ObjectCode.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/mman.h>
#include <vector>

namespace roux {
namespace {

/// What compiled kernels may call: C's own functions, by the names LLVM gives them.
const std::map<std::string_view, void *> &callable() {
#define ROUX_MATH(function)                                                                        \
  {#function, reinterpret_cast<void *>(static_cast<double (*)(double)>(::function))},              \
      {#function "f", reinterpret_cast<void *>(static_cast<float (*)(float)>(::function##f))}
#define ROUX_MATH2(function)                                                                       \
  {#function, reinterpret_cast<void *>(static_cast<double (*)(double, double)>(::function))}, {    \
    #function "f", reinterpret_cast<void *>(static_cast<float (*)(float, float)>(::function##f))   \
  }
  static const std::map<std::string_view, void *> table = {
      ROUX_MATH(exp),
      ROUX_MATH(exp2),
      ROUX_MATH(expm1),
      ROUX_MATH(log),
      ROUX_MATH(log2),
      ROUX_MATH(log10),
      ROUX_MATH(log1p),
      ROUX_MATH(sin),
      ROUX_MATH(cos),
      ROUX_MATH(tan),
      ROUX_MATH(tanh),
      ROUX_MATH(sinh),
      ROUX_MATH(cosh),
      ROUX_MATH(erf),
      ROUX_MATH(erfc),
      ROUX_MATH(floor),
      ROUX_MATH(ceil),
      ROUX_MATH(trunc),
      ROUX_MATH(round),
      ROUX_MATH(roundeven),
      ROUX_MATH(sqrt),
      ROUX_MATH(cbrt),
      ROUX_MATH2(pow),
      ROUX_MATH2(fmod),
      ROUX_MATH2(atan2),
      {"fma", reinterpret_cast<void *>(static_cast<double (*)(double, double, double)>(::fma))},
      {"fmaf", reinterpret_cast<void *>(static_cast<float (*)(float, float, float)>(::fmaf))},
      {"memset", reinterpret_cast<void *>(::memset)},
      {"memcpy", reinterpret_cast<void *>(::memcpy)},
      {"memmove", reinterpret_cast<void *>(::memmove)},
  };
#undef ROUX_MATH
#undef ROUX_MATH2
  return table;
}

constexpr size_t stubBytes = 16; // jmp [rip+0], then the address

/// Reads structures out of bytes that may lie about their own sizes.
class Reader {
public:
  Reader(std::string_view bytes, const std::string &name) : bytes(bytes), name(name) {}

  [[noreturn]] void fail(const std::string &what) const {
    throw std::runtime_error(fmt::format("{}: object code is damaged: {}", name, what));
  }
  template <typename T>
  std::vector<T> array(uint64_t offset, uint64_t count, const char *what) const {
    if (offset > bytes.size() || count > (bytes.size() - offset) / sizeof(T))
      fail(fmt::format("its {} lie beyond its end at byte {}", what, bytes.size()));
    std::vector<T> values(count);
    if (count)
      std::memcpy(values.data(), bytes.data() + offset, count * sizeof(T));
    return values;
  }
  std::string text(const Elf64_Shdr &table, uint64_t at) const {
    if (table.sh_offset > bytes.size() || table.sh_size > bytes.size() - table.sh_offset ||
        at >= table.sh_size)
      fail("a name lies outside its table");
    std::string_view names = bytes.substr(table.sh_offset, table.sh_size);
    size_t end = names.find('\0', at);
    if (end == names.npos)
      fail("a name has no end");
    return std::string(names.substr(at, end - at));
  }

  std::string_view bytes;
  const std::string &name;
};

struct Place {
  std::byte *address = nullptr;
  uint64_t size = 0;
};

size_t align(size_t value, size_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Writes one relocation: `value` is the symbol's address plus addend, `out` makes an address
/// within reach that stands for a symbol outside.
void relocate(const Reader &reader, const Place &section, const Elf64_Rela &entry, uint64_t value) {
  uint32_t type = ELF64_R_TYPE(entry.r_info);
  size_t width = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;
  if (section.size < width || entry.r_offset > section.size - width)
    reader.fail("a relocation lies outside its section");
  std::byte *at = section.address + entry.r_offset;
  if (type != R_X86_64_64)
    value -= reinterpret_cast<uint64_t>(at);
  auto distance = static_cast<int64_t>(value);
  if (width == 4 && distance != static_cast<int32_t>(distance))
    reader.fail("a relocation does not reach its symbol");
  std::memcpy(at, &value, width);
}

} // namespace

ObjectCode::~ObjectCode() {
  if (memory)
    munmap(memory, size);
}

void *ObjectCode::find(const std::string &function) const {
  auto found = functions.find(function);
  if (found == functions.end())
    throw std::runtime_error(fmt::format("{}: object code has no function '{}'", name, function));
  return found->second;
}

ObjectCode::ObjectCode(std::string_view bytes, const std::string &name) : name(name) {
  Reader reader(bytes, this->name);
  auto header = reader.array<Elf64_Ehdr>(0, 1, "headers")[0];
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_type != ET_REL ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr))
    reader.fail("it is not a relocatable 64-bit ELF file");
#if defined(__x86_64__)
  if (header.e_machine != EM_X86_64)
    reader.fail(fmt::format("it is for machine {}, not x86-64", header.e_machine));
#else
  reader.fail("only x86-64 code can be loaded");
#endif
  auto sections = reader.array<Elf64_Shdr>(header.e_shoff, header.e_shnum, "sections");

  // Sections that occupy memory, then one stub and one slot per symbol outside.
  std::vector<Place> places(sections.size());
  std::vector<size_t> offsets(sections.size());
  size_t end = 0, symbolCount = 0;
  for (size_t i = 0; i < sections.size(); ++i) {
    const Elf64_Shdr &section = sections[i];
    if (section.sh_type == SHT_SYMTAB)
      symbolCount += section.sh_size / sizeof(Elf64_Sym);
    if (!(section.sh_flags & SHF_ALLOC))
      continue;
    if (section.sh_size > (1u << 30) || section.sh_addralign > 4096)
      reader.fail("a section is larger than code can be");
    end = align(end, std::max<size_t>(section.sh_addralign, 16));
    offsets[i] = end;
    end += section.sh_size;
  }
  end = align(end, 16);
  size = align(end + symbolCount * stubBytes, 4096);
  void *mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    throw std::runtime_error(fmt::format("{}: no memory for {} bytes of code", name, size));
  memory = static_cast<std::byte *>(mapping);
  std::byte *stub = memory + end;

  auto load = [&] {
    for (size_t i = 0; i < sections.size(); ++i) {
      const Elf64_Shdr &section = sections[i];
      if (!(section.sh_flags & SHF_ALLOC))
        continue;
      places[i] = {memory + offsets[i], section.sh_size};
      if (section.sh_type == SHT_NOBITS)
        continue;
      auto content = reader.array<std::byte>(section.sh_offset, section.sh_size, "contents");
      if (!content.empty())
        std::memcpy(places[i].address, content.data(), content.size());
    }
    std::vector<std::byte *> addresses;
    for (const Elf64_Shdr &section : sections) {
      if (section.sh_type != SHT_SYMTAB)
        continue;
      if (section.sh_link >= sections.size())
        reader.fail("its symbols have no names");
      for (const auto &symbol : reader.array<Elf64_Sym>(
               section.sh_offset, section.sh_size / sizeof(Elf64_Sym), "symbols")) {
        addresses.push_back(nullptr);
        std::string symbolName = reader.text(sections[section.sh_link], symbol.st_name);
        if (symbol.st_shndx == SHN_UNDEF && !symbolName.empty()) {
          auto found = callable().find(symbolName);
          if (found == callable().end())
            throw std::runtime_error(fmt::format("{}: object code calls '{}', which kernels cannot",
                                                 this->name, symbolName));
          const unsigned char jump[] = {0xff, 0x25, 0, 0, 0, 0};
          std::memcpy(stub, jump, sizeof jump);
          std::memcpy(stub + sizeof jump, &found->second, 8);
          addresses.back() = stub;
          stub += stubBytes;
        } else if (symbol.st_shndx < places.size() && places[symbol.st_shndx].address) {
          if (symbol.st_value > places[symbol.st_shndx].size)
            reader.fail("a symbol lies outside its section");
          addresses.back() = places[symbol.st_shndx].address + symbol.st_value;
          if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
            functions[symbolName] = addresses.back();
        }
      }
    }
    for (const Elf64_Shdr &section : sections) {
      if (section.sh_type != SHT_RELA || section.sh_info >= places.size() ||
          !places[section.sh_info].address)
        continue;
      for (const auto &entry : reader.array<Elf64_Rela>(
               section.sh_offset, section.sh_size / sizeof(Elf64_Rela), "relocations")) {
        uint64_t index = ELF64_R_SYM(entry.r_info);
        if (index >= addresses.size() || !addresses[index])
          reader.fail("a relocation names no symbol");
        uint64_t value = reinterpret_cast<uint64_t>(addresses[index]) + entry.r_addend;
        switch (ELF64_R_TYPE(entry.r_info)) {
        case R_X86_64_64:
        case R_X86_64_PC64:
        case R_X86_64_PC32:
        case R_X86_64_PLT32:
          relocate(reader, places[section.sh_info], entry, value);
          break;
        case R_X86_64_GOTPCREL:
        case R_X86_64_GOTPCRELX:
        case R_X86_64_REX_GOTPCRELX: {
          // The slot that holds a function's address is the second half of its stub.
          if (addresses[index] < memory + end)
            reader.fail("an indirect relocation names a symbol inside");
          relocate(reader, places[section.sh_info], entry, value + 6);
          break;
        }
        default:
          reader.fail(fmt::format("relocation type {} is unknown", ELF64_R_TYPE(entry.r_info)));
        }
      }
    }
  };
  try {
    load();
    if (mprotect(memory, size, PROT_READ | PROT_EXEC) != 0)
      throw std::runtime_error(fmt::format("{}: this machine does not let code be run", name));
  } catch (...) {
    munmap(memory, size);
    throw;
  }
}

} // namespace roux
