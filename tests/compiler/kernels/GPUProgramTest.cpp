//===- GPUProgramTest.cpp - programs whose kernels are a GPU's ------------===//
//
// Their code is one module, their launches' grids are data, and what a saved one says
// of those is checked before anybody launches by it.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/StagePasses.h"
#include "mlir/Parser/Parser.h"
#include "runtime/Seal.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/cuda/KeptCubins.h"
#include "runtime/device/Executor.h"

#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace roux;

namespace {

// exp is CUDA's own, which both kernels call and the module has once.
const char *text = R"(
kernel.func @grow(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  %a = math.exp %v : vector<8xf32>
  kernel.store %a, %y[%row] : vector<8xf32>, memref<?x8xf32>
  kernel.return
}
kernel.func @total(%x: memref<?x4096xf32>, %y: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4096xf32> -> vector<4096xf32>
  %a = math.exp %v : vector<4096xf32>
  %s = kernel.reduce add %a : vector<4096xf32>
  kernel.store %s, %y[%row] : f32, memref<?xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x8xf32>
  kernel.launch @grow[%tokens](%x, %y) : memref<?x8xf32>, memref<?x8xf32>
}
)";

Program compile(const std::string &architecture, const std::string &cache = "",
                CodeKind kind = CodeKind::PTX, const std::string &source = text) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  auto program = compileProgram(
      *module, {.machine = targetNamed(architecture), .cacheFolder = cache, .kind = kind});
  if (failed(program))
    std::abort();
  return *program;
}

size_t countOf(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; ++at)
    ++count;
  return count;
}

TEST(GPUProgram, IsOneModuleOfAllKernels) {
  for (const TargetDescription &target : gpuTargets()) {
    Program program = compile(target.name);
    std::string code(*unsealed(program.code));
    EXPECT_EQ(countOf(code, ".version"), 1u);
    EXPECT_EQ(countOf(code, ".target " + target.name), 1u);
    EXPECT_EQ(countOf(code, ".visible .entry grow("), 1u);
    EXPECT_EQ(countOf(code, ".visible .entry total("), 1u);
    ASSERT_EQ(program.phases.size(), 2u);
    for (const std::vector<GridPhase> &phases : program.phases) {
      ASSERT_EQ(phases.size(), 1u);
      EXPECT_EQ(phases[0].threads % 32, 0);
      EXPECT_GE(phases[0].blocks(1000) * phases[0].extentPerBlock, 1000);
    }
    EXPECT_EQ(program.phases[0][0].function, "grow");
    EXPECT_EQ(Program::load(program.save(), "saved").save(), program.save());
  }
}

TEST(GPUProgram, IsAssembledFunctionByFunction) {
  // setup/cuda.sh gets one where there is none, so without one this fails.
  std::unique_ptr<cuda::PTXAssembler> ptxas =
      cuda::openPtxas(cuda::foldersOfPtxas() + ":" ROUX_CUDA_FOLDER "/bin");
  for (const TargetDescription &target : gpuTargets()) {
    Program program = compile(target.name);
    std::vector<cuda::PTXFunction> functions = cuda::splitPTX(*unsealed(program.code));
    ASSERT_EQ(functions.size(), 2u);
    EXPECT_EQ(functions[0].name, "grow");
    EXPECT_EQ(functions[1].name, "total");
    std::vector<std::string> cubins = cuda::KeptCubins(*ptxas, "", target.name).of(functions);
    for (size_t i = 0; i < cubins.size(); ++i) {
      EXPECT_TRUE(cubins[i].starts_with("\x7f"
                                        "ELF"));
      EXPECT_NE(cubins[i].find(".text." + functions[i].name), std::string::npos);
      EXPECT_EQ(cubins[i].find(".text." + functions[1 - i].name), std::string::npos);
    }
    functions[1].module += "nonsense";
    EXPECT_THROW(cuda::KeptCubins(*ptxas, "", target.name).of(functions), cuda::CudaError);
  }
}

