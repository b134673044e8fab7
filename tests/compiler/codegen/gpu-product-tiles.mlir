// RUN: roux-translate --kernel-to-ptx --arch=sm_90a %s | FileCheck %s
// RUN: roux-translate --kernel-to-ptx --arch=sm_120a %s | FileCheck %s --check-prefix=PLAIN

// A weight's gradient whose tiles are fewer than an H100's multiprocessors has narrow ones; one of 1536 by 4096 has
// tiles of 192 columns, 264 of them for two waves, rather than 192 of 256 columns for as many; and one with
// tiles for many waves has the widest. Where threads multiply by themselves a tile has 128 columns at most.
// CHECK:      // few
// CHECK-NEXT: // 384 threads a block, 18 blocks for each 0 of the extent
// CHECK:      // waves
// CHECK-NEXT: // 384 threads a block, 264 blocks for each 0 of the extent
// CHECK:      // many
// CHECK-NEXT: // 384 threads a block, 2048 blocks for each 0 of the extent
// PLAIN:      // few
// PLAIN-NEXT: // 256 threads a block, 18 blocks for each 0 of the extent
// PLAIN:      // many
// PLAIN-NEXT: // 256 threads a block, 4096 blocks for each 0 of the extent
kernel.func @few(%x: memref<?x384xbf16>, %g: memref<?x384xbf16>, %y: memref<?x384xf32>) {
  kernel.contract tn left {
  ^bb0(%k: index):
    %v = kernel.load %x[%k] : memref<?x384xbf16> -> vector<384xbf16>
    kernel.yield %v : vector<384xbf16>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %g[%k] : memref<?x384xbf16> -> vector<384xbf16>
    kernel.yield %v : vector<384xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<384xf32>):
    kernel.store %sum, %y[%i] : vector<384xf32>, memref<?x384xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @waves(%x: memref<?x1536xbf16>, %g: memref<?x4096xbf16>, %y: memref<?x4096xf32>) {
  kernel.contract tn left {
  ^bb0(%k: index):
    %v = kernel.load %x[%k] : memref<?x1536xbf16> -> vector<1536xbf16>
    kernel.yield %v : vector<1536xbf16>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %g[%k] : memref<?x4096xbf16> -> vector<4096xbf16>
    kernel.yield %v : vector<4096xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<4096xf32>):
    kernel.store %sum, %y[%i] : vector<4096xf32>, memref<?x4096xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @many(%x: memref<?x8192xbf16>, %g: memref<?x8192xbf16>, %y: memref<?x8192xf32>) {
  kernel.contract tn left {
  ^bb0(%k: index):
    %v = kernel.load %x[%k] : memref<?x8192xbf16> -> vector<8192xbf16>
    kernel.yield %v : vector<8192xbf16>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %g[%k] : memref<?x8192xbf16> -> vector<8192xbf16>
    kernel.yield %v : vector<8192xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<8192xf32>):
    kernel.store %sum, %y[%i] : vector<8192xf32>, memref<?x8192xf32>
    kernel.yield
  }
  kernel.return
}
