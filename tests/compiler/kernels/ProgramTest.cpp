//===- ProgramTest.cpp - entries compiled, saved, loaded and walked -------===//
//
// A small entry with everything a step has: layers in a loop with sliced
// parameters and activations, a loop backwards, chunks of rows, scalars. It is
// run as compiled, and again from its bytes.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/LinkCode.h"
#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/StagePasses.h"
#include "mlir/Parser/Parser.h"
#include "runtime/KeptRoom.h"
#include "runtime/Seal.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/device/Executor.h"
#include "tests/compiler/kernels/Compiled.h"

#include <cmath>
#include <filesystem>
#include <fstream>
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

Program compile(const std::string &cache = "", const std::string &text = ::text) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  auto program = compileProgram(*module, {.cacheFolder = cache});
  if (failed(program))
    std::abort();
  return *program;
}

constexpr int tokens = 11;

std::vector<float> floats(int count, int seed) {
  auto numbers = randomNumbers(count, seed);
  return {numbers.begin(), numbers.end()};
}

std::vector<float> run(Executor &executor) {
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
  Executor executor(program, std::make_shared<CPUDevice>(2));
  auto x = floats(tokens * 8, 1), w = floats(24, 2), y = run(executor);
  for (int t = 0; t < tokens; ++t)
    for (int c = 0; c < 8; ++c) {
      double expected = 2 * x[t * 8 + c] * w[c] * 0.5;
      for (int layer = 0; layer < 3; ++layer)
        expected += x[t * 8 + c] * 0.25 * w[layer * 8 + c] * w[layer * 8 + c];
      EXPECT_NEAR(y[t * 8 + c], expected, 1e-6);
    }
  Executor again(Program::load(program.save(), "saved"), std::make_shared<CPUDevice>(3));
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
            "f.program: not a usable program: it has format number 99, this build reads 9");
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
  Executor executor(compile(), std::make_shared<CPUDevice>(1));
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
  program.target.name = "avx9000";
  try {
    Executor executor(std::move(program), std::make_shared<CPUDevice>(1));
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
  EXPECT_EQ(std::filesystem::path(first.codeFile).parent_path(), folder);
  Program second = compile(folder.string());
  EXPECT_EQ(kernelsCompiled(), before + 2);
  EXPECT_EQ(first.save(), second.save());
  // One kernel of two changes: only that one is compiled.
  std::string changed = text;
  changed.replace(changed.find("arith.addf"), 10, "arith.subf");
  Program third = compile(folder.string(), changed);
  EXPECT_EQ(kernelsCompiled(), before + 3);
  EXPECT_NE(third.code, first.code);
  // Linked code alone is enough; without it the objects are.
  for (const char *kept : {".so", ".o"}) {
    for (const auto &file : std::filesystem::directory_iterator(folder))
      if (file.path().extension() != kept)
        std::filesystem::remove(file.path());
    EXPECT_EQ(compile(folder.string()).save(), first.save());
    compile(folder.string()); // puts back what was removed
  }
  std::filesystem::remove_all(folder);
}

