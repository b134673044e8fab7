//===- ProgramTest.cpp - entries compiled, saved, loaded and walked -------===//
//
// A small entry with everything a step has: layers in a loop with sliced
// parameters and activations, a loop backwards, chunks of rows, scalars. It is
// run as compiled, and again from its bytes.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelToProgram.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "runtime/cpu/CPUExecutor.h"
#include "tests/compiler/kernels/Compiled.h"

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

using namespace roux;
using namespace roux::test;

namespace {

// y[t] = x[t] + sum over layers of scale * w[layer] * (layer + 1 as stored in the activations)
const char *text = R"(
kernel.func @scale(%x: memref<?x8xf32>, %w: memref<8xf32>, %s: f32, %y: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  %weight = kernel.load %w[] : memref<8xf32> -> vector<8xf32>
  %scales = vector.broadcast %s : f32 to vector<8xf32>
  %a = arith.mulf %v, %weight : vector<8xf32>
  %b = arith.mulf %a, %scales : vector<8xf32>
  kernel.store %b, %y[%row] : vector<8xf32>, memref<?x8xf32>
  kernel.return
}
kernel.func @add(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %row = kernel.row
  %a = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  %b = kernel.load %y[%row] : memref<?x8xf32> -> vector<8xf32>
  %c = arith.addf %a, %b : vector<8xf32>
  kernel.store %c, %y[%row] : vector<8xf32>, memref<?x8xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %zero = arith.constant 0 : index
  %three = arith.constant 3 : index
  %chunk = arith.constant 4 : index
  %chunks = arith.ceildivui %tokens, %chunk : index
  %s = kernel.scalar "scale" : f32
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<3x8xf32>
  %kept = kernel.buffer activation "kept"[%tokens] : memref<3x?x8xf32>
  %early = kernel.buffer activation "early"[%tokens] : memref<?x8xf32>
  %late = kernel.buffer activation "late"[%tokens] : memref<?x8xf32>
  %first = kernel.slice %w[%zero] : memref<3x8xf32> -> memref<8xf32>
  kernel.launch @scale[%tokens](%x, %first, %s, %early)
    : memref<?x8xf32>, memref<8xf32>, f32, memref<?x8xf32>
  kernel.launch @add[%tokens](%early, %y) : memref<?x8xf32>, memref<?x8xf32>
  kernel.repeat %zero to %three {
  ^bb0(%layer: index):
    %wl = kernel.slice %w[%layer] : memref<3x8xf32> -> memref<8xf32>
    %k = kernel.slice %kept[%layer] : memref<3x?x8xf32> -> memref<?x8xf32>
    %t = kernel.buffer activation "turn"[%tokens] : memref<?x8xf32>
    kernel.launch @scale[%tokens](%x, %wl, %s, %t)
      : memref<?x8xf32>, memref<8xf32>, f32, memref<?x8xf32>
    kernel.launch @scale[%tokens](%t, %wl, %s, %k)
      : memref<?x8xf32>, memref<8xf32>, f32, memref<?x8xf32>
  }
  kernel.launch @scale[%tokens](%x, %first, %s, %late)
    : memref<?x8xf32>, memref<8xf32>, f32, memref<?x8xf32>
  kernel.launch @add[%tokens](%late, %y) : memref<?x8xf32>, memref<?x8xf32>
  kernel.repeat %zero to %three reverse {
  ^bb0(%layer: index):
    %k = kernel.slice %kept[%layer] : memref<3x?x8xf32> -> memref<?x8xf32>
    kernel.repeat %zero to %chunks {
    ^bb0(%c: index):
      %begin = arith.muli %c, %chunk : index
      %left = arith.subi %tokens, %begin : index
      %rows = arith.minui %left, %chunk : index
      %kc = kernel.window %k from %begin : memref<?x8xf32> -> memref<?x8xf32>
      %yc = kernel.window %y from %begin : memref<?x8xf32> -> memref<?x8xf32>
      kernel.launch @add[%rows](%kc, %yc) : memref<?x8xf32>, memref<?x8xf32>
    }
  }
}
)";

