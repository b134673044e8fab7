// RUN: roux-translate --kernel-to-ptx --arch=sm_90a %s | FileCheck %s

// A sum over all rows has blocks for 16 columns each, whose threads share the rows; one of rows that are
// listed for each launched row has a warp for many columns, for there are many such rows.
// CHECK:      // gain
// CHECK-NEXT: // 512 threads a block, 128 blocks for each 1 of the extent
// CHECK:      // total
// CHECK-NEXT: // 512 threads a block, 1 blocks for each 1 of the extent
// CHECK:      // listed
// CHECK-NEXT: // 128 threads a block, 4 blocks for each 1 of the extent
kernel.func @gain(%x: memref<?x2048xbf16>, %rows: index, %y: memref<1x2048xf32>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %rows {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x2048xbf16> -> vector<2048xbf16>
    %w = arith.extf %v : vector<2048xbf16> to vector<2048xf32>
    kernel.yield %w : vector<2048xf32>
  } : vector<2048xf32>
  kernel.store %sum, %y[%row] : vector<2048xf32>, memref<1x2048xf32>
  kernel.return
}
kernel.func @total(%x: memref<?x1xf32>, %rows: index, %y: memref<1x1xf32>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %rows {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x1xf32> -> vector<1xf32>
    kernel.yield %v : vector<1xf32>
  } : vector<1xf32>
  kernel.store %sum, %y[%row] : vector<1xf32>, memref<1x1xf32>
  kernel.return
}
kernel.func @listed(%x: memref<?x2048xf32>, %ends: memref<?xi32>, %y: memref<?x2048xf32>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %e = kernel.load %ends[%row] : memref<?xi32> -> i32
  %end = arith.index_cast %e : i32 to index
  %sum = kernel.fold %zero to %end {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x2048xf32> -> vector<2048xf32>
    kernel.yield %v : vector<2048xf32>
  } : vector<2048xf32>
  kernel.store %sum, %y[%row] : vector<2048xf32>, memref<?x2048xf32>
  kernel.return
}
