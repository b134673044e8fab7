//===- CudnnAttentionTest.cpp - cuDNN's attention, planned without a GPU --===//
//
// For what recipes train, graphs are checked, planned, sized, kept and loaded by the
// true library, for GPUs that are only described; a library that stands in for the
// driver takes its code. What comes of it is printed. Nothing of it runs.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudnnAttention.h"

#include <cmath>
#include <ctime>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sstream>

using namespace roux;
using namespace roux::cuda;

namespace {

std::string deviceText(const std::string &name) {
  std::ifstream file(std::string(ROUX_DEVICES) + "/" + name + ".json");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::unique_ptr<AttentionLibrary> library(const std::string &architecture,
                                          const std::string &device) {
  // Whoever asks for libcuda.so.1 later gets the one that is loaded.
  static void *driver = dlopen(ROUX_STAND_IN_DRIVER, RTLD_NOW | RTLD_GLOBAL);
  EXPECT_TRUE(driver) << dlerror();
  return openCudnn(architecture, device);
}
std::unique_ptr<AttentionLibrary> hopper() {
  return library("sm_90a", deviceText("h100"));
}

AttentionForm form(bool isGradient, int64_t heads, int64_t keyHeads, int64_t columns,
                   int64_t window = 0) {
  AttentionForm made;
  made.isGradient = isGradient;
  made.heads = heads, made.keyValueHeads = keyHeads, made.headColumns = columns;
  made.window = window;
  made.scale = 1 / std::sqrt(double(columns));
  made.element = "bf16";
  for (size_t i = 0; i < made.arguments.size(); ++i)
    made.arguments[i] = isGradient || i <= AttentionForm::Logsumexp ? int64_t(i) : -1;
  return made;
}

/// What `recipes/` and the models they name train attention of.
struct Shape {
  const char *what;
  int64_t heads, keyHeads, columns, window;
  SegmentClass segments;
};
const Shape shapes[] = {
    {"tiny.recipe", 4, 2, 16, 0, {8, 256, 1024}},
    {"first.recipe", 4, 2, 32, 0, {4, 4096, 8192}},
    {"first64k.recipe", 4, 2, 32, 0, {2, 65536, 131072}},
    {"decomposition.recipe", 16, 16, 64, 0, {16, 2048, 32768}},
    {"Llama 3.2 1B, 12 segments", 32, 8, 64, 0, {12, 23296, 65536}},
    {"Llama 3 8B, 12 segments", 32, 8, 128, 0, {12, 23296, 65536}},
    {"Llama 3 8B, 64 of 1024", 32, 8, 128, 0, {64, 1024, 65536}},
    {"Llama 3 8B, one of 65536", 32, 8, 128, 0, {1, 65536, 65536}},
    {"Llama 3 8B, window 4096", 32, 8, 128, 4096, {12, 23296, 65536}},
    {"Llama 2 7B, one of 32768", 32, 32, 128, 0, {1, 32768, 32768}},
    {"Llama 2 13B, one of 32768", 40, 40, 128, 0, {1, 32768, 32768}},
    {"Qwen 2.5 0.5B, 8 of 4096", 14, 2, 64, 0, {8, 4096, 32768}},
};

/// Of the processor, however busy the machine is.
double milliseconds(const std::function<void()> &action) {
  std::clock_t begin = std::clock();
  action();
  return 1e3 * double(std::clock() - begin) / CLOCKS_PER_SEC;
}

std::string refusal(const std::function<void()> &action) {
  try {
    action();
  } catch (const CudaError &error) {
    return error.what();
  }
  return "";
}

/// Plans, keeps and loads `form`; a line of the table.
std::string planned(AttentionLibrary &cudnn, const std::string &what, const AttentionForm &form,
                    const SegmentClass &segments) {
  std::unique_ptr<AttentionPlan> plan, again;
  std::string bytes;
  double planning = milliseconds([&] { plan = cudnn.plan(form, segments, false); });
  bytes = plan->bytes();
  double loading = milliseconds([&] { again = cudnn.load(bytes); });
  EXPECT_EQ(again->engine(), plan->engine());
  EXPECT_EQ(again->workspaceBytes(), plan->workspaceBytes());
  EXPECT_EQ(again->bytes().size(), bytes.size());
  int64_t given = form.isGradient
                      ? segments.tokens / workspaceTokens *
                            workspaceBytes(form.heads, form.keyValueHeads, form.headColumns)
                      : forwardWorkspaceBytes;
  EXPECT_LE(plan->workspaceBytes(), given) << what;
  constexpr double mebi = 1048576;
  return fmt::format(
      "| {:<26} | {} | {:<14} | {:>9.2f} | {:>9.2f} | {:>7} | {:>5.0f} | {:>4.0f} |\n", what,
      form.isGradient ? "gradient" : "forward ", plan->engine(),
      double(plan->workspaceBytes()) / mebi, double(given) / mebi, bytes.size(), planning, loading);
}

TEST(CudnnAttention, IsPlannedKeptAndLoadedWithoutAGPU) {
  auto cudnn = hopper(), newer = library("sm_100a", deviceText("b200"));
  std::string table;
  for (const Shape &shape : shapes)
    for (bool isGradient : {false, true})
      table += planned(*cudnn, shape.what,
                       form(isGradient, shape.heads, shape.keyHeads, shape.columns, shape.window),
                       shape.segments);
  for (bool isGradient : {false, true})
    table +=
        planned(*newer, "Llama 3 8B on sm_100", form(isGradient, 32, 8, 128), {12, 23296, 65536});
  fmt::print(
      "cuDNN {}, planned for GPUs that are not here; plan and load in ms of the processor:\n"
      "| attention                  | of       | engine         | MiB needs | MiB given | bytes "
      "  |  plan | load |\n{}",
      versionText(cudnn->version()), table);
}

/// What whyNotLibrary() refuses, cuDNN refuses too, or wants memory for that nothing has.
TEST(CudnnAttention, IsRefusedWhereItIsNotAsked) {
  const SegmentClass segments{12, 23296, 65536};
  std::string older = deviceText("h100");
  older.replace(older.find("900,"), 4, "800,");
  auto ampere = library("sm_80", older);
  EXPECT_NE(refusal([&] { ampere->plan(form(true, 32, 8, 128), segments, false); }), "");
  auto cudnn = hopper();
  EXPECT_NE(refusal([&] { cudnn->plan(form(true, 32, 8, 12), segments, false); }), "");
  EXPECT_NE(refusal([&] { cudnn->plan(form(true, 32, 8, 264), segments, false); }), "");
  if (cudnn->version() < 92500) {
    auto plan = cudnn->plan(form(true, 32, 8, 128), segments, true);
    EXPECT_GT(plan->workspaceBytes(), 300e9) << "a deterministic gradient is to be had after all";
  }
}

TEST(CudnnAttention, SaysWhatItDoesNotTake) {
  EXPECT_NE(
      refusal([] { library("sm_90a", "{}"); }).find("cuDNN does not take what is said of the GPU"),
      std::string::npos);
  auto cudnn = hopper();
  EXPECT_NE(
      refusal([&] { cudnn->load("no plan"); }).find("cuDNN does not take the plan that was kept"),
      std::string::npos);
  EXPECT_EQ(hopper()->device(), cudnn->device());
}

} // namespace
