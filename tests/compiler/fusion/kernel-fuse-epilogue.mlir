// RUN: roux-opt %s -split-input-file -cse -kernel-fuse-epilogue -kernel-drop-stores -kernel-share -kernel-verify-program | FileCheck %s
// RUN: roux-opt %s -split-input-file -cse -kernel-fuse-epilogue -remarks-filter=fuse -remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHY

// A row kernel behind a product: its row is the sum, and what nobody else reads is not stored.
// CHECK-LABEL: kernel.func @linear.negate_8x4_f32(
// CHECK:         } result {
// CHECK-NEXT:    ^bb0(%[[I:.*]]: index, %[[SUM:.*]]: vector<4xf32>):
// CHECK-NEXT:      %[[N:.*]] = arith.negf %[[SUM]]
// CHECK-NEXT:      kernel.store %[[N]], %{{.*}}[%[[I]]]
// CHECK-NEXT:      kernel.yield
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear.negate_8x4_f32
// CHECK-NOT:     kernel.launch
// WHY: [Passed] epilogue{{.*}}negate_4_f32 into linear_8x4_f32
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
kernel.func @negate_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %n = arith.negf %v : vector<4xf32>
  kernel.store %n, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  kernel.launch @linear_8x4_f32[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<4x8xf32>, memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%a, %b) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

// A kernel of each head: the result's body gets a head at a time, and parts of it.
// CHECK-LABEL: kernel.func @linear.swap_8x4_f32(
// CHECK:         } result windows 2 {
// CHECK-NEXT:    ^bb0(%[[I:.*]]: index, %[[SUM:.*]]: vector<2xf32>):
// CHECK-NEXT:      %[[A:.*]] = kernel.part %[[SUM]] from 0
// CHECK-NEXT:      %[[B:.*]] = kernel.part %[[SUM]] from 1
// CHECK-NEXT:      kernel.store %[[B]], %[[Y:.*]][%[[I]]] :
// CHECK-NEXT:      kernel.store %[[A]], %[[Y]][%[[I]]] from 1
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear.swap_8x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %{{.*}}) : memref<?x8xf32>, memref<4x8xf32>, memref<?x2xf32>
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
kernel.func @swap_2_heads_2_f32(%x: memref<?x2xf32>, %y: memref<?x2xf32>) {
  %row = kernel.row
  %a = kernel.load %x[%row] : memref<?x2xf32> -> vector<1xf32>
  %b = kernel.load %x[%row] from 1 : memref<?x2xf32> -> vector<1xf32>
  kernel.store %b, %y[%row] : vector<1xf32>, memref<?x2xf32>
  kernel.store %a, %y[%row] from 1 : vector<1xf32>, memref<?x2xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  kernel.launch @linear_8x4_f32[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<4x8xf32>, memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %heads = arith.muli %tokens, %two : index
  %from = kernel.window %a from %zero : memref<?x4xf32> -> memref<?x2xf32>
  %to = kernel.window %b from %zero : memref<?x4xf32> -> memref<?x2xf32>
  kernel.launch @swap_2_heads_2_f32[%heads](%from, %to) : memref<?x2xf32>, memref<?x2xf32>
}

// -----

// A product has a part of a row at a time: what sums a whole one keeps its kernel.
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear_8x4_f32
// CHECK:         kernel.launch @sum_4_f32
// WHY: [Missed] epilogue{{.*}}it reduces whole rows, of which a product has a part at a time
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
kernel.func @sum_4_f32(%x: memref<?x4xf32>, %y: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %s = kernel.reduce add %v : vector<4xf32>
  kernel.store %s, %y[%row] : f32, memref<?xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  kernel.launch @linear_8x4_f32[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<4x8xf32>, memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?xf32>
  kernel.launch @sum_4_f32[%tokens](%a, %b) : memref<?x4xf32>, memref<?xf32>
}

// -----

// The product reads what the rows overwrite, and its next blocks are not formed yet.
// CHECK-LABEL: kernel.program @train
// CHECK:         kernel.launch @linear_4x4_f32
// CHECK:         kernel.launch @negate_4_f32
// WHY: [Missed] epilogue{{.*}}it stores where the product still reads
kernel.func @linear_4x4_f32(%x: memref<?x4xf32>, %w: memref<4x4xf32>, %y: memref<?x4xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x4xf32> -> vector<4xf32>
    kernel.yield %v : vector<4xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x4xf32> -> vector<4xf32>
    kernel.yield %v : vector<4xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @negate_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %n = arith.negf %v : vector<4xf32>
  kernel.store %n, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer state "x"[%tokens] : memref<?x4xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x4xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  kernel.launch @linear_4x4_f32[%tokens](%x, %w, %a) : memref<?x4xf32>, memref<4x4xf32>, memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%a, %x) : memref<?x4xf32>, memref<?x4xf32>
}
