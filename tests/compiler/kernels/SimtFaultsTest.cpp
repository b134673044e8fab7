//===- SimtFaultsTest.cpp - mistakes of GPU kernels that the emulator finds ===//
//
// Each kernel is right as it stands: it runs clean in several orders of its threads
// and with copies that arrive early or late. Then a line is taken out or changed as
// people do it, and the report has to name the lines that are at odds.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Emulated.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace roux;
using namespace roux::test;

namespace {

struct Fault {
  const char *name;
  const char *body;
  std::vector<std::pair<std::string, std::string>> right, wrong; ///< what stands for {…}
  const char *report; ///< {here} and {there} are the places of the lines marked so
  int64_t blocks = 1;
};

void PrintTo(const Fault &fault, std::ostream *out) {
  *out << fault.name;
}

// 64 threads, arrays %in and %out of 64 f32 a block, a static shared array %s of 64 and a dynamic
// one of 512 bytes at %dynamic.
const char *frame = R"(
module {
module @k attributes {kernel.gpu_phases = [array<i64: 64, 0, {blocks}, 512, -1>]} {
gpu.module @kernels {
llvm.mlir.global external @roux_shared() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<0 x i8>
gpu.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %extent: !llvm.ptr)
    workgroup(%s: memref<64xf32, #gpu.address_space<workgroup>>) kernel {
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %c512 = arith.constant 512 : index
  %one = arith.constant 1 : i32
  %lanes = arith.constant 32 : i32
  %every = arith.constant -1 : i32
  %t = gpu.thread_id x
  %b = gpu.block_id x
  %b64 = arith.muli %b, %c64 : index
  %bt = arith.addi %b64, %t : index
  %i = arith.index_cast %bt : index to i64
  %mine = llvm.getelementptr %in[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %result = llvm.getelementptr %out[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %dynamic = llvm.mlir.addressof @roux_shared : !llvm.ptr<3>
  %other = arith.subi %c63, %t : index
{body}
  gpu.return
}
}
}
})";

const char *exchange = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  {store}
  {barrier}
  %w = memref.load %s[%other] : memref<64xf32, #gpu.address_space<workgroup>> // here
  llvm.store %w, %result : f32, !llvm.ptr
)";
const std::string store =
    "memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>> // there";

const std::string halfTheStore =
    "%low = arith.cmpi ult, %t, %c32 : index\n  scf.if %low {\n    " + store + "\n  }";

const char *twice = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>>
  gpu.barrier
  %w = memref.load %s[%other] : memref<64xf32, #gpu.address_space<workgroup>> // there
  {barrier}
  %sum = arith.addf %w, %w : f32
  memref.store %sum, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>> // here
  gpu.barrier
  %x = memref.load %s[%other] : memref<64xf32, #gpu.address_space<workgroup>>
  llvm.store %x, %result : f32, !llvm.ptr
)";

const char *neighbour = R"(
  %next = arith.addi %t, {step} : index
  %n = arith.remui %next, {size} : index
  %j = arith.index_cast %n : index to i64
  %from = llvm.getelementptr %in[%j] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %v = llvm.load %from : !llvm.ptr -> f32 // here
  llvm.store %v, %result : f32, !llvm.ptr
)";

const char *sharedNeighbour = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  %t64 = arith.index_cast %t : index to i64
  %place = llvm.getelementptr %dynamic[%t64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  llvm.store %v, %place : f32, !llvm.ptr<3>
  gpu.barrier
  %next = arith.addi %t, {step} : index
  %n = arith.remui %next, {size} : index
  %j = arith.index_cast %n : index to i64
  %from = llvm.getelementptr %dynamic[%j] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  %w = llvm.load %from : !llvm.ptr<3> -> f32 // here
  llvm.store %w, %result : f32, !llvm.ptr
)";

const char *blocks = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  %k = arith.index_cast {where} : index to i64
  %to = llvm.getelementptr %out[%k] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.store %v, %to : f32, !llvm.ptr // here there
)";

