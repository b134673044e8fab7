//===- LostBytes.cpp - mapped files that lose their bytes -----------------===//
//
// The handler runs in the middle of any instruction, so it looks through a table of
// plain atomics and calls nothing but mmap.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/LostBytes.h"

#include "runtime/data/FileError.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <utility>
#include <vector>

namespace roux::data {

namespace {

struct Slot {
  std::atomic<uintptr_t> begin = 0, end = 0; ///< end 0: free
  std::atomic<bool> lost = false;
  std::filesystem::path file; ///< guarded by `changing`
};

/// Shards of the largest published models are some hundred files; more are mapped unwatched.
constexpr size_t mostMappings = 4096;
Slot slots[mostMappings];
std::atomic<bool> anyLost = false;
std::mutex changing;
std::vector<std::filesystem::path> lostBefore; ///< of mappings that are gone; guarded by `changing`

/// Puts zeros where the lost bytes were, so that the instruction goes on.
void onLostBytes(int signal, siginfo_t *info, void *) {
  auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Slot &slot : slots) {
    uintptr_t begin = slot.begin, end = slot.end;
    if (address < begin || address >= end)
      continue;
    auto page = static_cast<uintptr_t>(getpagesize());
    uintptr_t from = address / page * page;
    if (mmap(reinterpret_cast<void *>(from), end - from, PROT_READ,
             MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
      break;
    slot.lost = true;
    anyLost = true;
    return;
  }
  std::signal(signal, SIG_DFL); // nothing of ours: the instruction meets it again
}

void watchOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = onLostBytes;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, nullptr);
  });
}

} // namespace

WatchedMapping::WatchedMapping(const void *begin, size_t size, std::filesystem::path file) {
  watchOnce();
  std::lock_guard lock(changing);
  for (size_t i = 0; i < mostMappings; ++i) {
    if (slots[i].end)
      continue;
    slot = i;
    slots[i].file = std::move(file);
    slots[i].lost = false;
    slots[i].begin = reinterpret_cast<uintptr_t>(begin);
    slots[i].end = slots[i].begin + size;
    return;
  }
}

WatchedMapping::~WatchedMapping() {
  if (slot == nowhere)
    return;
  std::lock_guard lock(changing);
  slots[slot].end = 0;
  if (slots[slot].lost)
    lostBefore.push_back(std::move(slots[slot].file));
}

WatchedMapping::WatchedMapping(WatchedMapping &&other) noexcept
    : slot(std::exchange(other.slot, nowhere)) {}

WatchedMapping &WatchedMapping::operator=(WatchedMapping &&other) noexcept {
  std::swap(slot, other.slot);
  return *this;
}

void refuseLostBytes() {
  if (!anyLost)
    return;
  std::lock_guard lock(changing);
  anyLost = false;
  std::vector<std::filesystem::path> lost = std::exchange(lostBefore, {});
  for (Slot &slot : slots)
    if (slot.end && slot.lost.exchange(false))
      lost.push_back(slot.file);
  if (!lost.empty())
    throw FileError(fmt::format("{}: lost bytes while it was read: another process cut it off, or "
                                "its disk failed",
                                lost.front().string()));
}

std::string causeOf(std::string why) {
  try {
    refuseLostBytes();
  } catch (const FileError &lost) {
    return lost.what();
  }
  return why;
}

} // namespace roux::data