TEST(GPUProgram, IsFoundAgainWithItsGrids) {
  auto folder = std::filesystem::temp_directory_path() / "roux-gpu-cache-test";
  std::filesystem::remove_all(folder);
  int64_t before = kernelsCompiled();
  Program first = compile("sm_90a", folder.string());
  EXPECT_EQ(kernelsCompiled(), before + 2);
  EXPECT_EQ(compile("sm_90a", folder.string()).save(), first.save());
  EXPECT_EQ(kernelsCompiled(), before + 2);
  EXPECT_NE(compile("sm_80", folder.string()).code, first.code);
  EXPECT_EQ(kernelsCompiled(), before + 4);
  std::filesystem::remove_all(folder);
}

TEST(GPUProgram, HasKernelsOfOtherPrograms) {
  auto folder = std::filesystem::temp_directory_path() / "roux-gpu-kernels-test";
  std::filesystem::remove_all(folder);
  for (CodeKind kind : {CodeKind::PTX, CodeKind::Emulated}) {
    int64_t before = kernelsCompiled();
    Program first = compile("sm_90a", folder.string(), kind);
    EXPECT_EQ(kernelsCompiled(), before + 2);
    std::string other = text;
    for (size_t at; (at = other.find("4096")) != other.npos;)
      other.replace(at, 4, "2048");
    Program second = compile("sm_90a", folder.string(), kind, other);
    EXPECT_EQ(kernelsCompiled(), before + 3);
    EXPECT_EQ(second.phases[0][0].threads, first.phases[0][0].threads);
    EXPECT_EQ(second.code, compile("sm_90a", "", kind, other).code);
  }
  std::filesystem::remove_all(folder);
}

// Each calls a function of CUDA's that is not inlined, and is of a file of its own.
TEST(GPUProgram, KeepsKernelsNamesAndFilesApart) {
  std::string two;
  for (const char *kernel : {"first", "second"})
    two += fmt::format(R"(
kernel.func @{0}(%x: memref<?x8xf64>, %y: memref<?x8xf64>) {{
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf64> -> vector<8xf64> loc("{0}.recipe":3:1)
  %a = math.tan %v : vector<8xf64> loc("{0}.recipe":4:1)
  kernel.store %a, %y[%row] : vector<8xf64>, memref<?x8xf64> loc("{0}.recipe":3:1)
  kernel.return loc("{0}.recipe":3:1)
}} loc("{0}.recipe":3:1)
)",
                       kernel);
  std::string code(*unsealed(compile("sm_90a", "", CodeKind::PTX, two).code));
  EXPECT_NE(code.find("\t.file\t1 \"first.recipe\"\n\t.file\t2 \"second.recipe\"\n"), code.npos);
  size_t second = code.find(".entry second(");
  ASSERT_NE(second, code.npos);
  EXPECT_LT(code.find("\t.loc\t1 4 "), second);
  EXPECT_LT(second, code.find("\t.loc\t2 4 "));
  EXPECT_EQ(code.find("\t.loc\t1 ", second), code.npos);
  for (const char *kernel : {"first", "second"})
    EXPECT_NE(code.find(std::string("slowpathd__") + kernel + "(\n"), code.npos);
  EXPECT_EQ(code.find("slowpathd(\n"), code.npos);
}

TEST(GPUProgram, NamesItsOwnLinesAndNoOthers) {
  auto folder = std::filesystem::temp_directory_path() / "roux-gpu-lines-test";
  std::filesystem::remove_all(folder);
  for (CodeKind kind : {CodeKind::PTX, CodeKind::Emulated}) {
    Program first = compile("sm_90a", folder.string(), kind);
    if (kind == CodeKind::PTX) {
      EXPECT_NE(unsealed(first.code)->find(".loc\t1 "), std::string_view::npos);
    }
    int64_t before = kernelsCompiled();
    Program moved = compile("sm_90a", folder.string(), kind, std::string("\n") + text);
    EXPECT_EQ(kernelsCompiled(), before + 2);
    EXPECT_NE(moved.code, first.code);
  }
  std::filesystem::remove_all(folder);
}

