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
// CHECK:         kernel.contract nt left
// CHECK-LABEL: kernel.func @linear_transposed_4x4_f32(
// CHECK:         kernel.contract nn left
// CHECK-LABEL: kernel.func @linear_gradient_4x4_f32(
// CHECK-SAME:    %[[DW:[^:, ]*]]: memref<4x4xf32>)
// CHECK:         kernel.contract tn left
// CHECK:         %[[OLD:.*]] = kernel.load %[[DW]]
// CHECK:         %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK:         kernel.store %[[NEW]], %[[DW]]
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func private @layer_grad(%d: tensor<?x4xf32>, %x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %a: tensor<4x4xf32>)
    -> (tensor<?x4xf32>, tensor<4x4xf32>) {
  %dx = step.linear %d, %w transposed : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %dw = step.linear_grad %d, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  %b = step.accumulate %dw into %a : tensor<4x4xf32>
  return %dx, %b : tensor<?x4xf32>, tensor<4x4xf32>
}
func.func @train_grad(%ids: tensor<?xi32> {step.column = #step.column<token>},
                      %table: tensor<5x4xf32> {step.parameter = "table"},
                      %w: tensor<3x4x4xf32> {step.parameter = "w"},
                      %sum: tensor<3x4x4xf32> {step.gradient = "w"})
    -> (tensor<?x4xf32> {step.result = "y"}, tensor<3x4x4xf32> {step.gradient = "w"}) {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %y, %in = step.layers @layer(%x) shared() weights(%w) count 3 recompute
      : (tensor<?x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  %dx, %dw = step.layers_grad @layer_grad(%y) inputs(%in) shared() weights(%w) into(%sum) saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x4x4xf32>)
  return %y, %dw : tensor<?x4xf32>, tensor<3x4x4xf32>
}

// -----

// expected-error@below {{'func.func' op argument 0 has no name for the runtime}}
func.func @nll(%x: tensor<?x4xf32>) {
  return
}

// -----

func.func @loss(%h: tensor<?x4xf32> {step.attribute = "h"}) {
  // expected-error@below {{'func.call' op has no form in kernel}}
  func.call @elsewhere() : () -> ()
  return
}
func.func private @elsewhere()

// -----

// A cache is written where it is, slice by slice; after pick_rows there is one row a sequence.
// CHECK-LABEL: kernel.program @prefill
// CHECK-DAG:     %[[SEQUENCES:.*]] = kernel.extent "sequences"
// CHECK-DAG:     %[[ROWS:.*]] = kernel.extent "cache.rows"
// CHECK:         %[[CACHE:.*]] = kernel.buffer {{ *}}state "cache.keys"[%[[ROWS]]] : memref<3x?x4xf32>
// CHECK:         kernel.repeat
// CHECK:           kernel.slice %[[CACHE]]
// CHECK:           %[[SLICE:.*]] = kernel.slice %[[CACHE]]
// CHECK:           kernel.launch @append_4_f32[%{{.*}}]{{ *}}(%{{.*}}, %{{.*}}, %[[SLICE]])
// CHECK:           kernel.launch @attention_2_of_2_heads_4_f32
// CHECK:         kernel.launch @pick_rows_4_f32[%[[SEQUENCES]]]
// CHECK:         kernel.launch @linear_4x5_f32[%[[SEQUENCES]]]
func.func private @prefill_layer(%x: tensor<?x4xf32>, %first: tensor<?xi32>, %slots: tensor<?xi32>,
                                 %keys: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %k = step.append %keys, %x, %slots : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  %y = step.cached_attention %x, %k, %k, %first, %slots {heads = 2, key_value_heads = 2, scale = 0.5}
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %y, %k : tensor<?x4xf32>, tensor<?x4xf32>
}
func.func @prefill(%x: tensor<?x4xf32> {step.attribute = "x"}, %first: tensor<?xi32> {step.column = #step.column<first>},
                   %slots: tensor<?xi32> {step.column = #step.column<slot>},
                   %last: tensor<?xi32, #step.rows<sequences>> {step.column = #step.column<last>},
                   %w: tensor<5x4xf32> {step.parameter = "w"}, %keys: tensor<3x?x4xf32> {step.cache = "keys"})
    -> (tensor<?x5xf32, #step.rows<sequences>> {step.result = "logits"}, tensor<3x?x4xf32> {step.cache = "keys"}) {
  %y, %in, %k = step.layers @prefill_layer(%x) shared(%first, %slots) weights(%keys) count 3 save
      : (tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>, tensor<3x?x4xf32>)
        -> (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x?x4xf32>)
  %p = step.pick_rows %y, %last : (tensor<?x4xf32>, tensor<?xi32, #step.rows<sequences>>) -> tensor<?x4xf32, #step.rows<sequences>>
  %z = step.linear %p, %w : (tensor<?x4xf32, #step.rows<sequences>>, tensor<5x4xf32>) -> tensor<?x5xf32, #step.rows<sequences>>
  return %z, %k : tensor<?x5xf32, #step.rows<sequences>>, tensor<3x?x4xf32>
}

// -----

// expected-error@below {{'func.func' op takes cache 'keys' but does not return it}}
func.func @decode(%keys: tensor<3x?x4xf32> {step.cache = "keys"}) {
  return
}

// -----

// expected-error@below {{'func.func' op returns cache "values" but takes none of that name}}
func.func @decode(%keys: tensor<3x?x4xf32> {step.cache = "keys"}) -> (tensor<3x?x4xf32> {step.cache = "values"}) {
  return %keys : tensor<3x?x4xf32>
}
