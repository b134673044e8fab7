//===- SimtFaultKernels.h - the kernels that SimtFaultsTest breaks ---------===//
//
// Bodies for one frame, right as they stand where what is in braces is right.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

namespace roux::test {

// 64 threads, arrays %in and %out of 64 f32 a block, a static shared array %s of 64 and a dynamic
// one of 512 bytes at %dynamic. %map is the first array as two rows of 64 bf16.
inline const char *const frame = R"(
module {
module @k attributes {kernel.gpu_phases = [array<i64: 64, 0, {blocks}, {shared}, -1, 0, 0, 2, 64, 128, 2>]} {
gpu.module @kernels {
llvm.mlir.global external @roux_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
gpu.func @k(%in: !llvm.ptr, %out: !llvm.ptr, %map: !llvm.ptr, %extent: !llvm.ptr)
    workgroup(%s: memref<64xf32, #gpu.address_space<workgroup>>) kernel attributes {kernel.tensor_maps = 1 : i64} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
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

inline const char *const exchange = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  {store}
  {barrier}
  %w = memref.load %s[%other] : memref<64xf32, #gpu.address_space<workgroup>> // here
  llvm.store %w, %result : f32, !llvm.ptr
)";
inline const std::string store =
    "memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>> // there";

inline const std::string halfTheStore =
    "%low = arith.cmpi ult, %t, %c32 : index\n  scf.if %low {\n    " + store + "\n  }";

inline const char *const twice = R"(
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

inline const char *const neighbour = R"(
  %next = arith.addi %t, {step} : index
  %n = arith.remui %next, {size} : index
  %j = arith.index_cast %n : index to i64
  %from = llvm.getelementptr %in[%j] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %v = llvm.load %from : !llvm.ptr -> f32 // here
  llvm.store %v, %result : f32, !llvm.ptr
)";

inline const char *const sharedNeighbour = R"(
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

inline const char *const blocks = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  %k = arith.index_cast {where} : index to i64
  %to = llvm.getelementptr %out[%k] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.store %v, %to : f32, !llvm.ptr // here there
)";

inline const char *const nextBlock = R"(
  %v = llvm.load {from} : !llvm.ptr -> f32
  %rest = arith.remui %bt, %c64 : index
  %k = arith.index_cast %rest : index to i64
  %first = llvm.getelementptr {array}[%k] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %w = llvm.load %first : !llvm.ptr -> f32 // {read}
  %sum = arith.addf %v, %w : f32
  llvm.store %sum, %result : f32, !llvm.ptr // {write}
)";

inline const char *const shuffle = R"(
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

inline const char *const barrier = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  llvm.store %v, %result : f32, !llvm.ptr
  %some = arith.cmpi ult, %t, {threads} : index
  scf.if %some {
    gpu.barrier // here
    llvm.store %v, %result : f32, !llvm.ptr
  }
)";

inline const char *const warp = R"(
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

inline const char *const copy = R"(
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

inline const char *const copyOver = R"(
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

inline const char *const matrix = R"(
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

inline const char *const parts = R"(
  %v = llvm.load %mine : !llvm.ptr -> f32
  memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>> // there
  %warp = arith.divui %t, %c32 : index
  %warp32 = arith.index_cast %warp : index to i32
  %number = arith.addi %warp32, %one : i32
  %all = arith.addi %lanes, %lanes : i32
  nvvm.barrier id = {number} number_of_threads = {threads}
  %w = memref.load %s[%other] : memref<64xf32, #gpu.address_space<workgroup>> // here
  llvm.store %w, %result : f32, !llvm.ptr
)";

// A ring of two stages of 256 bytes, 1024 apart, and behind them the mbarriers of those that are
// full and those that are empty. Lane 0 of the second warp fills them, the first one adds them up.
inline const char *const ring = R"(
  %bars = llvm.getelementptr %dynamic[2048] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
  %bytes = arith.constant {expected} : i32
  %t32 = arith.index_cast %t : index to i32
  %isFirst = arith.cmpi eq, %t, %c0 : index
  scf.if %isFirst {
    scf.for %each = %c0 to %c4 step %c1 {
      %each64 = arith.index_cast %each : index to i64
      %bar = llvm.getelementptr %bars[%each64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i64
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32 // makes
    }
    {fence}
  }
  {barrier}
  %isConsumer = arith.cmpi ult, %t, %c32 : index
  %isProducer = arith.cmpi eq, %t, %c32 : index
  scf.if %isConsumer {
    %none = arith.constant 0.0 : f32
    %sum = scf.for %turn = %c0 to %c4 step %c1 iter_args(%before = %none) -> f32 {
      %stage = arith.remui %turn, %c2 : index
      %round = arith.divui %turn, %c2 : index
      %round32 = arith.index_cast %round : index to i32
      %parity = arith.remui %round32, %two : i32
      %s64 = arith.index_cast %stage : index to i64
      %fullbar = llvm.getelementptr %bars[%s64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i64
      %emptybar = llvm.getelementptr %fullbar[16] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
      %full = llvm.ptrtoint %fullbar : !llvm.ptr<3> to i64
      {wait} // waits
      {early}
      %word = arith.addi %t32, %zero : i32
      %begin = llvm.getelementptr %dynamic[%s64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, !llvm.array<1024 x i8>
      %place = llvm.getelementptr %begin[%word] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %place : !llvm.ptr<3> -> f32 // here
      %after = arith.addf %before, %v : f32
      {sync}
      {late}
      scf.yield %after : f32
    }
    llvm.store %sum, %result : f32, !llvm.ptr
  } else {
    scf.if %isProducer {
      scf.for %turn = %c0 to %c4 step %c1 {
        %stage = arith.remui %turn, %c2 : index
        %round = arith.divui %turn, %c2 : index
        %round32 = arith.index_cast %round : index to i32
        %next = arith.addi %round32, %one : i32
        %parity = arith.remui %next, %two : i32
        %s64 = arith.index_cast %stage : index to i64
        %fullbar = llvm.getelementptr %bars[%s64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i64
        %emptybar = llvm.getelementptr %fullbar[16] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
        %empty = llvm.ptrtoint %emptybar : !llvm.ptr<3> to i64
        {take} // takes
        nvvm.mbarrier.arrive.expect_tx %fullbar, %bytes : !llvm.ptr<3>, i32 // fills
        %begin = llvm.getelementptr %dynamic[%s64] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, !llvm.array<1024 x i8>
        nvvm.cp.async.bulk.tensor.shared.cluster.global %begin, %map, %fullbar, box[%zero, %zero] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr // there
      }
    }
  }
)";

} // namespace roux::test