TEST(GPUProgram, IsRefusedByAProcessor) {
  try {
    Executor executor(compile("sm_90a"), std::make_shared<CPUDevice>(1));
    FAIL() << "PTX was taken for a processor's code";
  } catch (const std::runtime_error &error) {
    EXPECT_STREQ(error.what(), "the program is for a GPU, sm_90a, and this is a processor; compile "
                               "it for one");
  }
}

TEST(GPUProgram, IsRefusedWithGridsThatCannotBe) {
  const Program whole = compile("sm_90a");
  auto refusal = [&](auto change) {
    Program changed = whole;
    change(changed);
    try {
      Program::load(changed.save(), "f.program");
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string prefix = "f.program: not a usable program: ";
  std::string grid = prefix + "phase 'grow' has a grid that cannot be";
  EXPECT_EQ(refusal([](Program &p) { p.phases[0][0].threads = 33; }), grid);
  EXPECT_EQ(refusal([](Program &p) { p.phases[0][0].threads = 2048; }), grid);
  EXPECT_EQ(refusal([](Program &p) { p.phases[0][0].blocksPerGroup = 0; }), grid);
  EXPECT_EQ(refusal([](Program &p) { p.phases[0][0].sharedBytes = -1; }), grid);
  EXPECT_EQ(refusal([](Program &p) { p.phases[0].clear(); }),
            prefix + "kernel 'grow' has no phases");
  EXPECT_EQ(refusal([](Program &p) { p.phases.pop_back(); }),
            prefix + "it has phases of 1 kernels, and 2 kernels");
  EXPECT_EQ(refusal([](Program &p) { p.kind = CodeKind::Processor; }),
            prefix + "it has phases of 2 kernels, and 2 kernels");
  EXPECT_EQ(refusal([](Program &p) { p.kind = static_cast<CodeKind>(9); }),
            prefix + "its code is of no known kind");
  EXPECT_EQ(refusal([](Program &p) { p.phases[0][0].extentArgument = 2; }),
            prefix + "instruction 3 of 'nll' lacks the argument that is its kernel's extent");
  const TensorMap map{.argument = 0, .columns = 64, .pitch = 128, .boxRows = 128};
  EXPECT_EQ(refusal([&](Program &p) { p.phases[0][0].maps = {map}; }), "");
  EXPECT_EQ(refusal([&](Program &p) {
              p.phases[0][0].maps = {map};
              p.phases[0][0].maps[0].argument = 2;
            }),
            prefix + "instruction 3 of 'nll' lacks an argument that its kernel has copied");
  for (int64_t TensorMap::*field : {&TensorMap::from, &TensorMap::pitch, &TensorMap::boxRows})
    EXPECT_EQ(refusal([&](Program &p) {
                p.phases[0][0].maps = {map};
                p.phases[0][0].maps[0].*field = 1000;
              }),
              grid)
        << "a map that cannot be";
}

/// Attention and its gradient as they are where a library is at hand.
const char *attentionText = R"(
kernel.func @attend(%q: memref<?x64xbf16>, %k: memref<?x32xbf16>, %v: memref<?x32xbf16>,
                    %o: memref<?x64xbf16>, %l: memref<?x4xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 4 : i64, kv_heads = 2 : i64,
    block = 64 : i64, window = 8 : i64, scale = 0.25 : f64} : memref<?x64xbf16>, memref<?x32xbf16>,
    memref<?x32xbf16>, memref<?x64xbf16>, memref<?x4xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @gradient(%q: memref<?x64xbf16>, %k: memref<?x32xbf16>, %v: memref<?x32xbf16>,
    %do: memref<?x64xbf16>, %l: memref<?x4xf32>, %d: memref<?x4xf32>, %work: memref<?x7xi32>,
    %partials: memref<?x64xf32>, %sums: memref<?x11xi32>, %count: index, %o: memref<?x64xbf16>,
    %space: memref<?x4096xi32>, %dq: memref<?x16xbf16>, %dk: memref<?x16xbf16>,
    %dv: memref<?x16xbf16>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count
    library %o, %space : memref<?x64xbf16>, memref<?x4096xi32> {heads = 4 : i64, kv_heads = 2 : i64,
    block = 64 : i64, scale = 0.25 : f64, softcap = 50.0 : f64} : memref<?x64xbf16>,
    memref<?x32xbf16>, memref<?x32xbf16>, memref<?x64xbf16>, memref<?x4xf32>, memref<?x4xf32>,
    memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<16xf32>):
    %r = arith.truncf %sum : vector<16xf32> to vector<16xbf16>
    kernel.store %r, %dq[%i] : vector<16xbf16>, memref<?x16xbf16>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<16xf32>):
    %two = arith.addf %sum, %sum : vector<16xf32>
    %r = arith.truncf %two : vector<16xf32> to vector<16xbf16>
    kernel.store %r, %dk[%i] : vector<16xbf16>, memref<?x16xbf16>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<16xf32>):
    %r = arith.truncf %sum : vector<16xf32> to vector<16xbf16>
    kernel.store %r, %dv[%i] : vector<16xbf16>, memref<?x16xbf16>
    kernel.yield
  }
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %q = kernel.buffer input "q"[%tokens] : memref<?x64xbf16>
  %k = kernel.buffer input "k"[%tokens] : memref<?x32xbf16>
  %o = kernel.buffer activation "o"[%tokens] : memref<?x64xbf16>
  %l = kernel.buffer activation "l"[%tokens] : memref<?x4xf32>
  %w = kernel.buffer input "w"[%tokens] : memref<?x6xi32>
  kernel.launch @attend[%tokens](%q, %k, %k, %o, %l, %w) : memref<?x64xbf16>, memref<?x32xbf16>,
    memref<?x32xbf16>, memref<?x64xbf16>, memref<?x4xf32>, memref<?x6xi32>
}
)";

