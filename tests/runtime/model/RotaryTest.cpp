//===- RotaryTest.cpp - frequencies of every scaling ----------------------===//
//
// The numbers come from a Python transcription of the papers' formulas.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Rotary.h"

#include <gtest/gtest.h>

using namespace roux::model;

namespace {

struct RotaryCase {
  const char *name;
  Rotary rotary;
  int64_t context;
  std::vector<double> expected; ///< for heads of 16 channels
};

Rotary scaled(Rotary::Scaling scaling, double base, double factor, int64_t original) {
  Rotary rotary;
  rotary.scaling = scaling;
  rotary.base = base;
  rotary.factor = factor;
  rotary.originalContext = original;
  return rotary;
}

const std::vector<double> plainTenThousand{
    1,    0.31622776601683794,  0.1,   0.03162277660168379,
    0.01, 0.003162277660168379, 0.001, 0.00031622776601683794};

const RotaryCase cases[] = {
    {"none", scaled(Rotary::Scaling::None, 1e4, 1, 0), 512, plainTenThousand},
    {"linear",
     scaled(Rotary::Scaling::Linear, 1e4, 4, 2048),
     8192,
     {0.25, 0.07905694150420949, 0.025, 0.007905694150420948, 0.0025, 0.0007905694150420948,
      0.00025, 7.905694150420948e-05}},
    {"dynamic_within_context", scaled(Rotary::Scaling::Dynamic, 1e4, 2, 2048), 2048,
     plainTenThousand},
    {"dynamic",
     scaled(Rotary::Scaling::Dynamic, 1e4, 2, 2048),
     8192,
     {1, 0.23948135600598383, 0.05735131987446476, 0.013734571852269752, 0.003289173891343177,
      0.0007876958236383426, 0.00018863846396516057, 4.517539514526257e-05}},
    {"yarn",
     scaled(Rotary::Scaling::Yarn, 1e6, 4, 32768),
     131072,
     {1, 0.1778279410038923, 0.03162277660168379, 0.004217559938927618, 0.0005,
      4.445698525097307e-05, 7.905694150420949e-06, 1.4058533129758728e-06}},
    {"llama3",
     scaled(Rotary::Scaling::Llama3, 5e5, 8, 8192),
     131072,
     {1, 0.19392274474868576, 0.03760603093086393, 0.007292664737217109, 0.0005248461609929547,
      3.428102195952591e-05, 6.647869871181235e-06, 1.2891731721515574e-06}},
};

class Frequencies : public ::testing::TestWithParam<RotaryCase> {};

TEST_P(Frequencies, Match) {
  std::vector<double> found = frequencies(GetParam().rotary, 16, GetParam().context);
  ASSERT_EQ(found.size(), GetParam().expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], GetParam().expected[i], 1e-14 * GetParam().expected[i]);
}

INSTANTIATE_TEST_SUITE_P(Every, Frequencies, ::testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(Yarn, AttentionFactor) {
  EXPECT_DOUBLE_EQ(yarnAttentionFactor(4), 1.138629436111989);
  EXPECT_EQ(yarnAttentionFactor(1), 1);
}

} // namespace
