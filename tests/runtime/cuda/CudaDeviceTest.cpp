//===- CudaDeviceTest.cpp - what is asked of NVIDIA's driver, and why not -===//
//
// Against a library that stands in for the driver: what is missing is said in words,
// memory and launches come as the driver's interface wants them.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaDevice.h"

#include "runtime/Seal.h"
#include "runtime/device/Executor.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <thread>
#if __has_include(<cuda.h>)
#include <cuda.h>
#endif

using namespace roux;
using cuda::CudaDevice;

namespace {

/// The stand-in, with something wrong with it, or nothing.
std::shared_ptr<CudaDevice> device(const char *wrong = "") {
  setenv("ROUX_STAND_IN", wrong, 1);
  return std::make_shared<CudaDevice>(ROUX_STAND_IN_DRIVER);
}

template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

/// Launches since the last call.
std::string launches() {
  static size_t seen = 0;
  void *library = dlopen(ROUX_STAND_IN_DRIVER, RTLD_NOW);
  auto all = reinterpret_cast<const char *(*)()>(dlsym(library, "roux_stand_in_launches"));
  std::string text = all();
  std::string fresh = text.substr(seen);
  seen = text.size();
  return fresh;
}

size_t counted(const char *what) {
  void *library = dlopen(ROUX_STAND_IN_DRIVER, RTLD_NOW);
  return reinterpret_cast<size_t (*)()>(dlsym(library, what))();
}
/// What is queued and nobody has waited for.
size_t queued() {
  return counted("roux_stand_in_queued");
}

Program program(int64_t sharedBytes = 0) {
  Program program;
  program.target.name = "sm_90a";
  program.kind = CodeKind::PTX;
  program.kernels = {"scale"};
  program.phases = {{{"scale", 256, 8, 3, sharedBytes, -1}, {"scale$finish", 32, 0, 5, 0, 1}}};
  program.code = sealed(".visible .entry scale(.param .u64 a, .param .u64 b, .param .u64 e) {}\n"
                        ".visible .entry scale$finish(.param .u64 a, .param .u64 b, .param .u64 e)"
                        " {}\n");
  Entry &entry = program.entries.emplace_back();
  entry.name = "nll", entry.registers = 3;
  entry.instructions = {{Opcode::Extent, 0, 0, {}, "tokens", ""},
                        {Opcode::Constant, 1, 42, {}, "", ""},
                        {Opcode::Constant, 2, 17, {}, "", ""},
                        {Opcode::Launch, 0, 0, {0, 1, 2}, "", "r:1"}};
  return program;
}

TEST(CudaDriver, SaysWhatIsMissing) {
  EXPECT_EQ(refusal([] { CudaDevice("libcuda-that-is-not-there.so.1"); }),
            "device cuda needs libcuda-that-is-not-there.so.1, which NVIDIA's driver brings and "
            "which cannot be loaded: libcuda-that-is-not-there.so.1: cannot open shared object "
            "file: No such file or directory");
  EXPECT_EQ(refusal([] { CudaDevice("libm.so.6"); }),
            "libm.so.6 has no 'cuInit': the driver is too old; expected one for CUDA 13.0");
  EXPECT_EQ(refusal([] { device("no device"); }),
            "device cuda needs a GPU, and NVIDIA's driver finds none");
  EXPECT_EQ(refusal([] { device("none"); }),
            "device cuda needs a GPU, and NVIDIA's driver finds none");
  EXPECT_EQ(refusal([] { device("no start"); }),
            "NVIDIA's driver does not start: CUDA_ERROR_UNKNOWN: another error");
  EXPECT_EQ(refusal([] { device("old"); }),
            "the driver is for CUDA 12.4, which does not read PTX 9.0; expected one for CUDA 13.0 "
            "or later (driver 580)");
  EXPECT_EQ(refusal([] { device("turing"); }),
            "Stand-in H100 has compute capability 7.5; expected 8.0 or later, as A100 and RTX 30 "
            "have");
}

#if __has_include(<cuda.h>)
/// Bytes of the parameters and of what comes back.
template <typename Answer, typename... Parameters>
std::vector<size_t> sizesOf(Answer (*)(Parameters...)) {
  return {sizeof(Answer), sizeof(Parameters)...};
}

TEST(CudaDriver, HasFunctionsOfTheTypesThatItsInterfaceHas) {
#define ROUX_EXPECT_TYPES(member, symbol, parameters)                                              \
  EXPECT_EQ(sizesOf(decltype(cuda::CudaDriver::member)()),                                         \
            sizesOf(static_cast<decltype(&::symbol)>(nullptr)))                                    \
      << #symbol;
  ROUX_CUDA_FUNCTIONS(ROUX_EXPECT_TYPES)
#undef ROUX_EXPECT_TYPES
}
#endif

TEST(CudaDevice, IsWhatTheDriverSays) {
  auto gpu = device();
  EXPECT_EQ(gpu->name(), "Stand-in H100");
  EXPECT_EQ(gpu->architecture(), "sm_90a");
  EXPECT_FALSE(gpu->sharesMemory());
}

TEST(CudaDevice, HasMemoryOfItsOwn) {
  auto gpu = device();
  MirroredMemory memory(gpu, 8, "weights");
  EXPECT_EQ(memory.onHost()[3], std::byte(0));
  memory.onHost()[3] = std::byte(7);
  memory.changedOnHost();
  DeviceMemory other(gpu, 8, "others");
  gpu->copy(other.data(), memory.onDevice().data(), 8);
  std::vector<std::byte> found(8);
  gpu->download(found, other.data());
  EXPECT_EQ(found[3], std::byte(7));
}

TEST(CudaDevice, TakesMemoryThatChangesAtOnce) {
  auto gpu = device();
  // Three times what waits to be copied, in pieces that do not divide it.
  constexpr size_t each = 1000003, count = 100;
  DeviceMemory memory(gpu, each * count, "lists", Fill::Nothing);
  gpu->synchronise();
  std::vector<std::byte> piece(each);
  for (size_t i = 0; i < count; ++i) {
    std::ranges::fill(piece, std::byte(i + 1));
    gpu->upload(memory.data() + i * each, piece);
    EXPECT_GT(queued(), 0u) << "waited for piece " << i;
  }
  std::vector<std::byte> found(each * count);
  gpu->download(found, memory.data());
  for (size_t i = 0; i < count; ++i)
    EXPECT_EQ(std::ranges::count(std::span(found).subspan(i * each, each), std::byte(i + 1)), each);
}

TEST(CudaDevice, WaitsForNothingButNumbersThatAreRead) {
  auto gpu = device();
  Executor executor(program(), gpu);
  Bindings bindings;
  launches();
  for (int64_t tokens : {20, 21, 22}) {
    bindings.extents["tokens"] = tokens;
    executor.run("nll", bindings);
  }
  EXPECT_EQ(queued(), 6u + 4u); // launches, and extents
  gpu->synchronise();
  EXPECT_EQ(queued(), 0u);
}

TEST(CudaDevice, CopiesWithoutPinnedMemoryAndSaysSo) {
  auto gpu = device("nothing pinned");
  DeviceMemory memory(gpu, 8, "weights");
  std::vector<std::byte> given(8, std::byte(7)), found(8);
  testing::internal::CaptureStderr();
  for (int time = 0; time < 2; ++time)
    gpu->upload(memory.data(), given);
  EXPECT_EQ(
      testing::internal::GetCapturedStderr(),
      "copies to the GPU wait for what is queued: the driver has no pinned memory (error 2)\n");
  gpu->download(found, memory.data());
  EXPECT_EQ(found, given);
}

TEST(CudaDevice, SaysWhatThereIsNoMemoryFor) {
  auto gpu = device("small");
  DeviceMemory some(gpu, 1000, "weights", Fill::Nothing);
  EXPECT_THROW(DeviceMemory(gpu, 2 << 20, "activations"), NoDeviceMemory);
  EXPECT_EQ(refusal([&] { DeviceMemory(gpu, 2 << 20, "activations"); }),
            "no memory for 2097152 bytes of activations: Stand-in H100 has 1048576 bytes, of which "
            "1047576 are free");
  some = {};
  EXPECT_EQ(refusal([&] { DeviceMemory(gpu, 1 << 20, "activations"); }), "");
}

TEST(CudaDevice, LaunchesPhasesWithTheirExtents) {
  auto gpu = device();
  Executor executor(program(), gpu);
  Bindings bindings;
  launches();
  for (int64_t tokens : {20, 0, 20}) {
    bindings.extents["tokens"] = tokens;
    executor.run("nll", bindings);
  }
  // 20 rows in groups of 8, of none no block; the second phase's extent is an argument.
  EXPECT_EQ(launches(), "scale 9 x 256 0: 42 17 20\nscale$finish 5 x 32 0: 42 17 17\n"
                        "scale$finish 5 x 32 0: 42 17 17\n"
                        "scale 9 x 256 0: 42 17 20\nscale$finish 5 x 32 0: 42 17 17\n");
}

TEST(CudaDevice, GivesKernelsTheirTensorMaps) {
  auto gpu = device();
  Program mapped = program();
  mapped.phases[0][0].maps = {{.argument = 0, .from = 16, .columns = 24, .pitch = 64, .boxRows = 8},
                              {.argument = 1, .rows = 5, .columns = 9, .pitch = 32, .boxRows = 4}};
  mapped.phases[0].pop_back();
  mapped.code =
      sealed(".visible .entry scale(.param .u64 a, .param .u64 b, .param .align 64 .b8 c, "
             ".param .align 64 .b8 d, .param .u64 e) {}\n");
  mapped.entries[0].instructions[1].immediate = 4096,
  mapped.entries[0].instructions[2].immediate = 8192;
  Bindings bindings;
  launches();
  bindings.extents["tokens"] = 20;
  Executor(mapped, gpu).run("nll", bindings);
  EXPECT_EQ(launches(), "scale 9 x 256 0: 4096 8192 4112/24/20/64 8192/9/5/32 20\n");
  mapped.phases[0][0].extentPerBlock = 0;
  bindings.extents["tokens"] = 0;
  Executor(mapped, gpu).run("nll", bindings);
  EXPECT_EQ(launches(), "scale 3 x 256 0: 4096 8192 16/24/1/64 8192/9/5/32 0\n");
  mapped.entries[0].instructions[2].immediate = 8193;
  EXPECT_EQ(refusal([&] { Executor(mapped, gpu).run("nll", bindings); }),
            "kernel 'scale': 5 x 9 numbers at 0x2001, rows of 32 bytes, are no matrix that the GPU "
            "copies: CUDA_ERROR_OTHER: another error");
}

TEST(CudaDevice, KeepsPlacesForManyExtents) {
  auto gpu = device();
  Executor executor(program(), gpu);
  Bindings bindings;
  launches();
  for (int64_t tokens = 1; tokens < 9000; ++tokens) {
    bindings.extents["tokens"] = tokens;
    executor.run("nll", bindings);
    std::string made = launches();
    ASSERT_NE(made.find(": 42 17 " + std::to_string(tokens) + "\n"), made.npos) << made;
  }
}

TEST(CudaDevice, GivesBlocksTheMemoryTheyWant) {
  auto gpu = device();
  Executor executor(program(100000), gpu);
  Bindings bindings;
  bindings.extents["tokens"] = 1;
  launches();
  executor.run("nll", bindings);
  EXPECT_TRUE(launches().starts_with("scale 3 x 256 100000:"));
  EXPECT_EQ(refusal([&] { Executor(program(300000), gpu); }),
            "kernel 'scale' needs 300000 bytes of shared memory a block, and Stand-in H100 has "
            "232448");
  // Beside what the code declares.
  Program declares = program(49000);
  declares.code = sealed(".visible .entry scale(.param .u64 a, .param .u64 b, .param .u64 e) "
                         "{.shared .align 4 .b8 own[1000];}\n"
                         ".visible .entry scale$finish(.param .u64 a, .param .u64 b, .param .u64 "
                         "e) {}\n");
  Executor(declares, gpu).run("nll", bindings);
  EXPECT_TRUE(launches().starts_with("scale 3 x 256 49000:"));
  declares.phases[0][0].sharedBytes = 232000;
  EXPECT_EQ(refusal([&] { Executor(declares, gpu); }),
            "kernel 'scale' does not get its 232000 bytes of shared memory: CUDA_ERROR_OTHER: "
            "another error");
}

TEST(CudaDevice, IsUsedFromAnyThread) {
  std::shared_ptr<CudaDevice> gpu;
  std::unique_ptr<Executor> executor;
  Bindings bindings;
  bindings.extents["tokens"] = 20;
  std::thread([&] { gpu = device(); }).join();
  std::thread([&] { executor = std::make_unique<Executor>(program(), gpu); }).join();
  launches();
  for (int64_t tokens : {20, 30})
    std::thread([&] {
      bindings.extents["tokens"] = tokens;
      executor->run("nll", bindings);
      DeviceMemory(gpu, 8, "weights");
      gpu->memory();
    }).join();
  std::thread([&] { gpu->synchronise(); }).join();
  EXPECT_EQ(std::ranges::count(launches(), '\n'), 4);
  std::thread([&] {
    executor = nullptr;
    gpu = nullptr;
  }).join();
  EXPECT_EQ(counted("roux_stand_in_modules"), 0u);
}

TEST(CudaDevice, KeepsCodeUntilNothingRunsIt) {
  auto gpu = device();
  auto executor = std::make_unique<Executor>(program(), gpu);
  Bindings bindings;
  bindings.extents["tokens"] = 20;
  executor->run("nll", bindings);
  EXPECT_EQ(counted("roux_stand_in_modules"), 1u);
  EXPECT_GT(queued(), 0u);
  executor = nullptr;
  EXPECT_EQ(queued(), 0u);
  EXPECT_EQ(counted("roux_stand_in_modules"), 0u);
}

TEST(CudaDevice, SaysWhyCodeIsNotTaken) {
  auto gpu = device("ptx");
  EXPECT_EQ(refusal([&] { Executor(program(), gpu); }),
            "the driver does not take the PTX for sm_90a: CUDA_ERROR_INVALID_PTX: a PTX JIT "
            "compilation failed\nline 7; error: Unknown symbol 'x'");
  gpu = device();
  Program changed = program();
  changed.code[5] ^= 1;
  EXPECT_EQ(refusal([&] { Executor(changed, gpu); }),
            "the program's PTX is damaged: its checksum does not match its contents");
  changed.kind = CodeKind::Processor;
  EXPECT_EQ(refusal([&] { Executor(changed, gpu); }),
            "the program is not for an NVIDIA GPU; compile it with --device cuda");
  changed = program();
  changed.phases[0][1].function = "absent";
  EXPECT_TRUE(refusal([&] {
                Executor(changed, gpu);
              }).starts_with("the program's code has no 'absent': CUDA_ERROR_"));
}

TEST(CudaDevice, NamesTheLastKernelWhereTheGPUStops) {
  auto gpu = device("stops");
  Executor executor(program(), gpu);
  Bindings bindings;
  bindings.extents["tokens"] = 1;
  executor.run("nll", bindings);
  EXPECT_EQ(refusal([&] { gpu->synchronise(); }),
            "Stand-in H100 stopped: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was "
            "encountered; the last kernel launched was scale$finish (r:1), and it or one before it "
            "may be at fault, which --device simt would say");
}

} // namespace
