// RUN: roux-opt --convert-kernel-to-cpu="machine=avx2" %s | FileCheck %s

// A matmul that is launched for few rows has code that lays nothing out and fetches weights to the
// second-level cache; one that is not marked, or whose terms do not fill vectors, has none.
// CHECK-LABEL: module @marked
// CHECK:         "llvm.intr.prefetch"{{.*}}hint = 2
// CHECK-LABEL: module @unmarked
// CHECK-NOT:     hint = 2
// CHECK-LABEL: module @odd
// CHECK-NOT:     hint = 2
kernel.func @marked(%x: memref<?x64xf32>, %w: memref<32x64xf32>, %y: memref<?x32xf32>) attributes {few_rows} {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xf32> -> vector<64xf32>
    kernel.yield %v : vector<64xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<32x64xf32> -> vector<64xf32>
    kernel.yield %v : vector<64xf32>
  } result {
  ^bb0(%i: index, %sum: vector<32xf32>):
    kernel.store %sum, %y[%i] : vector<32xf32>, memref<?x32xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @unmarked(%x: memref<?x64xf32>, %w: memref<32x64xf32>, %y: memref<?x32xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xf32> -> vector<64xf32>
    kernel.yield %v : vector<64xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<32x64xf32> -> vector<64xf32>
    kernel.yield %v : vector<64xf32>
  } result {
  ^bb0(%i: index, %sum: vector<32xf32>):
    kernel.store %sum, %y[%i] : vector<32xf32>, memref<?x32xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @odd(%x: memref<?x60xf32>, %w: memref<32x60xf32>, %y: memref<?x32xf32>) attributes {few_rows} {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x60xf32> -> vector<60xf32>
    kernel.yield %v : vector<60xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<32x60xf32> -> vector<60xf32>
    kernel.yield %v : vector<60xf32>
  } result {
  ^bb0(%i: index, %sum: vector<32xf32>):
    kernel.store %sum, %y[%i] : vector<32xf32>, memref<?x32xf32>
    kernel.yield
  }
  kernel.return
}
