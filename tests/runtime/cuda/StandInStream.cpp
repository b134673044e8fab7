//===- StandInStream.cpp - what a driver that stands in does later --------===//
//
// A GPU does what it is told some time later. So does this: when somebody waits for it
// and not before, from the memory as it is then. Who does not wait where he must has wrong numbers.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/cuda/StandInStream.h"

#include "tests/runtime/cuda/StandInLaunch.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>

using namespace stand_in;

namespace {

struct Queue {
  std::deque<std::function<void()>> queued;
  size_t done = 0;
  std::set<std::pair<const std::byte *, size_t>> pinned;
};
Queue &stream() {
  static auto &only = *new Queue; // who is done with it last is not known
  return only;
}

void doUntil(size_t count) {
  for (Queue &s = stream(); s.done < count; ++s.done) {
    std::function<void()> action = std::move(s.queued.front());
    s.queued.pop_front();
    action();
  }
}

bool isPinned(const void *memory, size_t bytes) {
  auto *begin = static_cast<const std::byte *>(memory);
  for (const auto &[from, size] : stream().pinned)
    if (begin >= from && begin + bytes <= from + size)
      return true;
  return false;
}

} // namespace

void stand_in::queue(std::function<void()> action) {
  stream().queued.push_back(std::move(action));
}

void stand_in::queue(Handle stream, std::function<void()> action) {
  auto *into = static_cast<Stream *>(stream);
  if (into && into->isCaptured)
    into->captured.push_back(std::move(action));
  else
    queue(std::move(action));
}

void stand_in::drain() {
  doUntil(stream().done + stream().queued.size());
}

extern "C" {

/// What nobody has waited for yet: copies, launches.
size_t roux_stand_in_queued() {
  return stream().queued.size();
}

/// Puts `action` into a stream, for libraries that a test has.
void roux_stand_in_queue(Handle stream, void (*action)(void *), void *with) {
  queue(stream, [=] { action(with); });
}

int cuStreamCreate(Handle *made, unsigned) {
  if (!hasContext())
    return noContext;
  *made = new Stream;
  return 0;
}
int cuStreamDestroy_v2(Handle gone) {
  if (!hasContext())
    return noContext;
  delete static_cast<Stream *>(gone);
  return 0;
}
int cuMemAllocHost_v2(void **memory, size_t bytes) {
  if (!hasContext())
    return noContext;
  if (isWrong("nothing pinned"))
    return 2;
  *memory = std::malloc(bytes);
  stream().pinned.emplace(static_cast<std::byte *>(*memory), bytes);
  return 0;
}
int cuMemFreeHost(void *memory) {
  if (!hasContext())
    return noContext;
  drain();
  std::erase_if(stream().pinned, [&](const auto &each) { return each.first == memory; });
  std::free(memory);
  return 0;
}
/// What is not pinned is copied at once, after all that is queued.
int cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, Handle) {
  if (!hasContext())
    return noContext;
  if (!isPinned(from, bytes))
    drain();
  queue([=] { std::memcpy(here(to), from, bytes); });
  if (!isPinned(from, bytes))
    drain();
  return 0;
}
int cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, Handle) {
  if (!hasContext())
    return noContext;
  queue([=] { std::memcpy(to, here(from), bytes); });
  if (!isPinned(to, bytes))
    drain();
  return 0;
}
int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, Handle stream) {
  if (!hasContext())
    return noContext;
  queue(stream, [=] { std::memcpy(here(to), here(from), bytes); });
  return 0;
}
int cuMemsetD8Async(Address memory, unsigned char value, size_t bytes, Handle stream) {
  if (!hasContext())
    return noContext;
  queue(stream, [=] { std::memset(here(memory), value, bytes); });
  return 0;
}
/// An event is how much is to be done before it.
int cuEventCreate(Handle *event, unsigned) {
  if (!hasContext())
    return noContext;
  *event = new size_t(0);
  return 0;
}
int cuEventDestroy_v2(Handle event) {
  if (!hasContext())
    return noContext;
  delete static_cast<size_t *>(event);
  return 0;
}
int cuEventRecord(Handle event, Handle) {
  if (!hasContext())
    return noContext;
  *static_cast<size_t *>(event) = stream().done + stream().queued.size();
  return 0;
}
int cuEventSynchronize(Handle event) {
  if (!hasContext())
    return noContext;
  doUntil(*static_cast<size_t *>(event));
  return 0;
}
}
