// RUN: roux-opt %s -split-input-file -kernel-drop-stores -kernel-share | FileCheck %s

// What no launch reads is not stored; an output is somebody's.
// CHECK-LABEL: kernel.func @both_4_f32(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x4xf32>, %[[Z:[^:]*]]: memref<?x4xf32>)
// CHECK-NOT:     arith.negf
// CHECK:         kernel.store %{{.*}}, %[[Z]]
// CHECK:         kernel.launch @both_4_f32[%{{.*}}] (%{{.*}}, %{{.*}}) :
kernel.func @both_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>, %z: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %n = arith.negf %v : vector<4xf32>
  kernel.store %n, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.store %v, %z[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  kernel.launch @both_4_f32[%tokens](%x, %a, %b) : memref<?x4xf32>, memref<?x4xf32>, memref<?x4xf32>
}

// -----

// A part that is read keeps the whole stored; a launch that stores nothing any more is none, nor is
// what only it read.
// CHECK-LABEL: kernel.program @kept
// CHECK:         kernel.launch @negate_4_f32
// CHECK:         kernel.launch @negate_4_f32
// CHECK-LABEL: kernel.program @gone
// CHECK-NOT:     kernel.launch
kernel.func @negate_4_f32(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %n = arith.negf %v : vector<4xf32>
  kernel.store %n, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @kept {
  %tokens = kernel.extent "tokens"
  %zero = arith.constant 0 : index
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<2x?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  %part = kernel.slice %a[%zero] : memref<2x?x4xf32> -> memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%x, %part) : memref<?x4xf32>, memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%part, %b) : memref<?x4xf32>, memref<?x4xf32>
}
kernel.program @gone {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer activation "b"[%tokens] : memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%x, %a) : memref<?x4xf32>, memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%a, %b) : memref<?x4xf32>, memref<?x4xf32>
}