Program compile(std::optional<std::string> cache = std::nullopt, const std::string &text = ::text) {
  mlir::DialectRegistry registry;
  registry.insert<kernel::KernelDialect, mlir::arith::ArithDialect, mlir::math::MathDialect,
                  mlir::vector::VectorDialect>();
  registerCPUCode(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ProgramOptions options;
  options.cacheFolder = cache;
  auto program = compileProgram(*module, options);
  if (failed(program))
    std::abort();
  return *program;
}

constexpr int tokens = 11;

std::vector<float> floats(int count, int seed) {
  auto numbers = randomNumbers(count, seed);
  return {numbers.begin(), numbers.end()};
}

std::vector<float> run(CPUExecutor &executor) {
  auto x = floats(tokens * 8, 1), w = floats(24, 2);
  std::vector<float> y(tokens * 8);
  Bindings bindings;
  bindings.extents["tokens"] = tokens;
  bindings.scalars["scale"] = 0.5;
  bindings.buffers["x"] = std::as_writable_bytes(std::span(x));
  bindings.buffers["y"] = std::as_writable_bytes(std::span(y));
  bindings.buffers["w"] = std::as_writable_bytes(std::span(w));
  executor.run("train", bindings);
  return y;
}

TEST(Program, RunsAsCompiledAndFromItsBytes) {
  Program program = compile();
  CPUExecutor executor(program, 2);
  auto x = floats(tokens * 8, 1), w = floats(24, 2), y = run(executor);
  for (int t = 0; t < tokens; ++t)
    for (int c = 0; c < 8; ++c) {
      double expected = 2 * x[t * 8 + c] * w[c] * 0.5;
      for (int layer = 0; layer < 3; ++layer)
        expected += x[t * 8 + c] * 0.25 * w[layer * 8 + c] * w[layer * 8 + c];
      EXPECT_NEAR(y[t * 8 + c], expected, 1e-6);
    }
  CPUExecutor again(Program::load(program.save(), "saved"), 3);
  EXPECT_EQ(run(again), y);
}

TEST(Program, RefusesBytesThatAreNotWhole) {
  std::string bytes = compile().save();
  auto refusal = [](const std::string &bytes) {
    try {
      Program::load(bytes, "f.program");
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal("hello, there"), "f.program: not a usable program: it begins with other bytes "
                                     "than a program does");
  std::string changed = bytes;
  changed[bytes.size() / 2] ^= 1;
  EXPECT_EQ(refusal(changed),
            "f.program: not a usable program: its checksum does not match its contents");
  for (size_t size = 0; size < bytes.size(); size += 97)
    EXPECT_NE(refusal(bytes.substr(0, size)), "") << size;
  changed = bytes;
  changed[8] = 99;
  EXPECT_EQ(refusal(changed),
            "f.program: not a usable program: it has format number 99, this build reads 2");
}

TEST(Program, SharesMemoryOnlyBetweenActivationsThatDoNotMeet) {
  Program program = compile();
  const Entry &entry = program.entry("train");
  MemoryPlan plan = planMemory(entry, {{"tokens", 1000}});
  for (size_t a = 0; a < entry.buffers.size(); ++a)
    for (size_t b = 0; b < a; ++b) {
      const ProgramBuffer &first = entry.buffers[a], &second = entry.buffers[b];
      if (first.role != BufferRole::Activation || second.role != BufferRole::Activation)
        continue;
      bool meet = first.firstUse <= second.lastUse && second.firstUse <= first.lastUse;
      bool overlap = plan.offsets[a] < plan.offsets[b] + plan.bytes[b] &&
                     plan.offsets[b] < plan.offsets[a] + plan.bytes[a];
      EXPECT_FALSE(meet && overlap) << first.name << " and " << second.name;
    }
  // The three layers' 96000 bytes and one of the others at a time.
  EXPECT_EQ(plan.arenaBytes, 128000);
}

TEST(Program, NamesWhatIsMissing) {
  CPUExecutor executor(compile(), 1);
  auto refusal = [&](const Bindings &bindings) {
    try {
      executor.run("train", bindings);
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Bindings bindings;
  EXPECT_EQ(refusal(bindings), "entry 'train' needs the extent 'tokens', which is not given");
  bindings.extents["tokens"] = 2;
  EXPECT_EQ(refusal(bindings), "entry 'train' needs the buffer 'x', which is not given");
  std::vector<std::byte> memory(96), small(8);
  bindings.buffers["x"] = bindings.buffers["w"] = memory;
  bindings.buffers["y"] = small;
  EXPECT_EQ(refusal(bindings), "buffer 'y' has 8 bytes but entry 'train' needs 64");
  bindings.buffers["y"] = memory;
  EXPECT_EQ(refusal(bindings), "entry 'train' needs the scalar 'scale', which is not given");
  EXPECT_THROW(executor.run("nll", bindings), std::runtime_error);
}

TEST(Program, IsRefusedWhereTheProcessorLacksWhatItUses) {
  Program program = compile();
  program.machine = "avx9000";
  try {
    CPUExecutor executor(std::move(program), 1);
    FAIL() << "an unknown machine was taken for this one";
  } catch (const std::runtime_error &error) {
    EXPECT_STREQ(error.what(), "the program is for a processor with 'avx9000', which this one has "
                               "not; compile it here");
  }
}

TEST(Program, FindsCompiledKernelsAgain) {
  auto folder = std::filesystem::temp_directory_path() / "roux-kernel-cache-test";
  std::filesystem::remove_all(folder);
  int64_t before = kernelsCompiled();
  Program first = compile(folder.string());
  EXPECT_EQ(kernelsCompiled(), before + 2);
  Program second = compile(folder.string());
  EXPECT_EQ(kernelsCompiled(), before + 2);
  EXPECT_EQ(first.save(), second.save());
  // One kernel of two changes: the other's code is the same.
  std::string changed = text;
  changed.replace(changed.find("arith.addf"), 10, "arith.subf");
  Program third = compile(folder.string(), changed);
  EXPECT_EQ(kernelsCompiled(), before + 3);
  EXPECT_EQ(third.kernels[0].object, first.kernels[0].object);
  EXPECT_NE(third.kernels[1].object, first.kernels[1].object);
  // A damaged file is compiled anew, not believed.
  for (const auto &file : std::filesystem::directory_iterator(folder))
    std::filesystem::resize_file(file, 40);
  EXPECT_EQ(compile(folder.string()).save(), first.save());
  EXPECT_EQ(kernelsCompiled(), before + 5);
  std::filesystem::remove_all(folder);
}

TEST(ObjectCode, SurvivesAnyDamage) {
  const std::string whole = compile().kernels[0].object;
  ObjectCode(whole, "whole").find("scale");
  EXPECT_THROW(ObjectCode(whole, "whole").find("absent"), std::runtime_error);
  EXPECT_THROW(ObjectCode("", "empty"), std::runtime_error);
  auto load = [](const std::string &bytes) {
    try {
      ObjectCode code(bytes, "damaged"); // nothing of it is run
    } catch (const std::runtime_error &error) {
      EXPECT_NE(std::string(error.what()).find("damaged"), std::string::npos);
    }
  };
  for (size_t size = 0; size < whole.size(); size += 7)
    load(whole.substr(0, size));
  for (size_t at = 0; at < whole.size(); ++at)
    for (int bits : {0x01, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] ^= bits;
      load(changed);
    }
}

} // namespace
