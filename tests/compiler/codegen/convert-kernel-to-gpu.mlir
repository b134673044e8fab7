// A row kernel becomes threads, with how it is launched beside it; a matmul stays as it is.

// RUN: roux-opt --convert-kernel-to-gpu %s | FileCheck %s

// CHECK:      module @double attributes {kernel.gpu_shape = array<i64: [[THREADS:[0-9]+]], {{[0-9]+}}, 1>} {
// CHECK:        gpu.func @double({{.*}}) kernel attributes {known_block_size = array<i32: [[THREADS]], 1, 1>}
// CHECK:      kernel.func @product
kernel.func @double(%x: memref<?x64xf32>, %y: memref<?x64xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
  %sum = arith.addf %v, %v : vector<64xf32>
  kernel.store %sum, %y[%row] : vector<64xf32>, memref<?x64xf32>
  kernel.return
}
kernel.func @product(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}
