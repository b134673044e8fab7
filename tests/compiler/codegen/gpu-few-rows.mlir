// RUN: roux-translate --kernel-to-ptx --arch=sm_90a %s | FileCheck %s

// A matmul for few rows has blocks for eight columns each, reads 16 bytes of a weight at a time and has
// nothing of the tensor cores; of heads that are turned a block has a strip of each half. Where there
// are columns for more blocks than an H100 has multiprocessors by far, blocks have more of them.
// CHECK:     // few
// CHECK-NEXT: // 128 threads a block, 512 blocks for each 8 of the extent
// CHECK:     // heads
// CHECK-NEXT: // 128 threads a block, 128 blocks for each 8 of the extent
// CHECK:     // vocabulary
// CHECK-NEXT: // 128 threads a block, 1008 blocks for each 8 of the extent
// CHECK:     // many
// CHECK-NEXT: // 384 threads a block, 16 blocks for each 128 of the extent

// CHECK-LABEL: .visible .entry few(
// CHECK-NOT: mma
// CHECK: ld.global.v4
// CHECK: shfl.sync
// CHECK-LABEL: .visible .entry heads(
// CHECK-NOT: mma
// CHECK-LABEL: .visible .entry vocabulary(
// CHECK-NOT: mma
// CHECK-LABEL: .visible .entry many(
// CHECK: wgmma.mma_async
kernel.func @few(%x: memref<?x2048xbf16>, %w: memref<4096x2048xbf16>, %y: memref<?x4096xf32>) attributes {few_rows} {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4096x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<4096xf32>):
    kernel.store %sum, %y[%i] : vector<4096xf32>, memref<?x4096xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @heads(%x: memref<?x2048xbf16>, %w: memref<2048x2048xbf16>, %y: memref<?x64xf32>) attributes {few_rows} {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<2048x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } result windows 32 {
  ^bb0(%i: index, %sum: vector<64xf32>):
    %low = kernel.part %sum from 0 : vector<64xf32> -> vector<32xf32>
    %high = kernel.part %sum from 32 : vector<64xf32> -> vector<32xf32>
    kernel.store %high, %y[%i] : vector<32xf32>, memref<?x64xf32>
    kernel.store %low, %y[%i] from 32 : vector<32xf32>, memref<?x64xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @vocabulary(%x: memref<?x2048xbf16>, %w: memref<32256x2048xbf16>, %y: memref<?x32256xf32>) attributes {few_rows} {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<32256x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<32256xf32>):
    kernel.store %sum, %y[%i] : vector<32256xf32>, memref<?x32256xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @many(%x: memref<?x2048xbf16>, %w: memref<4096x2048xbf16>, %y: memref<?x4096xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4096x2048xbf16> -> vector<2048xbf16>
    kernel.yield %v : vector<2048xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<4096xf32>):
    kernel.store %sum, %y[%i] : vector<4096xf32>, memref<?x4096xf32>
    kernel.yield
  }
  kernel.return
}
