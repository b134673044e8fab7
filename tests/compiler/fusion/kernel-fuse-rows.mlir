// RUN: roux-opt %s -split-input-file -cse -kernel-fuse-rows -kernel-drop-stores -kernel-share -kernel-verify-program | FileCheck %s
// RUN: roux-opt %s -split-input-file -cse -kernel-fuse-rows=fold-block=256 -kernel-drop-stores -kernel-share -kernel-verify-program | FileCheck %s --check-prefix=FOLD
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

// -----

// A sum over the rows that the first reads is formed beside them: blocks of rows gather apart, and
// the region gets their sum. What only the sum read is not stored any more. Not on a target whose
// kernels have no second phase.
// FOLD-LABEL: kernel.func @scale.weigh_4_f32(
// FOLD-SAME:    memref<1x4xf32>{{.*}}memref<?x4xf32>
// FOLD:         %[[ROW:.*]] = kernel.row
// FOLD:         %[[P:.*]] = arith.mulf
// FOLD-NOT:     memref<?xf32>
// FOLD:         kernel.fold_rows %{{.+}} by %[[PARTS:.+]] {
// FOLD-NEXT:    ^bb0(%[[SUM:.+]]: vector<4xf32>):
// FOLD:           %[[OLD:.*]] = kernel.load %[[G:.+]][%[[ZERO:.+]]]
// FOLD-NEXT:      %[[NEW:.*]] = arith.addf %[[OLD]], %[[SUM]]
// FOLD-NEXT:      kernel.store %[[NEW]], %[[G]][%[[ZERO]]]
// FOLD-LABEL: kernel.program @train
// FOLD:         %[[BLOCKS:.*]] = arith.ceildivui %{{.+}}, %{{.+}} : index
// FOLD:         kernel.buffer activation "partial_sums"[%[[BLOCKS]]] : memref<?x4xf32>
// FOLD:         kernel.launch @scale.weigh_4_f32
// FOLD-NOT:     kernel.launch
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @scale_4_f32
// CHECK:         kernel.launch @weigh_4_f32
kernel.func @scale_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>, %s: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %sum = kernel.reduce add %v : vector<4xf32>
  %all = vector.broadcast %sum : f32 to vector<4xf32>
  %p = arith.mulf %v, %all : vector<4xf32>
  kernel.store %sum, %s[%row] : f32, memref<?xf32>
  kernel.store %p, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.func @weigh_4_f32(%x: memref<?x4xf32>, %s: memref<?xf32>, %count: index, %g: memref<1x4xf32>) {
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %count {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x4xf32> -> vector<4xf32>
    %w = kernel.load %s[%j] : memref<?xf32> -> f32
    %all = vector.broadcast %w : f32 to vector<4xf32>
    %p = arith.mulf %v, %all : vector<4xf32>
    kernel.yield %p : vector<4xf32>
  } : vector<4xf32>
  %row = kernel.row
  %old = kernel.load %g[%row] : memref<1x4xf32> -> vector<4xf32>
  %new = arith.addf %old, %sum : vector<4xf32>
  kernel.store %new, %g[%row] : vector<4xf32>, memref<1x4xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %one = arith.constant 1 : index
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  %s = kernel.buffer activation "s"[%tokens] : memref<?xf32>
  %g = kernel.buffer gradient "g"[] : memref<1x4xf32>
  kernel.launch @scale_4_f32[%tokens](%x, %y, %s) : memref<?x4xf32>, memref<?x4xf32>, memref<?xf32>
  kernel.launch @weigh_4_f32[%one](%x, %s, %tokens, %g) : memref<?x4xf32>, memref<?xf32>, index, memref<1x4xf32>
}
