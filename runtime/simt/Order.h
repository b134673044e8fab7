//===- Order.h - what threads of a block learn of each other ---------------===//
//
// Barriers of a whole block are counted, and those of a warp in its lanes' clocks. All
// others, at which some threads leave what others find, pass clocks of everybody on:
// who has learnt of a clock comes after what was done until then.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Shadow.h"

namespace roux::simt {

struct Thread;

/// What `thread` knows, with itself, joined into `to`. What it does from now on is not told.
void tell(Thread &thread, Clocks &to);
/// `thread` now comes after all that `from` tells of.
void learn(Thread &thread, const Clocks &from);
/// The same of one party.
void learn(Thread &thread, uint32_t party, uint32_t clock);

} // namespace roux::simt
