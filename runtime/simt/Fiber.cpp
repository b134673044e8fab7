//===- Fiber.cpp - a thread of a GPU on a stack of its own -----------------===//
//
// On x86-64 a change saves what a called function has to keep and nothing else; the
// system's own way saves the signal mask too, by a call into the kernel.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Fiber.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/mman.h>

#if defined(__x86_64__)
asm(R"(
.text
.globl roux_simt_change
.hidden roux_simt_change
.type roux_simt_change,@function
roux_simt_change:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size roux_simt_change,.-roux_simt_change
)");
extern "C" void roux_simt_change(void **save, void *to);
#endif

namespace roux::simt {

#if defined(__x86_64__)

void Fiber::prepare(char *, char *end, void (*entry)()) {
  auto **place = reinterpret_cast<void **>(reinterpret_cast<uintptr_t>(end) & ~uintptr_t(15));
  *--place = nullptr; // as if entry had been called from nowhere
  *--place = reinterpret_cast<void *>(entry);
  for (int saved = 0; saved < 6; ++saved)
    *--place = nullptr;
  top = place;
}

void Fiber::change(Fiber &from, Fiber &to) {
  roux_simt_change(&from.top, to.top);
}

#else

void Fiber::prepare(char *begin, char *end, void (*entry)()) {
  getcontext(&context);
  context.uc_stack.ss_sp = begin;
  context.uc_stack.ss_size = static_cast<size_t>(end - begin);
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
}

void Fiber::change(Fiber &from, Fiber &to) {
  swapcontext(&from.context, &to.context);
}

#endif

void Stacks::release() {
  if (memory)
    munmap(memory, count * stride);
  memory = nullptr;
  count = 0;
}

Stacks::~Stacks() {
  release();
}

void Stacks::grow(size_t wanted) {
  if (wanted <= count)
    return;
  release();
  void *mapped = mmap(nullptr, wanted * stride, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    throw std::runtime_error(fmt::format("no memory for the stacks of {} threads of a block: {}",
                                         wanted, std::strerror(errno)));
  memory = static_cast<char *>(mapped);
  count = wanted;
  for (size_t i = 0; i < count; ++i)
    mprotect(begin(i) - guard, guard, PROT_NONE);
}

} // namespace roux::simt
