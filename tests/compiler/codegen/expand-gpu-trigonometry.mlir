// Sine and cosine of f64 become arithmetic; of f32 they stay.

// RUN: roux-opt --expand-gpu-trigonometry %s | FileCheck %s

// CHECK-LABEL:   func.func @angles
// CHECK-NOT:     math.sin
// CHECK-COUNT-3: math.fma
// CHECK:         arith.select
// CHECK-NOT:     math.cos
// CHECK:         return
func.func @angles(%x: f64) -> (f64, f64) {
  %s = math.sin %x : f64
  %c = math.cos %x : f64
  return %s, %c : f64, f64
}

// CHECK-LABEL: func.func @others
// CHECK:       math.sin %{{.+}} : f32
func.func @others(%x: f32) -> f32 {
  %s = math.sin %x : f32
  return %s : f32
}
