//===- SharedCode.cpp - a program's machine code, loaded ------------------===//
//
// The loader of the system trusts what it is given, so whether the code is whole
// and for this processor is asked before.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/SharedCode.h"

#include "runtime/Seal.h"

#include <cerrno>
#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

namespace roux {

#if defined(__x86_64__)
static constexpr Elf64_Half ownProcessor = EM_X86_64;
#elif defined(__aarch64__)
static constexpr Elf64_Half ownProcessor = EM_AARCH64;
#else
static constexpr Elf64_Half ownProcessor = EM_NONE;
#endif

[[noreturn]] static void refuse(const std::string &why) {
  throw std::runtime_error("the program's code cannot be loaded: " + why);
}

static std::string processorName(Elf64_Half machine) {
  return machine == EM_X86_64    ? "x86-64"
         : machine == EM_AARCH64 ? "aarch64"
                                 : fmt::format("kind {}", machine);
}

/// The shared object in `code`, which is one for this processor.
static std::string_view checked(std::string_view code) {
  std::optional<std::string_view> object = unsealed(code);
  if (!object)
    refuse("it is damaged: its checksum does not match its contents");
  Elf64_Ehdr header;
  if (object->size() < sizeof header)
    refuse("it is no shared object");
  std::memcpy(&header, object->data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_type != ET_DYN ||
      header.e_ident[EI_CLASS] != ELFCLASS64)
    refuse("it is no shared object");
  if (header.e_machine != ownProcessor)
    refuse(fmt::format("it is for a processor of {}, and this one is of {}",
                       processorName(header.e_machine), processorName(ownProcessor)));
  return *object;
}

/// By a name that a debugger of this process can open as well. The descriptor stays open: the
/// loader knows objects by their names, and another would get this one's.
void *SharedCode::loadFromMemory(std::string_view code) {
  int descriptor = memory.descriptor = memfd_create("roux-program", MFD_CLOEXEC);
  if (descriptor < 0)
    refuse(fmt::format("no memory to put it in: {}", std::strerror(errno)));
  while (!code.empty()) {
    ssize_t written = write(descriptor, code.data(), code.size());
    if (written <= 0)
      refuse(fmt::format("no memory for its {} bytes: {}", code.size(), std::strerror(errno)));
    code.remove_prefix(written);
  }
  return dlopen(fmt::format("/proc/{}/fd/{}", getpid(), descriptor).c_str(), RTLD_NOW | RTLD_LOCAL);
}

SharedCode::SharedCode(std::string_view code, const std::string &file) {
  std::string_view object = checked(code);
  if (!file.empty())
    handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    handle = loadFromMemory(object);
  if (!handle) {
    const char *why = dlerror();
    refuse(why ? why : "the system does not say why");
  }
}

SharedCode::~SharedCode() {
  dlclose(handle);
}

SharedCode::Memory::~Memory() {
  if (descriptor >= 0)
    close(descriptor);
}

void *SharedCode::find(const std::string &symbol) const {
  void *found = dlsym(handle, symbol.c_str());
  if (!found)
    refuse(fmt::format("it has no '{}'", symbol));
  return found;
}

KernelPhase SharedCode::phase(const std::string &symbol) const {
  auto code = reinterpret_cast<KernelCode>(find(symbol));
  const auto *numbers = static_cast<const int64_t *>(find(shapeSymbol(symbol)));
  KernelShape shape{symbol, numbers[0], numbers[1], numbers[2]};
  if (numbers[3] >= 0)
    shape.extentArgument = static_cast<unsigned>(numbers[3]);
  return {code, shape};
}

std::vector<KernelPhase> SharedCode::kernel(const std::string &name) const {
  std::vector<KernelPhase> phases = {phase(name)};
  if (dlsym(handle, finishSymbol(name).c_str()))
    phases.push_back(phase(finishSymbol(name)));
  return phases;
}

} // namespace roux
