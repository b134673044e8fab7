// RUN: roux-opt %s -cse -kernel-fuse-epilogue -kernel-share | FileCheck %s

// Joined for two entries and one kernel; what nothing launches is gone.
// CHECK:     kernel.func @linear.negate_8x4_f32(
// CHECK-NOT: kernel.func
// CHECK:     kernel.program @train
// CHECK:       kernel.launch @linear.negate_8x4_f32[
// CHECK:     kernel.program @nll
// CHECK:       kernel.launch @linear.negate_8x4_f32[
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
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  kernel.launch @linear_8x4_f32[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<4x8xf32>, memref<?x4xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x4xf32>
  kernel.launch @negate_4_f32[%tokens](%a, %b) : memref<?x4xf32>, memref<?x4xf32>
}