/// What Executor says to `program`.
std::string refusalOf(Program program) {
  try {
    Executor executor(std::move(program), std::make_shared<CPUDevice>(1));
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

TEST(Program, IsCompiledAnewWhereTheCacheIsDamaged) {
  auto folder = std::filesystem::temp_directory_path() / "roux-damaged-cache-test";
  std::filesystem::remove_all(folder);
  Program whole = compile(folder.string());
  auto damage = [&](auto change) {
    for (const auto &file : std::filesystem::directory_iterator(folder)) {
      std::ifstream in(file.path(), std::ios::binary);
      std::string bytes{std::istreambuf_iterator<char>(in), {}};
      change(bytes);
      std::filesystem::remove(file.path()); // what is loaded stays as it is
      std::ofstream(file.path(), std::ios::binary) << bytes;
    }
    int64_t before = kernelsCompiled();
    Program again = compile(folder.string());
    EXPECT_EQ(kernelsCompiled(), before + 2);
    EXPECT_EQ(again.save(), whole.save());
    Executor executor(std::move(again), std::make_shared<CPUDevice>(1));
    EXPECT_FALSE(run(executor).empty());
  };
  damage([](std::string &bytes) { bytes.resize(40); });
  damage([](std::string &bytes) { bytes.clear(); });
  damage([](std::string &bytes) { bytes[bytes.size() / 2] ^= 1; });
  damage([](std::string &bytes) { bytes.back() ^= 1; });
  std::filesystem::remove_all(folder);
}

TEST(Program, RunsWhereItsFileIsGone) {
  Program program = compile();
  program.codeFile = "/nowhere/code.so";
  Executor executor(std::move(program), std::make_shared<CPUDevice>(1));
  Executor expected(compile(), std::make_shared<CPUDevice>(1));
  EXPECT_EQ(run(executor), run(expected));
}

TEST(Program, RunsOnWhereItsFileGoesWhileItIsLoaded) {
  auto folder = std::filesystem::temp_directory_path() / "roux-code-goes-test";
  std::filesystem::remove_all(folder);
  Executor executor(compile(folder.string()), std::make_shared<CPUDevice>(1));
  makeRoom(folder.string(), KeptUnit::File, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  Executor expected(compile(), std::make_shared<CPUDevice>(1));
  EXPECT_EQ(run(executor), run(expected));
  std::filesystem::remove_all(folder);
}

TEST(Program, RefusesDamagedCodeBeforeItIsLoaded) {
  const Program whole = compile();
  const std::string damaged = "the program's code cannot be loaded: it is damaged: its checksum "
                              "does not match its contents";
  Program changed = whole;
  for (size_t size = 0; size < whole.code.size(); size += 97) {
    changed.code = whole.code.substr(0, size);
    EXPECT_EQ(refusalOf(changed), damaged) << size;
  }
  for (size_t at = 0; at < whole.code.size(); at += 5)
    for (int bits : {0x01, 0x80, 0xff}) {
      changed.code = whole.code;
      changed.code[at] ^= bits;
      EXPECT_EQ(refusalOf(changed), damaged) << at;
    }
}

TEST(Program, RefusesCodeThatIsNotItsOwn) {
  const Program whole = compile();
  const std::string object(*unsealed(whole.code)), prefix = "the program's code cannot be loaded: ";
  auto refusal = [&](std::string code) {
    Program changed = whole;
    changed.code = sealed(std::move(code));
    return refusalOf(std::move(changed));
  };
  EXPECT_EQ(refusal(""), prefix + "it is no shared object");
  EXPECT_EQ(refusal("#!/bin/sh\necho this is a script and not a shared object of any kind\n"),
            prefix + "it is no shared object");
  std::string other = object;
  other[18] = char(183); // e_machine: aarch64
  EXPECT_EQ(refusal(other), prefix + "it is for a processor of aarch64, and this one is of x86-64");
  std::string relocatable = object;
  relocatable[16] = 1; // e_type
  EXPECT_EQ(refusal(relocatable), prefix + "it is no shared object");
  Program renamed = whole;
  renamed.kernels[1] = "absent";
  EXPECT_EQ(refusalOf(renamed), prefix + "it has no 'absent'");
}

TEST(Program, HasNoCodeWithoutKernels) {
  Program program =
      compile("", "kernel.program @train {\n  %tokens = kernel.extent \"tokens\"\n}\n");
  EXPECT_EQ(program.code, "");
  Executor executor(std::move(program), std::make_shared<CPUDevice>(1));
  Bindings bindings;
  bindings.extents["tokens"] = 1;
  executor.run("train", bindings);
}

TEST(LinkCode, RefusesWhatNoLibraryHas) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    module {
      module @lost {
        llvm.func @nowhere()
        llvm.func @lost() {
          llvm.call @nowhere() : () -> ()
          llvm.return
        }
      }
    })",
                                                        &context);
  ASSERT_TRUE(succeeded(runStages(*module, "loops", "object", {})));
  auto lost = *module->getOps<mlir::ModuleOp>().begin();
  auto object = lost->getAttrOfType<mlir::StringAttr>("kernel.code");
  llvm::Expected<std::string> linked = linkCode(object.getValue());
  ASSERT_FALSE(bool(linked));
  std::string said = llvm::toString(linked.takeError());
  EXPECT_NE(said.find("undefined symbol: nowhere"), said.npos) << said;
}

} // namespace
