// RUN: roux-opt %s -split-input-file -convert-step-to-kernel -verify-diagnostics | FileCheck %s

// A linear and its gradient are contracts; the gradient is added to the model's; layers are one loop
// over slices, forwards and backwards, and share their kernels.
// CHECK-LABEL: kernel.program @train
// CHECK:         %[[W:.*]] = kernel.buffer {{ *}}parameter "w"[] : memref<3x4x4xf32>
// CHECK:         %[[GRADIENT:.*]] = kernel.buffer {{ *}}gradient "w.gradient"[] : memref<3x4x4xf32>
// CHECK:         kernel.repeat %{{.*}} to %{{.*}} {
// CHECK:           kernel.slice %[[W]]
// CHECK:           kernel.launch @linear_4x4_f32
// CHECK:         kernel.repeat %{{.*}} to %{{.*}} reverse {
// CHECK:           %[[SLICE:.*]] = kernel.slice %[[GRADIENT]]
// CHECK:           kernel.launch @linear_transposed_4x4_f32
// CHECK:           kernel.launch @linear_gradient_4x4_f32[%{{.*}}]{{ *}}(%{{.*}}, %{{.*}}, %[[SLICE]])
// CHECK-LABEL: kernel.func @linear_4x4_f32(
// CHECK:         kernel.contract nt 4 left
// CHECK-LABEL: kernel.func @linear_transposed_4x4_f32(
// CHECK:         kernel.contract nn 4 left
// CHECK-LABEL: kernel.func @linear_gradient_4x4_f32(
// CHECK-SAME:    %[[DW:[^:, ]*]]: memref<4x4xf32>)
// CHECK:         kernel.contract tn 0 left
// CHECK:         %[[OLD:.*]] = kernel.load %[[DW]]
// CHECK:         %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK:         kernel.store %[[NEW]], %[[DW]]
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func private @layer_grad(%d: tensor<?x4xf32>, %x: tensor<?x4xf32>, %w: tensor<4x4xf32>)
    -> (tensor<?x4xf32>, tensor<4x4xf32>) {
  %dx = step.linear %d, %w transposed : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %dw = step.linear_grad %d, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  return %dx, %dw : tensor<?x4xf32>, tensor<4x4xf32>
}
func.func @train_grad(%ids: tensor<?xi32> {step.column = #step.column<token>},
                      %table: tensor<5x4xf32> {step.parameter = "table"},
                      %w: tensor<3x4x4xf32> {step.parameter = "w"})
    -> (tensor<?x4xf32> {step.result = "y"}, tensor<3x4x4xf32> {step.gradient = "w"}) {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %y, %in = step.layers @layer(%x) shared() weights(%w) count 3 recompute
      : (tensor<?x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  %dx, %dw = step.layers_grad @layer_grad(%y) inputs(%in) shared() weights(%w) saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x4x4xf32>)
  return %y, %dw : tensor<?x4xf32>, tensor<3x4x4xf32>
}

// -----

// expected-error@below {{'func.func' op argument 0 has no name for the runtime}}
func.func @nll(%x: tensor<?x4xf32>) {
  return
}

// -----

func.func @sums(%a: tensor<4xf32> {step.parameter = "a"}) {
  // expected-error@below {{'step.add' op adds 'tensor<4xf32>', which is no stream}}
  %b = step.add %a, %a : tensor<4xf32>
  return
}

// -----

func.func @loss(%h: tensor<?x4xf32> {step.attribute = "h"}) {
  // expected-error@below {{'func.call' op has no form in kernel}}
  func.call @elsewhere() : () -> ()
  return
}
func.func private @elsewhere()