TEST(GPUProgram, SaysWhatALibraryCouldDo) {
  Program program = compile("sm_90a", "", CodeKind::PTX, attentionText);
  ASSERT_EQ(program.attentions.size(), 2u);
  const AttentionForm &forward = program.attentions[0], &gradient = program.attentions[1];
  EXPECT_EQ(forward.text(), "attention, 4 heads of 16 over 2, causal, window 8, scale 0.25, bf16");
  EXPECT_TRUE(forward.isWhole());
  EXPECT_EQ(forward.kernel, 0);
  std::array<int64_t, AttentionForm::argumentKinds> places = {0, 1, 2, 3, 4, -1, -1, -1, -1, -1};
  EXPECT_EQ(forward.arguments, places);
  EXPECT_EQ(gradient.text(),
            "gradient of attention, 4 heads of 16 over 2, causal, scale 0.25, softcap 50, bf16");
  EXPECT_EQ(gradient.kernel, 1);
  // That of the keys is not stored as it is.
  places = {0, 1, 2, 10, 4, 3, 11, 12, -1, 14};
  EXPECT_EQ(gradient.arguments, places);
  EXPECT_FALSE(gradient.isWhole());
  EXPECT_EQ(Program::load(program.save(), "saved").attentions, program.attentions);
}

/// A product of each form; {add} and {store} are what becomes of the second's sums.
std::string productsText(const std::string &add, const std::string &store) {
  std::string text = R"(
kernel.func @forward(%x: memref<?x64xbf16>, %w: memref<96x64xbf16>, %b: memref<32xbf16>,
                     %r: memref<?x32xbf16>, %y: memref<?x96xbf16>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<96x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } result of 0 * 0 {
  ^bb0(%i: index, %sum: vector<96xf32>):
    %t = arith.truncf %sum : vector<96xf32> to vector<96xbf16>
    kernel.store %t, %y[%i] : vector<96xbf16>, memref<?x96xbf16>
    kernel.yield
  }
  kernel.return
}
kernel.func @input(%x: memref<?x64xbf16>, %w: memref<64x32xbf16>, %b: memref<32xbf16>,
                   %r: memref<?x32xbf16>, %y: memref<?x96xbf16>) {
  kernel.contract nn left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %w[%k] : memref<64x32xbf16> -> vector<32xbf16>
    kernel.yield %v : vector<32xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<32xf32>):
    %b0 = kernel.load %b[] : memref<32xbf16> -> vector<32xbf16>
    %b1 = arith.extf %b0 : vector<32xbf16> to vector<32xf32>
    %r0 = kernel.load %r[%i] : memref<?x32xbf16> -> vector<32xbf16>
    %r1 = arith.extf %r0 : vector<32xbf16> to vector<32xf32>
    {add}
    %t = arith.truncf %v : vector<32xf32> to vector<32xbf16>
    {store}
    kernel.yield
  }
  kernel.return
}
kernel.func @weight(%x: memref<?x64xf32>, %d: memref<?x32xf32>, %y: memref<64x32xf32>) {
  kernel.contract tn left {
  ^bb0(%k: index):
    %v = kernel.load %x[%k] from 16 : memref<?x64xf32> -> vector<48xf32>
    kernel.yield %v : vector<48xf32>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %d[%k] : memref<?x32xf32> -> vector<32xf32>
    kernel.yield %v : vector<32xf32>
  } result {
  ^bb0(%i: index, %sum: vector<32xf32>):
    %old = kernel.load %y[%i] : memref<64x32xf32> -> vector<32xf32>
    %new = arith.addf %old, %sum : vector<32xf32>
    kernel.store %new, %y[%i] : vector<32xf32>, memref<64x32xf32>
    kernel.yield
  }
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x64xf32>
  %d = kernel.buffer input "d"[%tokens] : memref<?x32xf32>
  %y = kernel.buffer gradient "y"[] : memref<64x32xf32>
  kernel.launch @weight[%tokens](%x, %d, %y) : memref<?x64xf32>, memref<?x32xf32>, memref<64x32xf32>
}
)";
  for (auto [name, with] : {std::pair("{add}", add), std::pair("{store}", store)})
    text.replace(text.find(name), std::string(name).size(), with);
  return text;
}
const std::string addBoth = R"(%s = arith.addf %sum, %b1 : vector<32xf32>
    %v = arith.addf %r1, %s : vector<32xf32>)";