const char *nextBlock = R"(
  %v = llvm.load {from} : !llvm.ptr -> f32
  %rest = arith.remui %bt, %c64 : index
  %k = arith.index_cast %rest : index to i64
  %first = llvm.getelementptr {array}[%k] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %w = llvm.load %first : !llvm.ptr -> f32 // {read}
  %sum = arith.addf %v, %w : f32
  llvm.store %sum, %result : f32, !llvm.ptr // {write}
)";

const char *shuffle = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  %some = arith.cmpi ult, %t, {lanes} : index
  %w = scf.if %some -> f32 {
    %x, %valid = gpu.shuffle xor %v, %one, %lanes : f32 // there
    scf.yield %x : f32
  } else {
    scf.yield %v : f32
  }
  gpu.barrier // here
  llvm.store %w, %result : f32, !llvm.ptr
)";

const char *barrier = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  llvm.store %v, %result : f32, !llvm.ptr
  %some = arith.cmpi ult, %t, {threads} : index
  scf.if %some {
    gpu.barrier // here
    llvm.store %v, %result : f32, !llvm.ptr
  }
)";

const char *warp = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
    memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>>
  gpu.barrier
  %sum = arith.addf %v, %v : f32
  memref.store %sum, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>> // there
  {barrier}
  %lane = arith.xori %t, %c1 : index
  %w = memref.load %s[%lane] : memref<64xf32, #gpu.address_space<workgroup>> // here
  llvm.store %w, %result : f32, !llvm.ptr
)";

