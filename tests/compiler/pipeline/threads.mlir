// Code is the same however many threads make it: kernels are lowered and emitted apart from each other.

// RUN: roux-opt --roux-stages="from=kernel to=object" %s > %t.many
// RUN: taskset -c 0 roux-opt --roux-stages="from=kernel to=object" %s > %t.core
// RUN: roux-opt --roux-stages="from=kernel to=object" --mlir-disable-threading %s > %t.one
// RUN: cmp %t.many %t.core && cmp %t.many %t.one
// RUN: FileCheck %s < %t.one

// CHECK: module @matmul attributes {kernel.code = "\7FELF
// CHECK: module @twice attributes {kernel.code = "\7FELF
// CHECK: module @other attributes {kernel.code = "\7FELF

kernel.func @matmul(%x: memref<?x96xf32>, %w: memref<96x80xf32>, %y: memref<?x80xf32>) {
  kernel.contract nn left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x96xf32> -> vector<96xf32>
    kernel.yield %v : vector<96xf32>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %w[%k] : memref<96x80xf32> -> vector<80xf32>
    kernel.yield %v : vector<80xf32>
  } result {
  ^bb0(%i: index, %sum: vector<80xf32>):
    kernel.store %sum, %y[%i] : vector<80xf32>, memref<?x80xf32>
    kernel.yield
  }
  kernel.return
}

kernel.func @twice(%x: memref<?x64xf32>, %y: memref<?x64xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
  %sum = arith.addf %v, %v : vector<64xf32>
  kernel.store %sum, %y[%row] : vector<64xf32>, memref<?x64xf32>
  kernel.return
}

kernel.func @other(%x: memref<?x48xf32>, %y: memref<?x48xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x48xf32> -> vector<48xf32>
  %e = math.exp %v : vector<48xf32>
  kernel.store %e, %y[%row] : vector<48xf32>, memref<?x48xf32>
  kernel.return
}
