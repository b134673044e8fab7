//===- Meter.cpp - charging the rendering of this thread ------------------===//
//
// The limits are reached through the thread and not through arguments: equality and
// printing are called by the standard library's algorithms.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Meter.h"

#include "runtime/data/template/Value.h"

#include <utility>

namespace roux::data::meter {

static thread_local TemplateLimits *running = nullptr;
static thread_local int valueLevels = 0;
/// A quarter of Python's own limit on recursion, and more than JSON of any chat.
static constexpr int mostValueLevels = 250;

Running::Running(TemplateLimits &limits) : before(std::exchange(running, &limits)) {}

Running::~Running() {
  running = before;
}

void step(uint64_t count) {
  if (!running)
    return;
  if (running->steps < count) {
    running->steps = 0;
    throw TemplateError("the template takes more steps than any chat needs");
  }
  running->steps -= count;
}

void bytes(uint64_t count) {
  if (!running)
    return;
  if (running->bytes < count)
    throw TemplateError("the template makes more text than any chat needs");
  running->bytes -= count;
}

Level::Level() : limits(running) {
  if (!limits)
    return;
  if (limits->depth <= 0)
    throw TemplateError("macros call each other too deeply");
  --limits->depth;
}

Level::~Level() {
  if (limits)
    ++limits->depth;
}

ValueLevel::ValueLevel() {
  if (valueLevels >= mostValueLevels)
    throw TemplateError("a value is nested deeper than 250, or holds itself");
  ++valueLevels;
}

ValueLevel::~ValueLevel() {
  --valueLevels;
}

} // namespace roux::data::meter
