// RUN: roux-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// A layer may append to a slice of a stack, if nothing else reads the stack that then holds more.

// CHECK-LABEL: func @own(
// CHECK: step.layers @layer(
func.func private @layer(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<?x8xf32>, %d: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %k = step.append %c, %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %o = step.cached_attention %x, %d, %d, %s, %s {heads = 2, key_value_heads = 2, scale = 0.5}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %o, %k : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func @own(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<3x?x8xf32>, %d: tensor<3x?x8xf32>) -> tensor<3x?x8xf32> {
  %y, %in, %n = step.layers @layer(%x) shared(%s) weights(%c, %d) count 3 save
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<3x?x8xf32>, tensor<3x?x8xf32>) -> (tensor<?x8xf32>, tensor<3x?x8xf32>, tensor<3x?x8xf32>)
  return %n : tensor<3x?x8xf32>
}

// -----

func.func private @layer(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<?x8xf32>, %d: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %k = step.append %c, %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %o = step.cached_attention %x, %d, %d, %s, %s {heads = 2, key_value_heads = 2, scale = 0.5}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %o, %k : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func @read_as_another(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<3x?x8xf32>) -> tensor<3x?x8xf32> {
  // expected-note@below {{used here, as operand 3}}
  // expected-error@below {{'step.layers' op has a layer that appends to operand 2, which is used elsewhere, too}}
  %y, %in, %n = step.layers @layer(%x) shared(%s) weights(%c, %c) count 3 save
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<3x?x8xf32>, tensor<3x?x8xf32>) -> (tensor<?x8xf32>, tensor<3x?x8xf32>, tensor<3x?x8xf32>)
  return %n : tensor<3x?x8xf32>
}

// -----

func.func private @layer(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<?x8xf32>, %d: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %k = step.append %c, %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %o = step.cached_attention %x, %d, %d, %s, %s {heads = 2, key_value_heads = 2, scale = 0.5}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %o, %k : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func private @outer(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<3x?x8xf32>, %d: tensor<3x?x8xf32>) -> (tensor<?x8xf32>, tensor<3x?x8xf32>) {
  %y, %in, %n = step.layers @layer(%x) shared(%s) weights(%c, %d) count 3 save
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<3x?x8xf32>, tensor<3x?x8xf32>) -> (tensor<?x8xf32>, tensor<3x?x8xf32>, tensor<3x?x8xf32>)
  return %y, %n : tensor<?x8xf32>, tensor<3x?x8xf32>
}
func.func @within_layers(%x: tensor<?x8xf32>, %s: tensor<?xi32>, %c: tensor<1x3x?x8xf32>) -> tensor<1x3x?x8xf32> {
  // expected-note@below {{used here, as operand 3}}
  // expected-error@below {{'step.layers' op has a layer that appends to operand 2, which is used elsewhere, too}}
  %y, %in, %n = step.layers @outer(%x) shared(%s) weights(%c, %c) count 1 save
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<1x3x?x8xf32>, tensor<1x3x?x8xf32>) -> (tensor<?x8xf32>, tensor<1x?x8xf32>, tensor<1x3x?x8xf32>)
  return %n : tensor<1x3x?x8xf32>
}
