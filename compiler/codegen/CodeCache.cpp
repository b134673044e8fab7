//===- CodeCache.cpp - compiled code kept on disk -------------------------===//
//
// A file appears under its name only when it is whole.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/CodeCache.h"

#include "compiler/codegen/BuildIdentity.h"
#include "runtime/Seal.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace roux;

CodeCache::CodeCache(const std::string &folder)
    : folder(buildIdentity().empty() ? std::string() : folder) {}

static std::string digest(StringRef text) {
  XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16);
}

std::string CodeCache::keyOf(kernel::FuncOp function, StringRef target, bool hasLines) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << buildIdentity() << ' ' << target << '\n';
  function->print(out, OpPrintingFlags().enableDebugInfo(hasLines).useLocalScope());
  return digest(text) + ".o";
}

std::string CodeCache::keyOf(StringRef step) {
  return digest(buildIdentity() + (" " + step).str()) + ".step";
}

std::string CodeCache::keyOf(ArrayRef<std::string> kernels) {
  return digest(llvm::join(kernels, " ")) + ".so";
}

std::string CodeCache::pathOf(const std::string &key) const {
  SmallString<256> path(folder);
  llvm::sys::path::append(path, key);
  return path.str().str();
}

std::optional<std::string> CodeCache::find(const std::string &key) const {
  if (!isUsed())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(pathOf(key), /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file || !unsealed((*file)->getBuffer()))
    return std::nullopt;
  return (*file)->getBuffer().str();
}

bool CodeCache::put(const std::string &key, StringRef bytes) const {
  SmallString<256> temporary;
  std::string path = pathOf(key);
  int descriptor;
  if (!isUsed() || llvm::sys::fs::create_directories(folder) ||
      llvm::sys::fs::createUniqueFile(path + ".%%%%%%", descriptor, temporary))
    return false;
  bool whole;
  {
    llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
    out << bytes;
    out.close();
    whole = !out.has_error();
    out.clear_error();
  }
  whole = whole && !llvm::sys::fs::rename(temporary, path);
  if (!whole)
    llvm::sys::fs::remove(temporary);
  return whole;
}
