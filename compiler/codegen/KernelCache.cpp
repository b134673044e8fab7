//===- KernelCache.cpp - compiled kernels kept on disk --------------------===//
//
// A file holds its kernel, its key and a checksum, and appears under its name
// only when it is whole.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelCache.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <xxhash.h>

using namespace mlir;
using namespace roux;

/// Bumped whenever a lowering makes other code of the same kernel.
static constexpr unsigned loweringFormat = 3;

std::string KernelCache::key(kernel::FuncOp function, StringRef machine) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << loweringFormat << ' ' << LLVM_VERSION_STRING << ' ' << machine << '\n';
  function->print(out, OpPrintingFlags().enableDebugInfo(false));
  XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16);
}

std::optional<ProgramKernel> KernelCache::find(const std::string &key) const {
  SmallString<256> path(folder);
  llvm::sys::path::append(path, key);
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  StringRef rest = file ? (*file)->getBuffer() : StringRef();
  KernelShape shape;
  int64_t *numbers[] = {&shape.extentPerItem, &shape.itemsPerRow, &shape.scratchBytes};
  size_t header = 8 + sizeof(int64_t) * std::size(numbers);
  if (rest.size() < header)
    return std::nullopt;
  uint64_t sum;
  std::memcpy(&sum, rest.data(), 8);
  rest = rest.drop_front(8);
  if (sum != XXH3_64bits(rest.data(), rest.size()))
    return std::nullopt;
  for (int64_t *number : numbers) {
    std::memcpy(number, rest.data(), sizeof *number);
    rest = rest.drop_front(sizeof *number);
  }
  auto [name, object] = rest.split('\0');
  shape.name = name.str();
  return ProgramKernel{shape, object.str()};
}

void KernelCache::put(const std::string &key, const ProgramKernel &kernel) const {
  std::string body;
  for (int64_t number :
       {kernel.shape.extentPerItem, kernel.shape.itemsPerRow, kernel.shape.scratchBytes})
    body.append(reinterpret_cast<const char *>(&number), sizeof number);
  body += kernel.shape.name;
  body += '\0';
  body += kernel.object;
  uint64_t sum = XXH3_64bits(body.data(), body.size());

  SmallString<256> path(folder), temporary;
  llvm::sys::path::append(path, key);
  int descriptor;
  if (llvm::sys::fs::create_directories(folder) ||
      llvm::sys::fs::createUniqueFile(path + ".%%%%%%", descriptor, temporary))
    return;
  bool whole;
  {
    llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
    out.write(reinterpret_cast<const char *>(&sum), sizeof sum) << body;
    out.close();
    whole = !out.has_error();
    out.clear_error();
  }
  if (!whole || llvm::sys::fs::rename(temporary, path))
    llvm::sys::fs::remove(temporary);
}
