// RUN: roux-opt %s -split-input-file -cse -kernel-merge-contracts -kernel-drop-stores -kernel-share -kernel-verify-program | FileCheck %s
// RUN: roux-opt %s -split-input-file -cse -kernel-merge-contracts -remarks-filter=fuse -remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHY

// Two products of one stream: the left operand once, a result each.
// CHECK-LABEL: kernel.func @linear2_8x4_f32(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x8xf32>, %[[Q:[^:]*]]: memref<4x8xf32>, %{{[^:]*}}: memref<?x4xf32>, %[[K:[^:]*]]: memref<2x8xf32>
// CHECK-NEXT:    kernel.contract nt left {
// CHECK:           kernel.load %[[X]]
// CHECK:         } right {
// CHECK:           kernel.load %[[Q]]
// CHECK:         } right {
// CHECK:           kernel.load %[[K]]
// CHECK:         } result {
// CHECK:           kernel.store {{.*}} : vector<4xf32>
// CHECK:         } result of 0 * 1 {
// CHECK:           kernel.store {{.*}} : vector<2xf32>
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear2_8x4_f32
// CHECK-NOT:     kernel.launch
// WHY: [Passed] merge_contracts{{.*}}linear_8x2_f32 into linear_8x4_f32
kernel.func @linear_8x4_f32(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
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
kernel.func @linear_8x2_f32(%x: memref<?x8xf32>, %w: memref<2x8xf32>, %y: memref<?x2xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<2x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<2xf32>):
    kernel.store %sum, %y[%i] : vector<2xf32>, memref<?x2xf32>
    kernel.yield
  }
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %q = kernel.buffer parameter "q"[] : memref<4x8xf32>
  %k = kernel.buffer parameter "k"[] : memref<2x8xf32>
  %a = kernel.buffer output "a"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x2xf32>
  kernel.launch @linear_8x4_f32[%tokens](%x, %q, %a) : memref<?x8xf32>, memref<4x8xf32>, memref<?x4xf32>
  kernel.launch @linear_8x2_f32[%tokens](%x, %k, %b) : memref<?x8xf32>, memref<2x8xf32>, memref<?x2xf32>
}

// -----

// What the second adds to is what the first stores: two sums meet in one body. What is stored between
// them is kept for nobody, but rounded all the same.
// CHECK-LABEL: kernel.func @linear.linear_add_8x4_f32(
// CHECK:         } result of 0 * 0, 1 * 1 {
// CHECK-NEXT:    ^bb0(%[[I:.*]]: index, %[[A:.*]]: vector<4xf32>, %[[B:.*]]: vector<4xf32>):
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[A]], %[[B]]
// CHECK-NEXT:      kernel.store %[[SUM]]
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear.linear_add_8x4_f32
// CHECK-NOT:     kernel.launch
kernel.func @linear_8x4_f32(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
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
kernel.func @linear_add_6x4_f32(%x: memref<?x6xf32>, %w: memref<4x6xf32>, %r: memref<?x4xf32>, %y: memref<?x4xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x6xf32> -> vector<6xf32>
    kernel.yield %v : vector<6xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x6xf32> -> vector<6xf32>
    kernel.yield %v : vector<6xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    %o = kernel.load %r[%i] : memref<?x4xf32> -> vector<4xf32>
    %v = arith.addf %o, %sum : vector<4xf32>
    kernel.store %v, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %z = kernel.buffer input "z"[%tokens] : memref<?x6xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x8xf32>
  %v = kernel.buffer parameter "v"[] : memref<4x6xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  kernel.launch @linear_8x4_f32[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<4x8xf32>, memref<?x4xf32>
  kernel.launch @linear_add_6x4_f32[%tokens](%z, %v, %a, %b) : memref<?x6xf32>, memref<4x6xf32>, memref<?x4xf32>, memref<?x4xf32>
}

// -----

// A product of the other's result is formed of finished rows.
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear_8x8_f32
// CHECK:         kernel.launch @linear_8x8_f32
// WHY: [Missed] merge_contracts{{.*}}the second needs rows that the first has not finished
kernel.func @linear_8x8_f32(%x: memref<?x8xf32>, %w: memref<8x8xf32>, %y: memref<?x8xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<8x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<8xf32>):
    kernel.store %sum, %y[%i] : vector<8xf32>, memref<?x8xf32>
    kernel.yield
  }
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<8x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x8xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x8xf32>
  kernel.launch @linear_8x8_f32[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
  kernel.launch @linear_8x8_f32[%tokens](%a, %w, %b) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
}
