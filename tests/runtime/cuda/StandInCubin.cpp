//===- StandInCubin.cpp - what a cubin holds ------------------------------===//
//
// An ELF file with a section `.text.NAME` for each function and one `.nv.info.NAME` of
// attributes: what kind, which, how many bytes. One attribute describes a parameter.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/cuda/StandInCubin.h"

#include <cstring>
#include <elf.h>
#include <map>
#include <string_view>

using namespace stand_in;

static constexpr uint8_t sized = 4, parameter = 0x17;

bool stand_in::isCubin(const void *code) {
  return std::memcmp(code, ELFMAG, SELFMAG) == 0;
}

/// Whether each parameter among `attributes` is a tensor map, which has 128 bytes.
static std::vector<bool> readParameters(std::string_view attributes) {
  std::map<uint16_t, bool> isMap; // by place
  while (attributes.size() >= 4) {
    uint16_t bytes = 0, place = 0;
    std::memcpy(&bytes, &attributes[2], sizeof bytes);
    size_t held = uint8_t(attributes[0]) == sized ? bytes : 0;
    if (held && uint8_t(attributes[1]) == parameter) {
      uint32_t about = 0; // bytes, from the 18th bit
      std::memcpy(&place, &attributes[8], sizeof place);
      std::memcpy(&about, &attributes[12], sizeof about);
      isMap[place] = about >> 18 == 128;
    }
    attributes.remove_prefix(4 + held);
  }
  std::vector<bool> all;
  for (auto [place, each] : isMap)
    all.push_back(each);
  return all;
}

std::vector<Function> stand_in::functionsOf(const void *cubin) {
  const auto *bytes = static_cast<const char *>(cubin);
  const auto *head = reinterpret_cast<const Elf64_Ehdr *>(bytes);
  const auto *sections = reinterpret_cast<const Elf64_Shdr *>(bytes + head->e_shoff);
  const char *names = bytes + sections[head->e_shstrndx].sh_offset;
  std::map<std::string, std::vector<bool>> parameters;
  std::vector<Function> functions;
  for (int i = 0; i < head->e_shnum; ++i) {
    std::string_view name = names + sections[i].sh_name;
    std::string_view held(bytes + sections[i].sh_offset, sections[i].sh_size);
    if (name.starts_with(".nv.info."))
      parameters[std::string(name.substr(9))] = readParameters(held);
    else if (name.starts_with(".text."))
      functions.push_back({std::string(name.substr(6)), {}});
  }
  for (Function &function : functions)
    function.isMap = parameters[function.name];
  return functions;
}