const std::string storeBeside =
    "kernel.store %t, %y[%i] from 64 : vector<32xbf16>, memref<?x96xbf16>";

TEST(GPUProgram, SaysWhatALibraryCouldMultiply) {
  Program program = compile("sm_90a", "", CodeKind::PTX, productsText(addBoth, storeBeside));
  ASSERT_EQ(program.products.size(), 3u);
  const ProductForm &forward = program.products[0], &input = program.products[1],
                    &weight = program.products[2];
  using Matrices = decltype(ProductForm::matrices);
  EXPECT_EQ(forward.text(), "product nt, 96 columns of 64 terms, bf16 into bf16");
  EXPECT_EQ(forward.matrices, (Matrices{{{0, 0, 64}, {1, 0, 64}, {4, 0, 96}}}));
  EXPECT_EQ(input.text(), "product nn, 32 columns of 64 terms, bf16 into bf16, added to a matrix, "
                          "with a bias");
  EXPECT_EQ(input.matrices,
            (Matrices{{{0, 0, 64}, {1, 0, 32}, {4, 64, 96}, {3, 0, 32}, {2, 0, 32}}}));
  EXPECT_EQ(weight.text(), "product tn, 48 x 32, f32 into f32, added to what is there");
  EXPECT_EQ(weight.matrices, (Matrices{{{0, 16, 64}, {1, 0, 32}, {2, 0, 32}, {2, 0, 32}}}));
  EXPECT_EQ(Program::load(program.save(), "saved").products, program.products);
}

TEST(GPUProgram, SaysOfNothingElseThatALibraryCouldMultiplyIt) {
  auto count = [](const std::string &add, const std::string &store = storeBeside) {
    return compile("sm_90a", "", CodeKind::PTX, productsText(add, store)).products.size();
  };
  EXPECT_EQ(count("%v = arith.addf %sum, %b1 : vector<32xf32>"), 3u)
      << "what is loaded and not added is nothing";
  EXPECT_EQ(count("%v = arith.mulf %sum, %b1 : vector<32xf32>"), 2u);
  EXPECT_EQ(count("%v = arith.addf %sum, %sum : vector<32xf32>"), 2u);
  EXPECT_EQ(count("%v = arith.addf %r1, %b1 : vector<32xf32>"), 2u);
  EXPECT_EQ(count("%s = arith.addf %sum, %r1 : vector<32xf32>\n"
                  "%v = arith.addf %s, %r1 : vector<32xf32>"),
            2u);
  EXPECT_EQ(count(addBoth, storeBeside + "\nkernel.store %t, %y[%i] from 32 : vector<32xbf16>, "
                                         "memref<?x96xbf16>"),
            2u);
}

