//===- LinkCode.cpp - objects as one shared object -------------------------===//
//
// lld takes files only: what it reads lies in memory that has the name of a file,
// and what it writes is a pipe, so that a killed process leaves nothing behind. Code
// is linked with the libm of this process, so that the versions of functions are
// those that kernels were tested with.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/LinkCode.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallVector.h"

#include <cerrno>
#include <fcntl.h>
#include <link.h>
#include <mutex>
#include <pthread.h>
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

/// A file to write once and in order, whose bytes are kept as they come: lld writes to what is no
/// regular file as it is, without one beside it to rename.
class WrittenPipe {
public:
  WrittenPipe() {
    // std::thread ends the process where no more threads can be had.
    if (pipe2(ends, O_CLOEXEC) == 0 && pthread_create(&reader, nullptr, readAll, this) != 0)
      for (int &end : ends)
        close(std::exchange(end, -1));
  }
  ~WrittenPipe() { finish(); }

  bool isOpen() const { return ends[1] >= 0; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(ends[1]); }

  /// All that was written.
  std::string finish() {
    if (!isOpen())
      return std::move(bytes);
    close(std::exchange(ends[1], -1)); // the end that the reader waits for
    pthread_join(reader, nullptr);
    close(ends[0]);
    return std::move(bytes);
  }

private:
  static void *readAll(void *self) {
    auto &pipe = *static_cast<WrittenPipe *>(self);
    char part[1 << 16];
    for (ssize_t count; (count = read(pipe.ends[0], part, sizeof part)) != 0;)
      if (count > 0)
        pipe.bytes.append(part, count);
      else if (errno != EINTR)
        break;
    return nullptr;
  }

  int ends[2] = {-1, -1};
  std::string bytes;
  pthread_t reader;
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
  WrittenPipe linked;
  if (!linked.isOpen())
    return createStringError("no pipe to link the kernels to, or no thread to read it");
  std::string output = linked.path();
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
  return linked.finish();
}
