//===- Processor.h - which machines' code this processor runs -------------===//
//
// Asked by the compiler, which then makes the best, and by the runtime, which
// refuses the others. So there is one list of what each kind of machine has.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string_view>

namespace roux {

/// Whether this processor has all that the compiler takes the machine called `name` to have, and
/// the system lets this process use it; it is asked to.
bool runsHere(std::string_view name);

} // namespace roux
