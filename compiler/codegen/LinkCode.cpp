//===- LinkCode.cpp - objects as one shared object -------------------------===//
//
// lld takes files only: what it reads lies in memory that has the name of a file,
// and what it writes is a temporary one. Code is linked with the libm of this
// process, so that the versions of functions are those that kernels were tested
// with.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/LinkCode.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"

#include <link.h>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace {

/// A file that only this process has.
class MemoryFile {
public:
  MemoryFile() : descriptor(memfd_create("roux-link", MFD_CLOEXEC)) {}
  MemoryFile(MemoryFile &&other) : descriptor(std::exchange(other.descriptor, -1)) {}
  ~MemoryFile() {
    if (descriptor >= 0)
      close(descriptor);
  }

  bool write(StringRef bytes) {
    while (descriptor >= 0 && !bytes.empty()) {
      ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
      if (written <= 0)
        return false;
      bytes = bytes.drop_front(written);
    }
    return descriptor >= 0;
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }

private:
  int descriptor;
};

} // namespace

/// Where this process has its C libraries.
static SmallVector<std::string> cLibraries() {
  SmallVector<std::string> paths;
  dl_iterate_phdr(
      [](dl_phdr_info *object, size_t, void *found) {
        StringRef name = object->dlpi_name;
        if (name.contains("/libm.so") || name.contains("/libc.so"))
          static_cast<SmallVector<std::string> *>(found)->push_back(name.str());
        return 0;
      },
      &paths);
  return paths;
}

Expected<std::string> roux::linkCode(ArrayRef<StringRef> objects) {
  SmallString<128> output;
  if (std::error_code failed = sys::fs::createTemporaryFile("roux-kernels", "so", output))
    return createStringError("no temporary file to link the kernels to: " + failed.message());
  FileRemover removed(output);
  SmallVector<MemoryFile> inputs;
  SmallVector<std::string> names = cLibraries();
  for (StringRef object : objects)
    if (names.push_back(inputs.emplace_back().path()); !inputs.back().write(object))
      return createStringError("no memory to link the kernels in");
  SmallVector<const char *> arguments = {"ld.lld",       "-shared",     "-o",
                                         output.c_str(), "--threads=1", "--no-undefined",
                                         "--as-needed",  "--build-id",  "--eh-frame-hdr",
                                         "-z",           "now"};
  for (const std::string &name : names)
    arguments.push_back(name.c_str());

  static std::mutex one; // lld keeps its state in globals
  std::lock_guard lock(one);
  std::string said;
  raw_string_ostream out(said);
  lld::Result result = lld::lldMain(arguments, out, out, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return createStringError("the kernels cannot be linked: " + StringRef(said).trim());
  ErrorOr<std::unique_ptr<MemoryBuffer>> made =
      MemoryBuffer::getFile(output, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!made)
    return createStringError("the linked kernels cannot be read: " + made.getError().message());
  return (*made)->getBuffer().str();
}
