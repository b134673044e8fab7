//===- LostBytes.h - mapped files that lose their bytes -------------------===//
//
// A mapped file that another process cuts off, or whose disk fails, ends a process by
// SIGBUS, without a word and without a save. Every mapping is watched here instead: what
// was lost reads as zeros, and whoever made something of it is told before it is used.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace roux::data {

/// Watches the mapping of a file while it lives. The mapping must outlive it.
class WatchedMapping {
public:
  WatchedMapping() = default;
  /// `begin` is the address of a page.
  WatchedMapping(const void *begin, size_t size, std::filesystem::path file);
  ~WatchedMapping();
  WatchedMapping(WatchedMapping &&other) noexcept;
  WatchedMapping &operator=(WatchedMapping &&other) noexcept;

private:
  static constexpr size_t nowhere = SIZE_MAX;
  size_t slot = nowhere;
};

/// Throws FileError, once for each loss, if a watched mapping of this process has lost bytes. To be
/// called after reading and before what was made of it is used.
void refuseLostBytes();

/// What to say instead of `why`, the words of an error or none: which bytes were lost, if any were,
/// since whatever went wrong followed from that.
std::string causeOf(std::string why);

} // namespace roux::data
