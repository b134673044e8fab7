//===- Rotary.h - rotary positions and the ways of stretching them --------===//
//
// A rotary embedding turns pairs of channels by position * frequency. How a
// model's context was extended is nothing but another list of frequencies and
// one factor, so every scaling ends here and the compiler sees only numbers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <vector>

namespace roux::model {

struct Rotary {
  /// Which channels make a pair: i and i + n/2 (Hugging Face), or 2i and 2i + 1 (llama2.c).
  enum class Style : uint8_t { Half, Interleaved };
  enum class Scaling : uint8_t {
    None,
    Linear,   ///< positions divided by `factor`
    Dynamic,  ///< the base grows with the context beyond `originalContext`
    Yarn,     ///< slow frequencies divided by `factor`, fast ones kept, a ramp between (2309.00071)
    Llama3,   ///< the same idea with wavelength limits
    LongRope, ///< each frequency divided by its factor, of two lists, by the sequence's length
  };

  Style style = Style::Half;
  Scaling scaling = Scaling::None;
  double base = 10000;
  double factor = 1;
  int64_t originalContext = 0; ///< the context before stretching
  double betaFast = 32;        ///< Yarn: turns in the original context above which nothing changes
  double betaSlow = 1;         ///< Yarn: turns below which a frequency is divided by `factor`
  bool truncate = true;        ///< Yarn: the ramp's ends are whole channels
  double attentionFactor = 1;  ///< Yarn, LongRope: multiplies cosine and sine
  double lowFactor = 1;        ///< Llama3: wavelengths above originalContext / lowFactor are slow
  double highFactor = 4;       ///< Llama3: wavelengths below originalContext / highFactor are fast
  std::vector<double> shortFactors; ///< LongRope (2402.13753): to originalContext tokens
  std::vector<double> longFactors;  ///< above

  bool operator==(const Rotary &) const = default;
  /// True if the frequencies of a sequence depend on how long it is.
  bool dependsOnLength() const {
    return scaling == Scaling::Dynamic || scaling == Scaling::LongRope;
  }
};

/// Radians a position for each of `channels / 2` pairs of one head, fastest first, in a sequence of
/// `length` tokens.
std::vector<double> frequencies(const Rotary &rotary, int64_t channels, int64_t length);

/// Yarn's factor on cosine and sine where a config does not state it: 0.1 ln(factor) + 1.
double yarnAttentionFactor(double factor);
/// LongRoPE's: sqrt(1 + ln(factor) / ln(context)), 1 where the model is not longer than `context`.
double longRopeAttentionFactor(double factor, int64_t context);

} // namespace roux::model
