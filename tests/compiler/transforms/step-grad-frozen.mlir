// RUN: roux-opt %s -step-grad -cse | FileCheck %s

// What only frozen parameters reach is not differentiated: no gradient of the table below the layers,
// none of the layers' own frozen weight, and nothing is kept for it.
// CHECK-LABEL: func.func private @frozen_layer_saving
// CHECK-SAME:    -> (tensor<?x4xf32>, tensor<?x4xf32>)
// CHECK-LABEL: func.func private @frozen_layer_backward
// CHECK:         step.linear_grad
// CHECK-NOT:     step.linear_grad
// CHECK-LABEL: func.func @train_grad
// CHECK-SAME:    -> (tensor<f32>, tensor<3x4x4xf32> {step.gradient = "w"})
// CHECK-NOT:     step.embedding_grad
func.func private @frozen_layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %v: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %a = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %b = step.activation silu %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = step.linear %b, %v : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @train(%ids: tensor<?xi32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table", step.frozen},
                 %w: tensor<3x4x4xf32> {step.parameter = "w"},
                 %v: tensor<3x4x4xf32> {step.parameter = "v", step.frozen}) -> tensor<f32> {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %y, %in = step.layers @frozen_layer(%x) shared() weights(%w, %v) count 3 save
      : (tensor<?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  %loss, %nll, %lse, %weights = step.cross_entropy %y, %table, %labels formula {
  ^bb0(%n: f32, %l: f32):
    step.yield %n : f32
  } weight() {
  ^bb0(%p: f64, %q: f64):
    %one = arith.constant 1.0 : f64
    step.yield %one : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %loss : tensor<f32>
}
