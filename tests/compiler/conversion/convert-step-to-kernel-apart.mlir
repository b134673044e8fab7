// RUN: roux-opt %s -split-input-file -convert-step-to-kernel -kernel-verify-program | FileCheck %s
// Operations that differ in a number have kernels, or numbers of the program, of their own; equal
// ones share.

// CHECK-LABEL: kernel.program @update
// CHECK:         kernel.launch @adamw_decayed_8_f32[
// CHECK:         kernel.launch @adamw_decayed_8_f32_2[
// CHECK:         kernel.launch @adamw_decayed_8_f32[
// CHECK-NOT:   @adamw_decayed_8_f32_3
func.func @update(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "a"},
                  %m: tensor<4x8xf32> {step.state = "a.first"}, %v: tensor<4x8xf32> {step.state = "a.second"},
                  %q: tensor<4x8xf32> {step.parameter = "b"}, %h: tensor<4x8xf32> {step.gradient = "b"},
                  %n: tensor<4x8xf32> {step.state = "b.first"}, %w: tensor<4x8xf32> {step.state = "b.second"},
                  %s: tensor<2x8xf32> {step.parameter = "c"}, %i: tensor<2x8xf32> {step.gradient = "c"},
                  %o: tensor<2x8xf32> {step.state = "c.first"}, %x: tensor<2x8xf32> {step.state = "c.second"},
                  %r: tensor<f32> {step.attribute = "rate"}, %c: tensor<f32> {step.attribute = "c1"},
                  %d: tensor<f32> {step.attribute = "c2"}) {
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %c, %d {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  %1:3 = step.adamw %q, %h, %n, %w rate %r corrections %c, %d {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.2}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  %2:3 = step.adamw %s, %i, %o, %x rate %r corrections %c, %d {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return
}

// -----

// Frequencies are numbers of the program, so tables of one scale share their kernels; another scale is
// another kernel.
// CHECK-LABEL: kernel.program @nll
// CHECK:         %[[A:.*]] = kernel.constant "rotation.frequencies" dense<[1.000000e+00, 2.000000e+00]>
// CHECK:         kernel.launch @cosine_2_f32[%{{.*}}] (%{{.*}}, %[[A]], %{{.*}})
// CHECK:         %[[B:.*]] = kernel.constant "rotation.frequencies" dense<[7.000000e+00, 9.000000e+00]>
// CHECK:         kernel.launch @cosine_2_f32[%{{.*}}] (%{{.*}}, %[[B]], %{{.*}})
// CHECK:         kernel.launch @cosine_2_f32_2[
// CHECK-NOT:   @cosine_2_f32_3
func.func @nll(%at: tensor<?xi32> {step.column = #step.column<position>})
    -> (tensor<?x2xf32> {step.result = "a"}, tensor<?x2xf32> {step.result = "b"}, tensor<?x2xf32> {step.result = "c"},
        tensor<?x2xf32> {step.result = "s"}, tensor<?x2xf32> {step.result = "t"}, tensor<?x2xf32> {step.result = "u"}) {
  %a, %s = step.rotation %at {frequencies = array<f64: 1.0, 2.0>, scale = 1.0} : (tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  %b, %t = step.rotation %at {frequencies = array<f64: 7.0, 9.0>, scale = 1.0} : (tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  %c, %u = step.rotation %at {frequencies = array<f64: 1.0, 2.0>, scale = 0.5} : (tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return %a, %b, %c, %s, %t, %u : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// Kernels are shared between entries.
// CHECK-LABEL: kernel.program @nll
// CHECK:         kernel.launch @activation_silu_8_f32[
// CHECK:       kernel.func @activation_silu_8_f32(
// CHECK-LABEL: kernel.program @logits
// CHECK:         kernel.launch @activation_silu_8_f32[
// CHECK-NOT:   kernel.func
func.func @nll(%q: tensor<?x8xf32> {step.attribute = "q"}) -> (tensor<?x8xf32> {step.result = "x"}) {
  %y = step.activation silu %q : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @logits(%q: tensor<?x8xf32> {step.attribute = "q"}) -> (tensor<?x8xf32> {step.result = "x"}) {
  %y = step.activation silu %q : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
