// RUN: roux-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// Layers may have layers of their own, but none that they are within: each is the body of a loop
// where it is called.

// CHECK-LABEL: func private @outer(
// CHECK: step.layers [@inner, @inner_other](
func.func private @inner(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
func.func private @inner_other(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @inner(%x) shared() weights() count 2 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @outer(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers [@inner, @inner_other](%x) shared() weights() count 3 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  %z, %more = step.layers @inner_other(%y) shared() weights() count 3 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  return %z : tensor<?x4xf32>
}
func.func @entry(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @outer(%x) shared() weights() count 2 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return %y : tensor<?x4xf32>
}

// -----

func.func private @itself(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers' op has a layer that calls itself: @itself calls @itself}}
  %y, %in = step.layers @itself(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}

// -----

// What merely reaches a cycle is not on it.
func.func @entry(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @a(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @leaf(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
func.func private @b(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @c(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @c(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers [@leaf, @a](%x) shared() weights() count 2 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @a(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers' op has a layer that calls itself: @a calls @b calls @c calls @a}}
  %y, %in = step.layers [@leaf, @b](%x) shared() weights() count 2 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return %y : tensor<?x4xf32>
}

// -----

// The gradient of layers calls by name as well.
func.func private @back(%g: tensor<?x4xf32>, %x: tensor<?x4xf32>, %in: tensor<2x?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers_grad' op has a layer that calls itself: @back calls @back}}
  %d = step.layers_grad @back(%g) inputs(%in) shared(%in) weights() into() saved() count 2 save
      : (tensor<?x4xf32>, tensor<2x?x4xf32>, tensor<2x?x4xf32>) -> tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}

// -----

// Loops within loops end somewhere.
func.func @entry(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers' op has layers in layers, 9 deep or more, but 8 is the most}}
  %y, %in = step.layers @l0(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l0(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l1(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l1(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l2(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l2(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l3(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l3(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l4(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l4(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l5(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l5(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l6(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l6(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l7(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l7(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y, %in = step.layers @l8(%x) shared() weights() count 1 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>)
  return %y : tensor<?x4xf32>
}
func.func private @l8(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}

// -----

func.func private @nowhere(tensor<?x4xf32>) -> tensor<?x4xf32>
func.func @entry(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers' op calls @nowhere, which has no body}}
  %y, %in = step.layers @nowhere(%x) shared() weights() count 2 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return %y : tensor<?x4xf32>
}

// -----

func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
func.func @entry(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers' op has 1000000000000 layers but 65536 is the most}}
  %y, %in = step.layers @layer(%x) shared() weights() count 1000000000000 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1000000000000x?x4xf32>)
  return %y : tensor<?x4xf32>
}
