//===- CudaAttentionTest.cpp - who does a program's attention -------------===//
//
// Against stand-ins for the driver and for the library: which of the two launches a
// kernel gets, what the library is handed, what is chosen and kept.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaAttention.h"

#include "runtime/Seal.h"
#include "runtime/device/Executor.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

using namespace roux;
using namespace roux::cuda;

namespace {

std::string read(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Writes down what it is asked for. Its plans are their own text.
struct Journal {
  std::vector<std::string> made, ran;
  int64_t version = 91900, workspace = 100;
  bool isSlow = false, fails = false;
};

class PlanWrittenDown : public AttentionPlan {
public:
  PlanWrittenDown(Journal &journal, CudaDevice &device, std::string text)
      : journal(journal), device(device), text(std::move(text)) {}
  std::string engine() const override { return "eng0"; }
  int64_t workspaceBytes() const override { return journal.workspace; }
  std::string bytes() const override { return text; }
  void run(const AttentionBuffers &buffers, Handle) override {
    if (journal.fails)
      throw CudaError("cuDNN does not run attention: it would not");
    if (journal.isSlow)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    auto count = (buffers.keyOffsets - buffers.queryOffsets) / 8;
    std::vector<int64_t> offsets(3 * count);
    std::vector<int32_t> lengths(count - 1);
    auto *from = reinterpret_cast<const std::byte *>(buffers.queryOffsets);
    device.download(std::as_writable_bytes(std::span(offsets)), from);
    from = reinterpret_cast<const std::byte *>(buffers.lengths);
    device.download(std::as_writable_bytes(std::span(lengths)), from);
    std::vector<uint64_t> arguments(buffers.arguments.begin(), buffers.arguments.end());
    if (!text.starts_with("gradient"))
      arguments[AttentionForm::Workspace] = arguments[AttentionForm::Workspace] != 0;
    journal.ran.push_back(fmt::format("{} | {} | {}", fmt::join(arguments, " "),
                                      fmt::join(offsets, " "), fmt::join(lengths, " ")));
  }

private:
  Journal &journal;
  CudaDevice &device;
  std::string text;
};

class LibraryWrittenDown : public AttentionLibrary {
public:
  LibraryWrittenDown(Journal &journal, CudaDevice &device) : journal(journal), device_(device) {}
  int64_t version() const override { return journal.version; }
  std::string device() const override { return "stand-in"; }
  std::unique_ptr<AttentionPlan> plan(const AttentionForm &form, const SegmentClass &segments,
                                      bool deterministic) override {
    std::string text =
        fmt::format("{} {}x{}x{}{}", form.isGradient ? "gradient" : "forward", segments.segments,
                    segments.longest, segments.tokens, deterministic ? " deterministic" : "");
    journal.made.push_back(text);
    return std::make_unique<PlanWrittenDown>(journal, device_, text);
  }
  std::unique_ptr<AttentionPlan> load(const std::string &bytes) override {
    if (bytes.find("ward") == bytes.npos && bytes.find("gradient") == bytes.npos)
      throw CudaError("cuDNN does not take the plan that was kept");
    return std::make_unique<PlanWrittenDown>(journal, device_, bytes);
  }

private:
  Journal &journal;
  CudaDevice &device_;
};

/// A program of one kernel, which is attention or its gradient, and a device with the library.
struct Setting {
  Journal journal;
  std::shared_ptr<CudaDevice> device;
  Program program;
  std::unique_ptr<Executor> executor;

  explicit Setting(LibraryOptions options = {}, bool isGradient = false, bool isSlow = false,
                   int64_t output = 4) {
    setenv("ROUX_STAND_IN", isSlow ? "slow" : "", 1);
    device = std::make_shared<CudaDevice>(ROUX_STAND_IN_DRIVER);
    device->setLibraries(options);
    makeProgram(isGradient, output);
    launches();
  }

  void makeProgram(bool isGradient, int64_t output) {
    program.target.name = "sm_90a";
    program.kind = CodeKind::PTX;
    program.kernels = {"attend"};
    program.phases = {{{"attend", 128, 0, 1, 0, -1}}};
    program.code = sealed(".visible .entry attend(.param .u64 a, .param .u64 b, .param .u64 c, "
                          ".param .u64 d, .param .u64 e, .param .u64 f, .param .u64 g, .param .u64 "
                          "h, .param .u64 i, .param .u64 j, .param .u64 k) {}\n");
    AttentionForm &form = program.attentions.emplace_back();
    form.isGradient = isGradient;
    form.heads = 4, form.keyValueHeads = 2, form.headColumns = 16, form.scale = 0.25;
    form.element = "bf16";
    for (size_t i = 0; i < form.arguments.size(); ++i)
      form.arguments[i] = isGradient || i <= AttentionForm::Logsumexp ? int64_t(i) : -1;
    Entry &entry = program.entries.emplace_back();
    entry.name = "nll", entry.registers = 11;
    for (uint32_t i = 0; i < 11; ++i)
      entry.instructions.push_back({Opcode::Constant, i, i, {}, "", ""});
    entry.instructions[4].immediate = output;
    entry.instructions.push_back(
        {Opcode::Launch, 0, 0, {10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "", "r:1"});
  }

  void useLibrary() { device->useLibrary(std::make_unique<LibraryWrittenDown>(journal, *device)); }

  void run(const std::vector<int32_t> &segments) {
    if (!executor)
      executor = std::make_unique<Executor>(Program::load(program.save(), "test"), device);
    Bindings bindings;
    bindings.segments = segments;
    executor->run("nll", bindings);
  }

  /// Launches of the kernel since the last call.
  static size_t launches() {
    static size_t seen = 0;
    void *library = dlopen(ROUX_STAND_IN_DRIVER, RTLD_NOW);
    auto all = reinterpret_cast<const char *(*)()>(dlsym(library, "roux_stand_in_launches"));
    std::string text = all();
    size_t before = std::exchange(seen, text.size());
    return std::count(text.begin() + ptrdiff_t(before), text.end(), '\n');
  }
};

TEST(CudaAttention, IsTheLibrarysWhereItCanBe) {
  Setting s;
  s.useLibrary();
  s.run({0, 1000, 1500});
  s.run({0, 1000, 1500});
  EXPECT_EQ(Setting::launches(), 0u);
  ASSERT_EQ(s.journal.ran.size(), 2u);
  // query, key, value, output, logsumexp; offsets of queries, keys, sums; lengths.
  EXPECT_EQ(s.journal.ran[0], "1 2 3 4 5 0 1 0 0 0 | 0 64000 96000 0 32000 48000 0 4000 6000 | "
                              "1000 500");
  EXPECT_EQ(s.journal.ran[1], s.journal.ran[0]);
  EXPECT_EQ(s.journal.made, (std::vector<std::string>{"forward 2x1024x2048"}));
}

TEST(CudaAttention, HasSegmentsOfAClassThatAreNotThere) {
  Setting s;
  s.useLibrary();
  s.run({0, 10, 20, 30, 40, 50});
  s.run({0, 10, 20, 30, 40, 51});
  ASSERT_EQ(s.journal.ran.size(), 2u);
  EXPECT_TRUE(s.journal.ran[0].ends_with("| 10 10 10 10 10 0")) << s.journal.ran[0];
  EXPECT_TRUE(s.journal.ran[1].ends_with("160 204 204 | 10 10 10 10 11 0")) << s.journal.ran[1];
  EXPECT_EQ(s.journal.made.size(), 1u) << "both are of one class";
}

TEST(CudaAttention, IsTheKernelsWithoutSegmentsOrInPlace) {
  Setting s;
  s.useLibrary();
  s.run({});
  s.run({0, 0});
  EXPECT_EQ(Setting::launches(), 2u);
  Setting inPlace({}, false, false, /*output=*/1);
  inPlace.useLibrary();
  inPlace.run({0, 100});
  EXPECT_EQ(Setting::launches(), 1u);
  EXPECT_EQ(s.journal.ran.size() + inPlace.journal.ran.size(), 0u);
}

TEST(CudaAttention, OfAGradientHasTheStepsWorkspace) {
  Setting s({.deterministic = false}, true);
  s.journal.workspace = workspaceBytes(4, 2, 16);
  s.useLibrary();
  s.device->setLibraries({.deterministic = false});
  s.run({0, 1000});
  ASSERT_FALSE(s.journal.ran.empty());
  EXPECT_TRUE(s.journal.ran[0].starts_with("1 2 3 4 5 6 7 8 9 10 |")) << s.journal.ran[0];
  EXPECT_EQ(s.journal.made, (std::vector<std::string>{"gradient 1x1024x1024"}));
}

TEST(CudaAttention, IsTheKernelsWhereTheLibraryWantsTooMuch) {
  Setting s;
  s.journal.workspace = forwardWorkspaceBytes + 1;
  s.useLibrary();
  testing::internal::CaptureStderr();
  s.run({0, 100});
  s.run({0, 100});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "note: attend of at most 1 segment of at most 128 tokens, together at most 1024 is the "
            "generated kernel's from here on: cuDNN's eng0 wants a "
            "workspace of 1048577 bytes, more than the 1048576 that a step's memory has for it\n");
  EXPECT_EQ(Setting::launches(), 2u);
}

TEST(CudaAttention, IsTheKernelsWhereTheLibraryFails) {
  Setting s;
  s.journal.fails = true;
  s.useLibrary();
  testing::internal::CaptureStderr();
  s.run({0, 100});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "note: attend of at most 1 segment of at most 128 tokens, together at most 1024 is the "
            "generated kernel's from here on: cuDNN does not run "
            "attention: it would not\n");
  EXPECT_EQ(Setting::launches(), 1u);
}

TEST(CudaAttention, IsWhoseIsQuickerAndStaysSo) {
  for (bool isKernelSlow : {false, true}) {
    Setting s({.deterministic = false}, false, isKernelSlow);
    s.journal.isSlow = !isKernelSlow;
    s.useLibrary();
    s.run({0, 100});
    std::string choice = isKernelSlow ? "library" : "kernel";
    std::map<std::string, std::string> choices = s.executor->loadedKernels()->choices();
    EXPECT_EQ(
        choices,
        (std::map<std::string, std::string>{
            {"attend of at most 1 segment of at most 128 tokens, together at most 1024", choice}}));
    EXPECT_EQ(Setting::launches(), isKernelSlow ? 2u : 3u); // measured twice, and the last word
    EXPECT_EQ(s.journal.ran.size(), 2u);
    s.run({0, 101});
    EXPECT_EQ(Setting::launches(), isKernelSlow ? 0u : 1u);
    s.run({0, 100, 200});
    EXPECT_EQ(s.executor->loadedKernels()->choices().size(), 2u) << "another class";

    Setting resumed({.deterministic = false}, false, isKernelSlow);
    resumed.useLibrary();
    resumed.run({});
    Setting::launches();
    resumed.executor->loadedKernels()->useChoices(choices);
    resumed.run({0, 100});
    EXPECT_EQ(Setting::launches(), isKernelSlow ? 0u : 1u);
    EXPECT_EQ(resumed.journal.ran.size(), isKernelSlow ? 1u : 0u);
  }
}

TEST(CudaAttention, SaysWhoDoesIt) {
  auto noteOf = [](Setting &s) {
    s.run({});
    return s.executor->loadedKernels()->note();
  };
  Setting library;
  library.useLibrary();
  EXPECT_EQ(noteOf(library), "attention by cuDNN 9.19; launches as CUDA graphs");
  Setting either({.deterministic = false});
  either.useLibrary();
  EXPECT_EQ(noteOf(either), "attention by cuDNN 9.19 or the generated kernel, whichever is quicker "
                            "when segments like them first come; launches as CUDA graphs");
  Setting both({}, true);
  both.useLibrary();
  both.program.attentions.push_back(library.program.attentions[0]);
  both.program.attentions[1].kernel = 1;
  both.program.kernels.push_back("attend");
  both.program.phases.push_back(both.program.phases[0]);
  EXPECT_EQ(noteOf(both),
            "attention by cuDNN 9.19; its gradient by the generated kernel: cuDNN 9.19 has no "
            "deterministic gradient in bounded memory, 9.25 has one; deterministic: false takes "
            "what is here; launches as CUDA graphs");
  Setting none;
  std::string note = noteOf(none); // the stand-in is no GPU that a true library would take
  EXPECT_TRUE(note.starts_with("attention by the generated kernel: ")) << note;
}

TEST(CudaAttention, SaysWhatItCannotChooseAgain) {
  Setting s({.deterministic = false});
  s.program.attentions[0].softcap = 50;
  s.useLibrary();
  s.run({});
  testing::internal::CaptureStderr();
  s.executor->loadedKernels()->useChoices(
      {{"attend of at most 1 segment of at most 128 tokens, together at most 1024", "library"},
       {"other 1", "library"}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "note: attend of at most 1 segment of at most 128 tokens, together at most 1024 was "
            "cuDNN's before and is the generated kernel's now: cuDNN's "
            "attention has no softcap\n");
}

TEST(KeptPlans, AreMadeOnce) {
  auto folder = std::filesystem::temp_directory_path() / "roux-kept-plans-test";
  std::filesystem::remove_all(folder);
  auto made = [&](int64_t version = 91900) {
    Setting s({.cacheFolder = folder.string()});
    s.journal.version = version;
    s.useLibrary();
    s.run({0, 1000});
    s.run({0, 1001});
    EXPECT_EQ(s.journal.ran.size(), 2u);
    return s.journal.made.size();
  };
  EXPECT_EQ(made(), 1u);
  EXPECT_EQ(made(), 0u);
  EXPECT_EQ(made(92600), 1u) << "another version's plan";
  for (const auto &file : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(file.path().extension(), ".cudnn");
    std::string bytes = read(file.path());
    std::ofstream(file.path(), std::ios::binary) << "x" << bytes.substr(1);
  }
  EXPECT_EQ(made(), 1u) << "a damaged one";
  for (const auto &file : std::filesystem::directory_iterator(folder))
    std::ofstream(file.path(), std::ios::binary) << sealed("not the library's");
  EXPECT_EQ(made(), 1u) << "one that the library does not take";
  EXPECT_EQ(made(), 0u);
  std::filesystem::remove_all(folder);
}

TEST(KeptPlans, AreNotNeeded) {
  Setting s({.cacheFolder = "/proc/nothing/here"});
  s.useLibrary();
  s.run({0, 1000});
  EXPECT_EQ(s.journal.ran.size(), 1u);
}

} // namespace
