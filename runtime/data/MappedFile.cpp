//===- MappedFile.cpp - a file's bytes, read where they lie ---------------===//
//
// The mapping outlives its descriptor, so none is kept open.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/MappedFile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace roux::data {

MappedFile::MappedFile(std::filesystem::path source) : path(std::move(source)) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail(fmt::format("cannot open it: {}", std::strerror(errno)));
  struct Closing {
    int descriptor;
    ~Closing() { close(descriptor); }
  } closing{descriptor};
  map(descriptor);
}

MappedFile::MappedFile(int descriptor, std::filesystem::path name) : path(std::move(name)) {
  map(descriptor);
}

void MappedFile::map(int descriptor) {
  struct stat status;
  bool isFile = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  size = isFile ? static_cast<size_t>(status.st_size) : 0;
  void *mapped = size ? mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  int cause = errno;
  if (!isFile)
    fail("not a plain file");
  if (size == 0)
    fail("the file is empty");
  if (mapped == MAP_FAILED)
    fail(fmt::format("cannot map it: {}", std::strerror(cause)));
  data = static_cast<const std::byte *>(mapped);
  watched = WatchedMapping(data, size, path);
}

MappedFile::~MappedFile() {
  watched = {};
  munmap(const_cast<std::byte *>(data), size);
}

void MappedFile::fail(std::string_view why) const {
  throw FileError(fmt::format("{}: {}", path.string(), why));
}

void MappedFile::check(uint64_t offset, uint64_t count, size_t each, size_t alignment,
                       std::string_view what) const {
  if (offset % alignment == 0 && offset <= size && count <= (size - offset) / each)
    return;
  fail(fmt::format("{} should be {} x {} bytes at byte {}, but the file has {} bytes", what, count,
                   each, offset, size));
}

} // namespace roux::data
