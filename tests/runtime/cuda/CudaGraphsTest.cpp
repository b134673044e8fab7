//===- CudaGraphsTest.cpp - launches that are handed over together --------===//
//
// Against the stand-in for the driver: an entry's launches come as they would one by one, as one
// graph that is made once and changed where its numbers are others.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaDevice.h"

#include "runtime/Seal.h"
#include "runtime/device/Executor.h"

#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <utility>
#if __has_include(<cuda.h>)
#include <cuda.h>
#endif

using namespace roux;
using cuda::CudaDevice;

namespace {

#if __has_include(<cuda.h>)
TEST(CudaGraphs, HaveNodesAsTheDriverReadsThem) {
  using Theirs = CUDA_KERNEL_NODE_PARAMS_v2;
  EXPECT_EQ(sizeof(cuda::KernelNode), sizeof(Theirs));
  EXPECT_EQ(offsetof(cuda::KernelNode, blocks), offsetof(Theirs, gridDimX));
  EXPECT_EQ(offsetof(cuda::KernelNode, threads), offsetof(Theirs, blockDimX));
  EXPECT_EQ(offsetof(cuda::KernelNode, sharedBytes), offsetof(Theirs, sharedMemBytes));
  EXPECT_EQ(offsetof(cuda::KernelNode, parameters), offsetof(Theirs, kernelParams));
  EXPECT_EQ(offsetof(cuda::KernelNode, context), offsetof(Theirs, ctx));
  EXPECT_EQ(cuda::relaxedCapture, int(CU_STREAM_CAPTURE_MODE_RELAXED));
  EXPECT_EQ(cuda::untimedEvent, unsigned(CU_EVENT_DISABLE_TIMING));
}
#endif

template <typename Answer>
Answer asked(const char *what) {
  void *library = dlopen(ROUX_STAND_IN_DRIVER, RTLD_NOW);
  return reinterpret_cast<Answer (*)()>(dlsym(library, what))();
}

/// What was asked of graphs since the last call.
std::string graphs() {
  return asked<const char *>("roux_stand_in_graphs");
}

/// Launches since the last call.
std::string launches() {
  static size_t seen = 0;
  std::string all = asked<const char *>("roux_stand_in_launches");
  return all.substr(std::exchange(seen, all.size()));
}

/// Two entries over the same kernels: `nll` launches first(tokens), second(7), first(others), and
/// `update` second(7) twice.
Program program() {
  Program program;
  program.target.name = "sm_90a";
  program.kind = CodeKind::PTX;
  program.kernels = {"first", "second"};
  program.phases = {{{"first", 256, 8, 1, 0, -1}}, {{"second", 32, 0, 2, 60000, -1}}};
  program.phases[0][0].maps = {{.argument = 0, .columns = 24, .pitch = 64, .boxRows = 8}};
  program.code = sealed(".visible .entry first(.param .u64 a, .param .align 64 .b8 m, .param .u64 e"
                        ") {}\n.visible .entry second(.param .u64 a, .param .u64 e) {}\n");
  for (const char *name : {"nll", "update"}) {
    Entry &entry = program.entries.emplace_back();
    entry.name = name, entry.registers = 4;
    entry.instructions = {{Opcode::Constant, 0, 4096, {}, "", ""},
                          {Opcode::Constant, 1, 7, {}, "", ""}};
  }
  auto &nll = program.entries[0].instructions, &update = program.entries[1].instructions;
  nll.push_back({Opcode::Extent, 2, 0, {}, "tokens", ""});
  nll.push_back({Opcode::Extent, 3, 0, {}, "others", ""});
  nll.push_back({Opcode::Launch, 0, 0, {2, 0}, "", "r:1"});
  nll.push_back({Opcode::Launch, 0, 1, {1, 0}, "", "r:2"});
  nll.push_back({Opcode::Launch, 0, 0, {3, 0}, "", "r:3"});
  update.push_back({Opcode::Launch, 0, 1, {1, 0}, "", "r:4"});
  update.push_back({Opcode::Launch, 0, 1, {1, 0}, "", "r:5"});
  return program;
}

struct Setting {
  explicit Setting(const char *wrong = "") {
    setenv("ROUX_STAND_IN", wrong, 1);
    device = std::make_shared<CudaDevice>(ROUX_STAND_IN_DRIVER);
    executor = std::make_unique<Executor>(program(), device);
    launches(), graphs();
  }
  void run(int64_t tokens, int64_t others) {
    Bindings bindings;
    bindings.extents = {{"tokens", tokens}, {"others", others}};
    executor->run("nll", bindings);
  }
  /// What a run launches, by graphs or not.
  static std::string expected(int64_t tokens, int64_t others) {
    auto first = [](int64_t rows) {
      return "first " + std::to_string((rows + 7) / 8) + " x 256 0: 4096 4096/24/" +
             std::to_string(rows) + "/64 " + std::to_string(rows) + "\n";
    };
    return first(tokens) + "second 2 x 32 60000: 4096 7\n" + first(others);
  }

