//===- CudaLibraryGraphsTest.cpp - what libraries do, as nodes of graphs --===//
//
// Against stand-ins for the driver and for cuBLASLt, and an attention that computes: an
// entry that launches kernels and libraries is one graph, has the same bits as without,
// and is captured again where a plan or an address is another.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaDevice.h"

#include "runtime/Seal.h"
#include "runtime/device/DeviceMemory.h"
#include "runtime/device/Executor.h"
#include "tests/runtime/cuda/PlainProduct.h"
#include "tests/runtime/cuda/StandInStream.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>
#include <regex>

using namespace roux;
using namespace roux::cuda;

namespace {

template <typename Function>
Function standIn(const char *name) {
  void *library = dlopen(ROUX_STAND_IN_DRIVER, RTLD_NOW);
  return reinterpret_cast<Function>(dlsym(library, name));
}

/// What was asked of graphs since the last call.
std::string graphs() {
  return standIn<const char *(*)()>("roux_stand_in_graphs")();
}

/// Launches of kernels since the last call, without addresses.
std::string launches() {
  static size_t seen = 0;
  std::string all = standIn<const char *(*)()>("roux_stand_in_launches")();
  std::string last = all.substr(std::exchange(seen, all.size()));
  return std::regex_replace(last, std::regex("[0-9]{10,}"), "_");
}

size_t countOf(const std::string &text, const std::string &what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; ++at)
    ++count;
  return count;
}

/// Adds to every output its query and the length of the first segment, when the device comes to it.
class PlanThatAdds : public AttentionPlan {
public:
  std::string engine() const override { return "eng0"; }
  int64_t workspaceBytes() const override { return 0; }
  std::string bytes() const override { return ""; }
  void run(const AttentionBuffers &buffers, Handle stream) override {
    actions.emplace_back([buffers] {
      auto *query = static_cast<uint8_t *>(stand_in::here(buffers.arguments[AttentionForm::Query]));
      auto *output =
          static_cast<uint8_t *>(stand_in::here(buffers.arguments[AttentionForm::Output]));
      auto *lengths = static_cast<int32_t *>(stand_in::here(buffers.lengths));
      for (int i = 0; i < 64; ++i)
        output[i] += query[i] + lengths[0];
    });
    standIn<void (*)(Handle, void (*)(void *), void *)>("roux_stand_in_queue")(
        stream, [](void *action) { (*static_cast<std::function<void()> *>(action))(); },
        &actions.back());
  }

private:
  std::deque<std::function<void()>> actions;
};

class LibraryThatAdds : public AttentionLibrary {
public:
  int64_t version() const override { return 91900; }
  std::string device() const override { return "stand-in"; }
  std::unique_ptr<AttentionPlan> plan(const AttentionForm &, const SegmentClass &, bool) override {
    return std::make_unique<PlanThatAdds>();
  }
  std::unique_ptr<AttentionPlan> load(const std::string &) override {
    throw CudaError("nothing is kept");
  }
};

/// first(tokens), twice a product that adds to its result, attention, second(tokens): an entry.
struct Setting {
  static constexpr int64_t columns = 5, terms = 11;
  std::shared_ptr<CudaDevice> device;
  std::vector<DeviceMemory> memory; ///< left, right, result, query, output
  std::unique_ptr<Executor> executor;

  explicit Setting(const char *driver = "", const char *products = "",
                   LibraryOptions options = {}) {
    setenv("ROUX_STAND_IN", driver, 1);
    setenv("ROUX_STAND_IN_PRODUCTS", products, 1);
    dlopen(ROUX_STAND_IN_PRODUCTS_LIBRARY, RTLD_NOW); // which who asks for cuBLASLt gets
    device = std::make_shared<CudaDevice>(ROUX_STAND_IN_DRIVER);
    device->setLibraries(options);
    device->useLibrary(std::make_unique<LibraryThatAdds>());
    fill();
    executor = std::make_unique<Executor>(Program::load(program().save(), "test"), device);
    launches(), graphs();
  }

  void fill() {
    std::mt19937 draw(7);
    std::normal_distribution<double> normal;
    for (int i = 0; i < 5; ++i) {
      std::vector<std::byte> bytes(32768);
      const char *element = i < 2 ? "bf16" : "f32";
      for (size_t at = 0; at < bytes.size(); at += productElementBytes(element))
        test::writeNumber(element, std::bit_cast<uint64_t>(&bytes[at]), normal(draw));
      memory.emplace_back(device, bytes.size(), "an argument");
      device->upload(memory[i].data(), bytes);
    }
  }

