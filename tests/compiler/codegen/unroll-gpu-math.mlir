// Maths on a vector becomes the same on its lanes; arithmetic stays on vectors.

// RUN: roux-opt --unroll-gpu-math %s | FileCheck %s

// CHECK:         arith.addf {{.*}} : vector<2xf32>
// CHECK-COUNT-2: math.exp %{{.+}} : f32
// CHECK-NOT:     math.exp
// CHECK:         vector.from_elements
func.func @exp(%x: vector<2xf32>) -> vector<2xf32> {
  %double = arith.addf %x, %x : vector<2xf32>
  %y = math.exp %double : vector<2xf32>
  return %y : vector<2xf32>
}
