//===- StandInStream.h - what a driver that stands in does later ----------===//
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace stand_in {

using Handle = void *;
using Address = unsigned long long;

constexpr Address distance = Address(1) << 62;
/// Where memory at the device's address really is.
inline void *here(Address address) {
  return reinterpret_cast<void *>(address ^ distance);
}

/// Whether the calling thread has a context, as each that asks for something must, and what is
/// answered if it has none.
bool hasContext();
constexpr int noContext = 201;

/// What is put into it while it is captured is not done.
struct Stream {
  bool isCaptured = false;
  std::vector<std::function<void()>> captured;
};

/// Done when somebody waits for it, or for what comes after it.
void queue(std::function<void()> action);
/// The same in a stream, or written down where it is captured.
void queue(Handle stream, std::function<void()> action);
/// Does all that is queued.
void drain();

} // namespace stand_in
