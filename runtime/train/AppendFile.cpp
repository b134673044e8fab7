//===- AppendFile.cpp - a log that grows by whole records -----------------===//
//
// A write that is cut short on a full disk has no error of its own; the next one
// has.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/AppendFile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace roux::train {

AppendFile::AppendFile(std::filesystem::path file)
    : path(std::move(file)),
      descriptor(open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (descriptor < 0)
    fail();
}

AppendFile::~AppendFile() {
  close(descriptor);
}

void AppendFile::fail() const {
  throw data::FileError(
      fmt::format("{}: cannot write it: {}", path.string(), std::strerror(errno)));
}

void AppendFile::append(std::string_view record) {
  while (!record.empty()) {
    ssize_t done = ::write(descriptor, record.data(), record.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      fail();
    record.remove_prefix(static_cast<size_t>(done));
  }
}

} // namespace roux::train