  static ProductForm form() {
    ProductForm form;
    form.kernel = 1;
    form.shape = ProductForm::Shape::NT, form.operand = "bf16", form.stored = "f32";
    form.rows = -1, form.terms = terms, form.columns = columns;
    for (ProductForm::Argument which : {ProductForm::Left, ProductForm::Right, ProductForm::Result})
      form.matrices[which] = {which, 2, form.columnsOf(which) + 3};
    form.matrices[ProductForm::Addend] = form.matrices[ProductForm::Result];
    return form;
  }

  Program program() const {
    Program program;
    program.target.name = "sm_90a";
    program.kind = CodeKind::PTX;
    program.kernels = {"first", "multiply", "attend", "second"};
    std::string code;
    for (const std::string &name : program.kernels) {
      program.phases.push_back({{name, 128, 8, 1, 0, -1}});
      code += fmt::format(".visible .entry {}(.param .u64 a, .param .u64 b, .param .u64 c, .param "
                          ".u64 d, .param .u64 e, .param .u64 x) {{}}\n",
                          name);
    }
    program.code = sealed(code);
    program.products = {form()};
    AttentionForm &attention = program.attentions.emplace_back();
    attention.kernel = 2, attention.heads = 4, attention.keyValueHeads = 2;
    attention.headColumns = 16, attention.scale = 0.25, attention.element = "bf16";
    attention.arguments.fill(-1);
    for (int i = 0; i <= AttentionForm::Logsumexp; ++i)
      attention.arguments[i] = 3; // keys, values and sums are not looked at
    attention.arguments[AttentionForm::Output] = 4;
    Entry &entry = program.entries.emplace_back();
    entry.name = "nll", entry.registers = 6;
    for (uint32_t i = 0; i < 5; ++i)
      entry.instructions.push_back(
          {Opcode::Constant, i, int64_t(std::bit_cast<uint64_t>(memory[i].data())), {}, "", ""});
    entry.instructions.push_back({Opcode::Extent, 5, 0, {}, "tokens", ""});
    for (int64_t kernel : {0, 1, 1, 2, 3})
      entry.instructions.push_back({Opcode::Launch, 0, kernel, {5, 0, 1, 2, 3, 4}, "", "r:1"});
    return program;
  }

  void run(int64_t tokens) {
    std::vector<int32_t> segments = {0, int32_t(tokens)};
    Bindings bindings;
    bindings.extents["tokens"] = tokens;
    bindings.segments = segments;
    executor->run("nll", bindings);
  }
  /// Steps of sizes that come and go.
  void train() {
    for (int64_t tokens : {7, 7, 9, 7, 12, 9, 9})
      run(tokens);
  }
  std::vector<std::byte> bits() {
    std::vector<std::byte> all;
    for (const DeviceMemory &each : memory) {
      std::vector<std::byte> bytes(each.size());
      device->download(bytes, each.data());
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
  }
};

TEST(CudaLibraryGraphs, AreOneForAnEntry) {
  Setting s;
  s.run(7);
  EXPECT_EQ(graphs(), "") << "the first of each goes by itself: libraries make themselves ready";
  s.run(7);
  EXPECT_EQ(graphs(), "captured 1\ncaptured 1\nmade 5\nlaunched\n")
      << "the two products ask the same";
  s.run(7);
  EXPECT_EQ(graphs(), "launched\n");
  EXPECT_EQ(s.executor->loadedKernels()->note(),
            "attention by cuDNN 9.19; plain products by cuBLASLt 13.1; launches as CUDA graphs");
}

TEST(CudaLibraryGraphs, AreCapturedAgainWhereSizesAreOthers) {
  Setting s;
  s.run(7);
  s.run(7);
  graphs();
  s.run(8);
  // Another plan of the products; attention has one for both, and its lists where they were.
  EXPECT_EQ(graphs(), "changed first\ncaptured 1\nchanged a library's\nchanged a library's\n"
                      "changed second\nlaunched\n");
  s.run(7);
  EXPECT_EQ(graphs(), "changed first\nchanged a library's\nchanged a library's\nchanged second\n"
                      "launched\n")
      << "what was captured is kept";
  s.run(700); // another class of segments, which is new to the library
  s.run(700);
  EXPECT_EQ(countOf(graphs(), "captured"), 2u);
}

TEST(CudaLibraryGraphs, HaveTheBitsThatLaunchesByThemselvesHave) {
  Setting s;
  s.train();
  std::vector<std::byte> expected = s.bits();
  std::string launched = launches();
  std::string asked = graphs();
  EXPECT_EQ(countOf(asked, "launched"), 6u) << "one a step, but for the first";
  EXPECT_EQ(countOf(asked, "made"), 1u);
  for (const char *wrong : {"no graphs", "no capture"}) {
    testing::internal::CaptureStderr();
    Setting other(wrong);
    other.train();
    EXPECT_EQ(other.bits(), expected) << wrong;
    EXPECT_EQ(launches(), launched) << wrong;
    testing::internal::GetCapturedStderr();
  }
}

TEST(CudaLibraryGraphs, AreMadeAnewWhereALibraryDoesOtherThings) {
  for (auto [driver, products] : {std::pair("", "splits"), {"children that stay", ""}}) {
    Setting s(driver, products);
    testing::internal::CaptureStderr();
    s.train();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    std::string asked = graphs();
    EXPECT_EQ(countOf(asked, "launched"), 6u) << asked;
    EXPECT_GT(countOf(asked, "made 5"), 1u) << asked;
    std::vector<std::byte> found = s.bits();
    Setting plain;
    plain.train();
    EXPECT_EQ(found, plain.bits()) << driver << products;
  }
}

TEST(CudaLibraryGraphs, LeaveLibrariesOutWhereCapturesFail) {
  Setting plain;
  plain.train();
  std::vector<std::byte> expected = plain.bits();
  const std::string said = "note: what libraries do is between CUDA graphs from here on, not in "
                           "them: ";
  struct Fault {
    const char *driver, *products, *why;
  };
  for (auto [driver, products, why] :
       {Fault{"no capture", "", "a stream cannot be captured: CUDA_ERROR_OTHER: another error"},
        {"captures that fail", "",
         "what a library does cannot be captured: CUDA_ERROR_OTHER: another error"},
        {"no children", "", "what a library does is no node: CUDA_ERROR_OTHER: another error"},
        {"", "not captured", "cuBLASLt does not multiply: CUBLAS_STATUS_NOT_SUPPORTED (15)"},
        {"", "puts nothing", "a library puts nothing into the stream that it is given"}}) {
    Setting s(driver, products);
    testing::internal::CaptureStderr();
    s.train();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), said + why + "\n");
    std::string asked = graphs();
    EXPECT_EQ(countOf(asked, "made"), 0u) << asked << "no two kernels stand together";
    EXPECT_EQ(s.bits(), expected) << driver << products;
    EXPECT_EQ(s.executor->loadedKernels()->choices(),
              (std::map<std::string, std::string>{{"multiply of 9 to 12 rows", "cuBLASLt 13.1"},
                                                  {"multiply of 7 to 8 rows", "cuBLASLt 13.1"}}));
  }
}

