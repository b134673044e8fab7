//===- Meter.h - what a rendering may still spend -------------------------===//
//
// A template comes from a downloaded folder, so whatever it does costs a bounded
// amount. Texts, lists and comparisons are charged where they are made and not by
// the filter that asks for them: a filter that is added tomorrow cannot forget it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace roux::data {

/// What one rendering may spend before it is refused. As they stand, a rendering ends within
/// about a second and 256 MB: what is charged is there up to three times, since lists grow by
/// doubling and old and new stand side by side meanwhile.
struct TemplateLimits {
  uint64_t steps = 10'000'000;         ///< nodes evaluated, rounds, values and pieces visited
  uint64_t bytes = uint64_t(80) << 20; ///< of all texts and lists made on the way, together
  int depth = 1000;                    ///< expressions, blocks and macros inside each other
};

/// Charges the rendering that the calling thread is in; outside of one nothing is charged.
namespace meter {

/// Makes `limits` those of the calling thread while it lives.
class Running {
public:
  explicit Running(TemplateLimits &limits);
  ~Running();
  Running(const Running &) = delete;

private:
  TemplateLimits *before;
};

/// Each throws TemplateError where nothing is left. Sizes are charged before they are made.
void step(uint64_t count = 1);
void bytes(uint64_t count);
/// Reads `count` bytes of a text, which is quicker than steps.
inline void scan(uint64_t count) {
  step(1 + count / 64);
}

/// One more level of a walk that calls itself. Throws TemplateError where there are too many.
class Level {
public:
  Level();
  ~Level();
  Level(const Level &) = delete;

private:
  TemplateLimits *limits;
};

/// The same for walks over values, which nest less deep.
class ValueLevel {
public:
  ValueLevel();
  ~ValueLevel();
  ValueLevel(const ValueLevel &) = delete;
};

} // namespace meter
} // namespace roux::data
