// exp of f32 becomes a polynomial; of f64 it stays, to be called.

// RUN: roux-opt --expand-kernel-math %s | FileCheck %s

// CHECK-LABEL: @narrow
// CHECK-NOT:     math.exp
// CHECK:         math.fma
func.func @narrow(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp %x : vector<8xf32>
  return %y : vector<8xf32>
}
// CHECK-LABEL: @wide
// CHECK:         math.exp %{{.+}} : vector<8xf64>
func.func @wide(%x: vector<8xf64>) -> vector<8xf64> {
  %y = math.exp %x : vector<8xf64>
  return %y : vector<8xf64>
}
// CHECK-LABEL: @rounded
// CHECK-NOT:     arith.truncf
// CHECK:         arith.shrui
func.func @rounded(%x: vector<8xf32>) -> vector<8xbf16> {
  %y = arith.truncf %x : vector<8xf32> to vector<8xbf16>
  return %y : vector<8xbf16>
}
