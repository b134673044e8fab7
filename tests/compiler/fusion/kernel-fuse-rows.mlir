// RUN: roux-opt %s -split-input-file -cse -kernel-fuse-rows -kernel-drop-stores -kernel-share -kernel-verify-program | FileCheck %s
// RUN: roux-opt %s -split-input-file -cse -kernel-fuse-rows -remarks-filter=fuse -remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHY

// The second reads, row by row, what the first stores; another launch reads that, too.
// CHECK-LABEL: kernel.func @negate2_4_f32(
// CHECK:         %[[V:.*]] = kernel.load
// CHECK-NEXT:    %[[N:.*]] = arith.negf %[[V]]
// CHECK:         %[[P:.*]] = arith.negf %[[N]]
// CHECK-NEXT:    kernel.store %[[N]]
// CHECK-NEXT:    kernel.store %[[P]]
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @negate2_4_f32
// CHECK-NOT:     kernel.launch
// WHY: [Passed] rows{{.*}}negate_4_f32 into negate_4_f32
kernel.func @negate_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %n = arith.negf %v : vector<4xf32>
  kernel.store %n, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %a = kernel.buffer output "a"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%x, %a) : memref<?x4xf32>, memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%a, %b) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

// A sum over all rows needs them finished.
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @negate_4_f32
// CHECK:         kernel.launch @column_sums_4_f32
// WHY: [Missed] rows{{.*}}the second needs other rows of what the first stores
kernel.func @negate_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %n = arith.negf %v : vector<4xf32>
  kernel.store %n, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.func @column_sums_4_f32(%x: memref<?x4xf32>, %count: index, %y: memref<1x4xf32>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %count {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x4xf32> -> vector<4xf32>
    kernel.yield %v : vector<4xf32>
  } : vector<4xf32>
  kernel.store %sum, %y[%row] : vector<4xf32>, memref<1x4xf32>
  kernel.return
}
kernel.program @train {
  %one = arith.constant 1 : index
  %x = kernel.buffer state "x"[] : memref<1x4xf32>
  %a = kernel.buffer activation "a"[] : memref<1x4xf32>
  %b = kernel.buffer output "b"[] : memref<1x4xf32>
  kernel.launch @negate_4_f32[%one](%x, %a) : memref<1x4xf32>, memref<1x4xf32>
  kernel.launch @column_sums_4_f32[%one](%a, %one, %b) : memref<1x4xf32>, index, memref<1x4xf32>
}
