// RUN: roux-opt %s | roux-opt | FileCheck %s

// Several products, those of one result, and windows: what is written is what is read.
// CHECK:      kernel.contract nt left {
// CHECK:      } right {
// CHECK:      } right {
// CHECK:      } result of 0 * 0, 0 * 1 {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: vector<4xf32>, %{{.*}}: vector<4xf32>):
// CHECK:      } result of 0 * 1 windows 2 {
// CHECK:        kernel.reduce add
// CHECK:        kernel.part %{{.*}} from 1 : vector<2xf32> -> vector<1xf32>
kernel.func @several(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>,
                     %z: memref<?x2xf32>, %sums: memref<?xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    %n2 = arith.negf %v : vector<8xf32>
    kernel.yield %n2 : vector<8xf32>
  } result of 0 * 0, 0 * 1 {
  ^bb0(%i: index, %a: vector<4xf32>, %b: vector<4xf32>):
    %v = arith.mulf %a, %b : vector<4xf32>
    kernel.store %v, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  } result of 0 * 1 windows 2 {
  ^bb0(%i: index, %a: vector<2xf32>):
    %s = kernel.reduce add %a : vector<2xf32>
    %p = kernel.part %a from 1 : vector<2xf32> -> vector<1xf32>
    kernel.store %s, %sums[%i] : f32, memref<?xf32>
    kernel.store %p, %z[%i] : vector<1xf32>, memref<?x2xf32>
    kernel.yield
  }
  kernel.return
}
