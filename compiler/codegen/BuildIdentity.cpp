//===- BuildIdentity.cpp - which compiler wrote a piece of code ------------===//
//
// The linker's note about what it linked, read from this process's memory.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/BuildIdentity.h"

#include "llvm/ADT/StringExtras.h"

#include <elf.h>
#include <link.h>

using namespace llvm;

/// The build-id among the notes in `bytes`; empty if there is none.
static std::string idAmong(StringRef bytes) {
  auto padded = [](uint64_t size) { return alignTo(size, 4); };
  ElfW(Nhdr) note;
  while (bytes.size() >= sizeof note) {
    std::memcpy(&note, bytes.data(), sizeof note);
    StringRef rest = bytes.drop_front(sizeof note);
    uint64_t size = padded(note.n_namesz) + padded(note.n_descsz);
    if (size > rest.size())
      break;
    if (note.n_type == NT_GNU_BUILD_ID && rest.starts_with(ELF_NOTE_GNU))
      return toHex(rest.substr(padded(note.n_namesz), note.n_descsz), /*LowerCase=*/true);
    bytes = rest.drop_front(size);
  }
  return {};
}

static std::string idOf(const dl_phdr_info &object) {
  for (const ElfW(Phdr) &part : ArrayRef(object.dlpi_phdr, object.dlpi_phnum)) {
    if (part.p_type != PT_NOTE)
      continue;
    const auto *notes = reinterpret_cast<const char *>(object.dlpi_addr + part.p_vaddr);
    if (std::string id = idAmong(StringRef(notes, part.p_memsz)); !id.empty())
      return id;
  }
  return {};
}

const std::string &roux::buildIdentity() {
  static const std::string identity = [] {
    SmallVector<std::string> ids;
    dl_iterate_phdr(
        [](dl_phdr_info *object, size_t, void *found) {
          StringRef name = object->dlpi_name; // the program's own is empty
          if (name.empty() ? static_cast<SmallVector<std::string> *>(found)->empty()
                           : name.contains("libMLIR") || name.contains("libLLVM"))
            static_cast<SmallVector<std::string> *>(found)->push_back(idOf(*object));
          return 0;
        },
        &ids);
    return llvm::is_contained(ids, "") ? std::string() : join(ids, "-");
  }();
  return identity;
}