TEST(CudaLibraryGraphs, GoOnWhereALibraryFailsByItselfToo) {
  Setting s("", "fails");
  testing::internal::CaptureStderr();
  s.run(7);
  s.run(7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "note: multiply of 7 to 8 rows is the generated kernel's from here on: cuBLASLt does "
            "not multiply: "
            "CUBLAS_STATUS_NOT_SUPPORTED (15)\n");
  std::string asked = graphs(), launched = launches();
  EXPECT_EQ(countOf(launched, "multiply"), 4u);
  EXPECT_TRUE(asked.ends_with("captured 1\nmade 5\nlaunched\n")) << asked;
}

TEST(CudaLibraryGraphs, SayThatTheGPUStoppedAndNotThatALibraryFails) {
  Setting s("stops", "fails");
  testing::internal::CaptureStderr();
  try {
    for (int i = 0; i < 2; ++i)
      s.run(7);
    FAIL();
  } catch (const CudaError &error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("Stand-in H100 stopped: ")) << error.what();
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(CudaLibraryGraphs, HaveTheKernelWhereThatWasChosen) {
  Setting s;
  s.run(0); // loads them
  s.executor->loadedKernels()->useChoices(
      {{"attend of at most 1 segment of at most 128 tokens, together at most 1024", "kernel"},
       {"multiply of 7 to 8 rows", "kernel"}});
  graphs();
  s.run(7);
  EXPECT_EQ(graphs(), "made 5\nlaunched\n");
  EXPECT_EQ(countOf(launches(), "attend"), 1u);
}

TEST(CudaLibraryGraphs, AreNotOfWhatIsMeasured) {
  Setting s("slow", "", {.deterministic = false}); // kernels are
  s.run(7);
  EXPECT_EQ(countOf(graphs(), "captured"), 0u);
  for (int i = 0; i < 4; ++i)
    s.run(7);
  EXPECT_EQ(countOf(graphs(), "captured"), 2u) << "until it is settled that the library is quicker";
  Setting timed;
  timed.executor->timeLaunches();
  timed.run(7);
  EXPECT_EQ(graphs(), "");
}

TEST(CudaLibraryGraphs, OutliveThePlansThatTheyWereMadeOf) {
  Setting s("", "idle");
  for (int64_t tokens = 1; tokens <= 4200; ++tokens) // more than there are plans
    s.run(tokens);
  graphs();
  s.run(4199);
  EXPECT_EQ(countOf(graphs(), "captured"), 0u);
  s.run(1);
  EXPECT_GE(countOf(graphs(), "captured"), 1u) << "its plan is another than that of the first run";
}

} // namespace
