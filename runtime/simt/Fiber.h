//===- Fiber.h - a thread of a GPU on a stack of its own -------------------===//
//
// Threads of a block wait for each other in the middle of their code, a thousand
// of them a million times a second: they change places in a few instructions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace roux::simt {

class Fiber {
public:
  /// Will run `entry`, which never returns, on the stack that ends at `end`.
  void prepare(char *begin, char *end, void (*entry)());
  /// Stops in `from`, which runs, and goes on where `to` stopped.
  static void change(Fiber &from, Fiber &to);

private:
#if defined(__x86_64__)
  void *top = nullptr;
#else
  ucontext_t context;
#endif
};

/// Memory for stacks, with a page before each that ends a process whose code runs over.
class Stacks {
public:
  ~Stacks();
  /// Makes room for `count` of them; those there were are gone.
  void grow(size_t count);
  char *begin(size_t i) const { return memory + i * stride + guard; }
  /// Not all at the same place of a page, or they would share one set of the cache.
  char *end(size_t i) const { return memory + (i + 1) * stride - i % 64 * 320; }
  bool contains(const void *address) const {
    return address >= memory && address < memory + count * stride;
  }

private:
  static constexpr size_t guard = 4096, stride = 128 * 1024;
  void release();

  char *memory = nullptr;
  size_t count = 0;
};

} // namespace roux::simt