const char *copy = R"(
  %t64 = arith.index_cast %t : index to i64
  %place = llvm.getelementptr %dynamic[%t64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  %source = llvm.addrspacecast %mine : !llvm.ptr to !llvm.ptr<1>
  nvvm.cp.async.shared.global %place, %source, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1> // there
  nvvm.cp.async.commit.group
  %c256 = llvm.mlir.constant(256 : i64) : i64
  %more = llvm.getelementptr %place[%c256] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i8
  nvvm.cp.async.shared.global %more, %source, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
  nvvm.cp.async.commit.group
  {wait}
  {barrier}
  %o64 = arith.index_cast %other : index to i64
  %theirs = llvm.getelementptr %dynamic[%o64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  %w = llvm.load %theirs : !llvm.ptr<3> -> f32 // here
  llvm.store %w, %result : f32, !llvm.ptr
  nvvm.cp.async.wait.group 0
)";

const char *copyOver = R"(
  %t64 = arith.index_cast %t : index to i64
  %o64 = arith.index_cast %other : index to i64
  %place = llvm.getelementptr %dynamic[%t64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  %theirs = llvm.getelementptr %dynamic[%o64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  %v = llvm.load %mine : !llvm.ptr -> f32
  llvm.store %v, %place : f32, !llvm.ptr<3>
  gpu.barrier
  %w = llvm.load %theirs : !llvm.ptr<3> -> f32 // there
  {barrier}
  %source = llvm.addrspacecast %mine : !llvm.ptr to !llvm.ptr<1>
  nvvm.cp.async.shared.global %place, %source, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1> // here
  nvvm.cp.async.commit.group
  nvvm.cp.async.wait.group 0
  gpu.barrier
  %x = llvm.load %theirs : !llvm.ptr<3> -> f32
  %sum = arith.addf %w, %x : f32
  llvm.store %sum, %result : f32, !llvm.ptr
)";

const char *matrix = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  %t64 = arith.index_cast %t : index to i64
  %place = llvm.getelementptr %dynamic[%t64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
  llvm.store %v, %place : f32, !llvm.ptr<3>
  gpu.barrier
  %rest = arith.remui %t, %c16 : index
  %bytes = arith.muli %rest, {stride} : index
  %r64 = arith.index_cast %bytes : index to i64
  %row = llvm.getelementptr %dynamic[%r64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i8
  %m = nvvm.ldmatrix %row {num = 1 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> i32 // here
  llvm.store %m, %result : i32, !llvm.ptr
)";

const Fault faults[] = {
    {"NoBarrierBeforeARead",
     exchange,
     {{"store", store}, {"barrier", "gpu.barrier"}},
     {{"store", store}, {"barrier", ""}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which no "
     "thread of the block has written"},
    {"HalfIsWritten",
     exchange,
     {{"store", store}, {"barrier", "gpu.barrier"}},
     {{"store", halfTheStore}, {"barrier", "gpu.barrier"}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which no "
     "thread of the block has written"},
    {"NoBarrierBeforeAWrite",
     twice,
     {{"barrier", "gpu.barrier"}},
     {{"barrier", ""}},
     "{there}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which "
     "thread 63 writes at {here} with no barrier between"},
    {"BeyondABuffer",
     neighbour,
     {{"step", "%c1"}, {"size", "%c64"}},
     {{"step", "%c64"}, {"size", "%c128"}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of 'argument 0' at byte 256, which has "
     "256"},
    {"BeyondSharedMemory",
     sharedNeighbour,
     {{"step", "%c1"}, {"size", "%c64"}},
     {{"step", "%c128"}, {"size", "%c512"}},
     "{here}: kernel 'k', block 0, thread 63 reads 4 bytes of shared memory at byte 764, which has "
     "512"},
    {"BlocksWriteTheSame",
     blocks,
     {{"where", "%bt"}},
     {{"where", "%t"}},
     "{here}: kernel 'k', block 1, thread 0 writes 4 bytes of 'argument 1' at byte 0, which block "
     "0 thread 0 writes at {there} with no barrier between",
     2},
    {"BlocksReadWhatOthersWrite",
     nextBlock,
     {{"from", "%mine"}, {"array", "%in"}, {"read", ""}, {"write", ""}},
     {{"from", "%mine"}, {"array", "%out"}, {"read", "here"}, {"write", "there"}},
     "{here}: kernel 'k', block 1, thread 0 reads 4 bytes of 'argument 1' at byte 0, which block 0 "
     "thread 0 writes at {there} with no barrier between",
     2},
    {"ShuffleOfHalfAWarp",
     shuffle,
     {{"lanes", "%c32"}},
     {{"lanes", "%c16"}},
     "kernel:1: kernel 'k', block 0: threads 0 to 15 wait at shfl.sync ({there}), threads 16 to 63 "
     "wait at bar.sync 0 ({here}): no thread is left that could go on"},
    {"BarrierOfHalfABlock",
     barrier,
     {{"threads", "%c64"}},
     {{"threads", "%c32"}},
     "kernel:1: kernel 'k', block 0: threads 0 to 31 wait at bar.sync 0 ({here}), threads 32 to 63 "
     "ended: no thread is left that could go on"},
    {"NoBarrierWithinAWarp",
     warp,
     {{"barrier", "nvvm.bar.warp.sync %every : i32"}},
     {{"barrier", ""}},
     "{there}: kernel 'k', block 0, thread 1 writes 4 bytes of shared memory at byte 4, which "
     "thread 0 reads at {here} with no barrier between"},
    {"NoWaitForACopy",
     copy,
     {{"wait", "nvvm.cp.async.wait.group 1"}, {"barrier", "gpu.barrier"}},
     {{"wait", ""}, {"barrier", "gpu.barrier"}},
     "{here}: kernel 'k', block 0, thread 63 reads 4 bytes of shared memory at byte 0, to which "
     "thread 0 copies asynchronously at {there} and nobody has waited for it"},
    {"WaitForTheWrongCopy",
     copy,
     {{"wait", "nvvm.cp.async.wait.group 1"}, {"barrier", "gpu.barrier"}},
     {{"wait", "nvvm.cp.async.wait.group 2"}, {"barrier", "gpu.barrier"}},
     "{here}: kernel 'k', block 0, thread 63 reads 4 bytes of shared memory at byte 0, to which "
     "thread 0 copies asynchronously at {there} and nobody has waited for it"},
    {"NoBarrierAfterACopy",
     copy,
     {{"wait", "nvvm.cp.async.wait.group 0"}, {"barrier", "gpu.barrier"}},
     {{"wait", "nvvm.cp.async.wait.group 0"}, {"barrier", ""}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which no "
     "thread of the block has written"},
    {"NoBarrierBeforeACopy",
     copyOver,
     {{"barrier", "gpu.barrier"}},
     {{"barrier", ""}},
     "{there}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which "
     "thread 63 writes at {here} with no barrier between"},
    {"UnalignedMatrix",
     matrix,
     {{"stride", "%c16"}},
     {{"stride", "%c1"}},
     "{here}: kernel 'k', block 0, thread 1 gives ldmatrix a row at an address that is no multiple "
     "of 16"},
};

class SimtFaults : public testing::TestWithParam<Fault> {
protected:
  /// Lines of `text` are numbered from 1; the first with `mark` behind `//`.
  static std::string placeOf(const std::string &text, const std::string &mark) {
    size_t comment = 0;
    while ((comment = text.find("//", comment + 1)) != text.npos) {
      std::string line = text.substr(comment, text.find('\n', comment) - comment);
      if (line.find(" " + mark) == line.npos)
        continue;
      return "kernel:" + std::to_string(1 + std::count(text.begin(), text.begin() + comment, '\n'));
    }
    return "no line";
  }
  std::string textOf(std::vector<std::pair<std::string, std::string>> names) {
    std::vector<std::pair<std::string, std::string>> all = {
        {"body", GetParam().body}, {"blocks", std::to_string(GetParam().blocks)}};
    all.insert(all.end(), names.begin(), names.end());
    return substitute(frame, all);
  }
  /// What a run of `text` says; columns of places are left out.
  std::string run(const std::string &text, const EmulatorOptions &options) {
    Emulated kernels(compileForEmulator(text, "gpu"));
    size_t count = 64 * GetParam().blocks;
    Buffer in(Element::F32, randomNumbers(count, 1)), out(Element::F32, randomNumbers(count, 2));
    try {
      kernels.run("k", 1, {in, out}, options);
    } catch (const SimtError &error) {
      return withoutColumns(error.what());
    }
    return {};
  }
  static std::string withoutColumns(std::string text) {
    for (size_t at = 0; (at = text.find("kernel:", at)) != text.npos;) {
      at = text.find_first_not_of("0123456789", at + 7);
      if (at != text.npos && text[at] == ':' && std::isdigit(text[at + 1]))
        text.erase(at, text.find_first_not_of("0123456789", at + 1) - at);
    }
    return text;
  }
};

TEST_P(SimtFaults, AreFoundAtTheirLines) {
  std::string text = textOf(GetParam().wrong);
  std::string expected = substitute(
      GetParam().report, {{"here", placeOf(text, "here")}, {"there", placeOf(text, "there")}});
  EXPECT_EQ(run(text, {}), expected);
  EXPECT_NE(run(text, {.seed = 7}), "");
  EXPECT_NE(run(text, {.seed = 3, .earlyCopies = true}), "");
}

TEST_P(SimtFaults, AreNotSeenWhereThereAreNone) {
  std::string text = textOf(GetParam().right);
  for (uint64_t seed : {0, 1, 2, 3, 4, 5, 6, 7})
    EXPECT_EQ(run(text, {.seed = seed, .earlyCopies = seed % 2 == 1, .threads = 2}), "");
}

INSTANTIATE_TEST_SUITE_P(Every, SimtFaults, testing::ValuesIn(faults),
                         [](const auto &fault) { return std::string(fault.param.name); });

} // namespace
