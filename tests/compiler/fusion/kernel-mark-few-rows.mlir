// RUN: roux-opt %s -kernel-mark-few-rows | FileCheck %s
// RUN: roux-opt %s -kernel-mark-few-rows=apart=true | FileCheck %s --check-prefix=APART

// The matmul that decode launches is marked, of whatever else launches it; neither that of
// training alone nor what is no matmul is.
// CHECK: kernel.func @linear({{.*}}) attributes {few_rows} {
// CHECK: kernel.func @gradient({{[^)]*}}) {
// CHECK: kernel.func @negate({{[^)]*}}) {

// Apart, training keeps its own; what decode alone launches is marked as it is.
// APART: kernel.func @linear({{[^)]*}}) {
// APART: kernel.func @linear_few_rows({{.*}}) attributes {few_rows} {
// APART: kernel.func @gradient({{[^)]*}}) {
// APART: kernel.func @negate({{[^)]*}}) {
// APART: kernel.func @last({{.*}}) attributes {few_rows} {
// APART: kernel.program @train
// APART: kernel.launch @linear[
// APART: kernel.program @decode
// APART: kernel.launch @linear_few_rows[
// APART: kernel.launch @negate[
// APART: kernel.launch @last[
// APART: kernel.launch @linear_few_rows[
kernel.func @linear(%x: memref<?x8xf32>, %w: memref<8x8xf32>, %y: memref<?x8xf32>) {
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
kernel.func @gradient(%x: memref<?x8xf32>, %w: memref<8x8xf32>, %y: memref<?x8xf32>) {
  kernel.contract nn left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %w[%k] : memref<8x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<8xf32>):
    kernel.store %sum, %y[%i] : vector<8xf32>, memref<?x8xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @negate(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  %n = arith.negf %v : vector<8xf32>
  kernel.store %n, %y[%row] : vector<8xf32>, memref<?x8xf32>
  kernel.return
}
kernel.func @last(%x: memref<?x8xf32>, %w: memref<8x8xf32>, %y: memref<?x8xf32>) {
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
    %n = arith.negf %sum : vector<8xf32>
    kernel.store %n, %y[%i] : vector<8xf32>, memref<?x8xf32>
    kernel.yield
  }
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<8x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x8xf32>
  kernel.launch @linear[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x8xf32>
  kernel.launch @gradient[%tokens](%a, %w, %b) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
}
kernel.program @decode {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<8x8xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x8xf32>
  kernel.launch @linear[%tokens](%x, %w, %a) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
  %b = kernel.buffer output "b"[%tokens] : memref<?x8xf32>
  kernel.launch @negate[%tokens](%a, %b) : memref<?x8xf32>, memref<?x8xf32>
  %c = kernel.buffer output "c"[%tokens] : memref<?x8xf32>
  kernel.launch @last[%tokens](%b, %w, %c) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
  %d = kernel.buffer output "d"[%tokens] : memref<?x8xf32>
  kernel.launch @linear[%tokens](%c, %w, %d) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
}