  std::shared_ptr<CudaDevice> device;
  std::unique_ptr<Executor> executor;
};

TEST(CudaGraphs, AreMadeOnceAndChangedWhereNumbersAre) {
  Setting s;
  s.run(20, 30);
  EXPECT_EQ(graphs(), "made 3\nlaunched\n");
  s.run(20, 30);
  EXPECT_EQ(graphs(), "launched\n");
  s.run(20, 31); // as many blocks, another map and extent
  EXPECT_EQ(graphs(), "changed first\nlaunched\n");
  s.run(100, 20);
  EXPECT_EQ(graphs(), "changed first\nchanged first\nlaunched\n");
  s.executor->run("update", {});
  s.executor->run("update", {});
  EXPECT_EQ(graphs(), "made 2\nlaunched\nlaunched\n");
  s.run(100, 20);
  EXPECT_EQ(graphs(), "launched\n");
  // Nobody waited until here: each ran as it was when it was launched.
  std::string update = "second 2 x 32 60000: 4096 7\nsecond 2 x 32 60000: 4096 7\n";
  EXPECT_EQ(launches(), s.expected(20, 30) + s.expected(20, 30) + s.expected(20, 31) +
                            s.expected(100, 20) + update + update + s.expected(100, 20));
}

TEST(CudaGraphs, AreOthersWhereAKernelHasNoBlocks) {
  Setting s;
  s.run(20, 30);
  s.run(0, 30);
  s.run(0, 31);
  EXPECT_EQ(graphs(), "made 3\nlaunched\nmade 2\nlaunched\nchanged first\nlaunched\n");
  s.run(0, 0); // one launch is none
  EXPECT_EQ(graphs(), "");
  EXPECT_TRUE(launches().ends_with("4096/24/31/64 31\nsecond 2 x 32 60000: 4096 7\n"));
}

TEST(CudaGraphs, AreNotOfLaunchesThatAreTimed) {
  Setting s;
  s.executor->timeLaunches();
  s.run(20, 30);
  EXPECT_EQ(graphs(), "");
  EXPECT_EQ(launches(), s.expected(20, 30));
}

TEST(CudaGraphs, KeepTheirExtentsWhilePlacesRunOut) {
  Setting s;
  // The first place is that of 7. With an odd number of them, the last is given out in the middle
  // of a run, whose second launch still reads the first.
  s.executor->run("update", {});
  s.run(5, 6);
  launches();
  std::string all;
  for (int64_t i = 0; i < 3000; ++i) {
    s.run(1000 + i, 100000 + i);
    all += s.expected(1000 + i, 100000 + i);
  }
  EXPECT_TRUE(launches() == all);
}

TEST(CudaGraphs, ThatCannotBeAreSaidAndLeftOut) {
  Setting none("no graphs");
  EXPECT_EQ(none.executor->loadedKernels()->note(),
            "launches one by one, for there are no CUDA graphs: CUDA_ERROR_OTHER: another error");
  none.run(20, 30);
  EXPECT_EQ(launches(), none.expected(20, 30));
  EXPECT_EQ(graphs(), "");

  for (const char *wrong : {"graphs of nothing", "graphs that stay"}) {
    Setting s(wrong);
    EXPECT_EQ(s.executor->loadedKernels()->note(), "launches as CUDA graphs");
    testing::internal::CaptureStderr();
    for (int64_t others : {30, 31, 32})
      s.run(20, others);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "note: kernels are launched one by one from "
                                                      "here on: CUDA_ERROR_OTHER: another error\n");
    EXPECT_EQ(launches(), s.expected(20, 30) + s.expected(20, 31) + s.expected(20, 32));
  }
}

} // namespace
