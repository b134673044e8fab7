//===- SASS.cpp - PTX as the instructions that a GPU runs ------------------===//
//
// Through files in a temporary folder, which is gone afterwards.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/SASS.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace roux;

static Expected<std::string> toolNamed(StringRef name) {
  if (ErrorOr<std::string> found = sys::findProgramByName(name))
    return *found;
  if (ErrorOr<std::string> found =
          sys::findProgramByName(name, {"/usr/local/cuda/bin", ROUX_CUDA_FOLDER "/bin"}))
    return *found;
  return createStringError("no " + name.str() +
                           ": neither in PATH nor in /usr/local/cuda/bin; it comes with the CUDA "
                           "toolkit");
}

static std::string contentsOf(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  return file ? (*file)->getBuffer().str() : std::string();
}

/// Runs `tool`; what it printed, or an error with that.
static Expected<std::string> run(StringRef tool, ArrayRef<StringRef> arguments, StringRef output) {
  SmallVector<StringRef> command = {tool};
  llvm::append_range(command, arguments);
  std::optional<StringRef> redirects[] = {StringRef(), output, output};
  int status = sys::ExecuteAndWait(tool, command, std::nullopt, redirects);
  std::string said = contentsOf(output);
  if (status != 0)
    return createStringError(tool.str() + " failed: " + StringRef(said).trim().str());
  return said;
}

Expected<std::vector<SASSFunction>> roux::disassemble(StringRef ptx, StringRef architecture) {
  Expected<std::string> assembler = toolNamed("ptxas");
  if (!assembler)
    return assembler.takeError();
  Expected<std::string> lister = toolNamed("nvdisasm");
  if (!lister)
    return lister.takeError();
  SmallString<128> folder;
  if (std::error_code failed = sys::fs::createUniqueDirectory("roux-sass", folder))
    return createStringError("no temporary folder: " + failed.message());
  llvm::scope_exit removed([&] { sys::fs::remove_directories(folder); });
  std::string source = (folder + "/kernel.ptx").str(), code = (folder + "/kernel.cubin").str();
  std::string said = (folder + "/said").str(), option = ("-arch=" + architecture).str();
  std::error_code failed;
  {
    raw_fd_ostream out(source, failed);
    if (failed)
      return createStringError(source + ": " + failed.message());
    out << ptx;
  }
  Expected<std::string> assembled = run(*assembler, {option, source, "-o", code}, said);
  if (!assembled)
    return assembled.takeError();
  Expected<std::string> listing = run(*lister, {"-g", "-c", code}, said);
  if (!listing)
    return listing.takeError();
  return readSASS(*listing);
}