TEST(GPUProgram, IsRefusedWithProductsThatCannotBe) {
  const Program whole = compile("sm_90a", "", CodeKind::PTX, productsText(addBoth, storeBeside));
  auto refusal = [&](auto change, size_t at = 2) {
    Program changed = whole;
    change(changed.products[at]);
    try {
      Program::load(changed.save(), "f.program");
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  using Form = ProductForm;
  const std::string prefix = "f.program: not a usable program: ";
  EXPECT_EQ(refusal([](Form &form) {}), "");
  EXPECT_EQ(refusal([](Form &form) { form.kernel = 3; }),
            prefix + "kernel 3 has a form of product that cannot be");
  EXPECT_EQ(refusal([](Form &form) { form.kernel = -1; }),
            prefix + "kernel -1 has a form of product that cannot be");
  const std::string cannotBe = prefix + "kernel 2 has a form of product that cannot be";
  for (void (*change)(Form &) : {
           +[](Form &form) { form.shape = Form::Shape(3); },
           +[](Form &form) { form.shape = Form::Shape::NT; },
           +[](Form &form) { form.rows = -1; },
           +[](Form &form) { form.terms = 8; },
           +[](Form &form) { form.columns = 0; },
           +[](Form &form) { form.columns = int64_t(1) << 40; },
           +[](Form &form) { form.operand = "f64"; },
           +[](Form &form) { form.stored = ""; },
           +[](Form &form) { form.stored = "bf16"; },
           +[](Form &form) { form.matrices[Form::Left].argument = -1; },
           +[](Form &form) { form.matrices[Form::Left].from = 17; },
           +[](Form &form) { form.matrices[Form::Right].from = -1; },
           +[](Form &form) { form.matrices[Form::Result].pitch = 31; },
           +[](Form &form) { form.matrices[Form::Addend].pitch = int64_t(1) << 62; },
           +[](Form &form) { form.matrices[Form::Bias] = {0, INT64_MAX, 64}; },
       })
    EXPECT_EQ(refusal(change), cannotBe);
  EXPECT_NE(refusal([](Form &form) {
              form.matrices[Form::Bias] = {3, 0, 32};
            }).find("lacks an argument of its kernel's product"),
            std::string::npos);
}

TEST(GPUProgram, IsRefusedWithAttentionThatCannotBe) {
  const Program whole = compile("sm_90a", "", CodeKind::PTX, attentionText);
  auto refusal = [&](auto change) {
    Program changed = whole;
    change(changed.attentions[0]);
    try {
      Program::load(changed.save(), "f.program");
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string prefix = "f.program: not a usable program: ";
  EXPECT_EQ(refusal([](AttentionForm &form) {}), "");
  EXPECT_EQ(refusal([](AttentionForm &form) { form.kernel = 2; }),
            prefix + "kernel 2 has a form of attention that cannot be");
  for (int64_t AttentionForm::*number :
       {&AttentionForm::heads, &AttentionForm::keyValueHeads, &AttentionForm::headColumns})
    EXPECT_EQ(refusal([&](AttentionForm &form) { form.*number = 0; }),
              prefix + "kernel 0 has a form of attention that cannot be");
  EXPECT_EQ(refusal([](AttentionForm &form) { form.keyValueHeads = 3; }),
            prefix + "kernel 0 has a form of attention that cannot be");
  EXPECT_EQ(refusal([](AttentionForm &form) { form.window = -1; }),
            prefix + "kernel 0 has a form of attention that cannot be");
  EXPECT_NE(refusal([](AttentionForm &form) {
              form.arguments[0] = 6;
            }).find("lacks an argument of its kernel's attention"),
            std::string::npos);
}

} // namespace
