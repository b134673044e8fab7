//===- AttentionLibraryTest.cpp - what cuDNN is asked for, and what not ---===//
#include "runtime/cuda/AttentionLibrary.h"

#include <gtest/gtest.h>

using namespace roux;
using namespace roux::cuda;

namespace {

AttentionForm bf16(bool isGradient = true) {
  AttentionForm form;
  form.isGradient = isGradient;
  form.heads = 32, form.keyValueHeads = 8, form.headColumns = 128;
  form.element = "bf16";
  form.arguments.fill(0);
  return form;
}

constexpr int64_t here = 91900, newer = 92500;

TEST(AttentionLibrary, TakesWhatRecipesTrain) {
  for (bool isGradient : {false, true})
    for (const char *architecture : {"sm_90a", "sm_100a"}) {
      EXPECT_EQ(whyNotLibrary(bf16(isGradient), architecture, here, false), "");
      EXPECT_EQ(whyNotLibrary(bf16(isGradient), architecture, newer, true), "");
      AttentionForm windowed = bf16(isGradient);
      windowed.window = 4096;
      EXPECT_EQ(whyNotLibrary(windowed, architecture, here, false), "");
    }
  EXPECT_EQ(whyNotLibrary(bf16(false), "sm_90a", here, true), "") << "forward is deterministic";
}

TEST(AttentionLibrary, SaysWhatItDoesNotTake) {
  EXPECT_EQ(whyNotLibrary(bf16(), "sm_80", here, false),
            "cuDNN's ragged attention with its sums wants sm_90 or sm_100, not sm_80");
  EXPECT_EQ(whyNotLibrary(bf16(false), "sm_120a", newer, false),
            "cuDNN's ragged attention with its sums wants sm_90 or sm_100, not sm_120a");
  EXPECT_EQ(whyNotLibrary(bf16(), "sm_90a", here, true),
            "cuDNN 9.19 has no deterministic gradient in bounded memory, 9.25 has one; "
            "deterministic: false takes what is here");
  AttentionForm form = bf16();
  form.softcap = 50;
  EXPECT_EQ(whyNotLibrary(form, "sm_90a", here, false), "cuDNN's attention has no softcap");
  form = bf16();
  form.element = "f32";
  EXPECT_EQ(whyNotLibrary(form, "sm_90a", here, false), "cuDNN's attention is of bf16, not f32");
  form = bf16();
  form.headColumns = 256;
  EXPECT_EQ(whyNotLibrary(form, "sm_90a", here, false), "");
  EXPECT_EQ(whyNotLibrary(form, "sm_100a", here, false),
            "cuDNN's attention has heads of a multiple of 8 up to 128, not 256");
  form.headColumns = 12;
  EXPECT_EQ(whyNotLibrary(form, "sm_90a", here, false),
            "cuDNN's attention has heads of a multiple of 8 up to 256, not 12");
  form = bf16();
  form.arguments[AttentionForm::Workspace] = -1;
  EXPECT_EQ(whyNotLibrary(form, "sm_90a", here, false),
            "the program was compiled without what a library needs");
}

TEST(AttentionLibrary, ServesManySegmentsWithOnePlan) {
  auto of = [](std::vector<int32_t> offsets) { return SegmentClass::of(offsets); };
  EXPECT_EQ(of({0, 1000}), (SegmentClass{1, 1024, 1024}));
  EXPECT_EQ(of({0, 1000, 1024}), (SegmentClass{2, 1024, 1024}));
  EXPECT_EQ(of({0, 1000, 2000, 2500, 4096}), (SegmentClass{4, 2048, 4096}));
  EXPECT_EQ(of({0, 10, 20, 30, 40, 50}), (SegmentClass{6, 128, 1024}));
  EXPECT_EQ(of({0, 40000, 65536}), (SegmentClass{2, 46464, 65536}));
  EXPECT_EQ(of({0, 65536}), (SegmentClass{1, 65536, 65536}));
  EXPECT_EQ(of({0}), (SegmentClass{1, 128, 1024}));
}

TEST(AttentionLibrary, SaysOfWhichSizesAClassIs) {
  EXPECT_EQ(classText(1), "1 row");
  EXPECT_EQ(classText(2), "2 rows");
  EXPECT_EQ(classText(724), "513 to 724 rows");
  // What it says is what is of the class.
  for (int64_t count = 1; count < 2000; ++count) {
    std::string text = classText(stepUp(count));
    size_t to = text.find(" to ");
    int64_t first = std::stoll(text),
            last = to == text.npos ? first : std::stoll(text.substr(to + 4));
    EXPECT_TRUE(first <= count && count <= last) << count << ": " << text;
  }
  EXPECT_EQ(SegmentClass::of(std::vector<int32_t>{0, 1000, 1500}).text(),
            "at most 2 segments of at most 1024 tokens, together at most 2048");
}

TEST(AttentionForm, SaysWhatItIs) {
  AttentionForm form = bf16();
  form.window = 4096, form.scale = 0.125, form.softcap = 50;
  EXPECT_EQ(form.text(), "gradient of attention, 32 heads of 128 over 8, causal, window 4096, "
                         "scale 0.125, softcap 50, bf16");
  EXPECT_EQ(workspaceBytes(32, 8, 128), 1024 * 32 * 4 * 385 + 65536);
  EXPECT_EQ(workspaceBytes(32, 32, 128), 1024 * 32 * 4 * 129 + 65536);
}

} // namespace
