//===- CodeCache.cpp - compiled code kept on disk -------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/CodeCache.h"

#include "compiler/codegen/BuildIdentity.h"
#include "runtime/KeptFile.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace roux;

CodeCache::CodeCache(const std::string &folder)
    : folder(buildIdentity().empty() ? std::string() : folder) {}

std::string CodeCache::keyOf(kernel::FuncOp function, StringRef target, bool hasLines) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << buildIdentity() << ' ' << target << '\n';
  function->print(out, OpPrintingFlags().enableDebugInfo(hasLines).useLocalScope());
  return digestOf(text) + ".o";
}

std::string CodeCache::keyOf(StringRef step) {
  return digestOf(buildIdentity() + (" " + step).str()) + ".step";
}

std::string CodeCache::keyOf(ArrayRef<std::string> kernels) {
  return digestOf(llvm::join(kernels, " ")) + ".so";
}

std::string CodeCache::pathOf(const std::string &key) const {
  SmallString<256> path(folder);
  llvm::sys::path::append(path, key);
  return path.str().str();
}

std::optional<std::string> CodeCache::find(const std::string &key) const {
  return isUsed() ? readSealed(pathOf(key)) : std::nullopt;
}

bool CodeCache::put(const std::string &key, StringRef bytes) const {
  return isUsed() && keepSealed(pathOf(key), bytes);
}
