// Products on sm_90a whose operands are rows of buffers have them brought by the copy engine; of others a remark says
// why threads bring them. Other GPUs have no such engine that wgmma could follow.

// RUN: roux-opt --convert-kernel-to-gpu=machine=sm_90a --remark-format=emitRemark --remarks-filter=fuse %s 2> %t.said | FileCheck %s
// RUN: FileCheck %s --check-prefix=SAID --input-file=%t.said
// RUN: roux-opt --convert-kernel-to-gpu=machine=sm_120a %s | FileCheck %s --check-prefix=PLAIN
// PLAIN-NOT: cp.async.bulk

// The left operand is columns 8 to 71 of wider rows, and so many rows as the extent; of the right one there are 300.
// CHECK:      module @copied attributes {kernel.gpu_phases = [array<i64: 384, 128, 2, {{[0-9]+}}, -1, 0, 16, -1, 64, 192, 128, 1, 0, 300, 64, 128, 256>]} {
// CHECK:        gpu.func @copied(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %[[LEFT:.*]]: !llvm.ptr, %[[RIGHT:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr) kernel attributes {kernel.tensor_maps = 2 : i64,
// CHECK:          nvvm.mbarrier.arrive.expect_tx
// CHECK:          nvvm.cp.async.bulk.tensor{{.*}} %[[LEFT]],
// CHECK:          nvvm.cp.async.bulk.tensor{{.*}} %[[RIGHT]],
// CHECK-NOT:      nvvm.cp.async.bulk.tensor
kernel.func @copied(%x: memref<?x96xbf16>, %w: memref<300x64xbf16>, %y: memref<?x300xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] from 8 : memref<?x96xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<300x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<300xf32>):
    kernel.store %sum, %y[%i] : vector<300xf32>, memref<?x300xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK:      module @odd attributes
// SAID-DAG:   remark: [Missed] copy_engine{{.*}}threads bring the right operand: its rows do not begin at multiples of 16 bytes
kernel.func @odd(%x: memref<?x64xbf16>, %w: memref<64x300xbf16>, %y: memref<?x300xf32>) {
  kernel.contract nn left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<64x300xbf16> -> vector<300xbf16>
    kernel.yield %v : vector<300xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<300xf32>):
    kernel.store %sum, %y[%i] : vector<300xf32>, memref<?x300xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK:      module @computed attributes
// SAID-DAG:   remark: [Missed] copy_engine{{.*}}threads bring the left operand: its rows are computed on their way
kernel.func @computed(%x: memref<?x64xf32>, %w: memref<64x64xbf16>, %y: memref<?x64xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xf32> -> vector<64xf32>
    %w16 = arith.truncf %v : vector<64xf32> to vector<64xbf16>
    kernel.yield %w16 : vector<64xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<64x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %y[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK:      module @short attributes
// CHECK-NOT:  cp.async.bulk
// SAID-DAG:   remark: [Missed] copy_engine{{.*}}a sum has 16 terms, fewer than 32
kernel.func @short(%x: memref<?x16xbf16>, %w: memref<64x16xbf16>, %y: memref<?x64xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x16xbf16> -> vector<16xbf16>
    kernel.yield %v : vector<16xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<64x16xbf16> -> vector<16xbf16>
    kernel.yield %v : vector<16xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %y[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  }
  kernel.return
}
