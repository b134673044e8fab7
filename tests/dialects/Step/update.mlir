// RUN: roux-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// An update writes where its parameter and moments are, so they must be several, of one weight, and its own.

// CHECK-LABEL: func @own(
// CHECK: step.adamw
func.func @own(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "a"},
                   %m: tensor<4x8xf32> {step.state = "a.first"}, %v: tensor<4x8xf32> {step.state = "a.second"}, %r: tensor<f32>) {
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op first moment and second moment are one tensor but should be two: the update writes in place}}
  %0:3 = step.adamw %p, %g, %m, %m rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op parameter and gradient are one tensor but should be two: the update writes in place}}
  %0:3 = step.adamw %p, %p, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op parameter and first moment are one tensor but should be two: the update writes in place}}
  %0:3 = step.adamw %p, %g, %p, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op gradient and second moment are one tensor but should be two: the update writes in place}}
  %0:3 = step.adamw %p, %g, %m, %g rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.muon' op gradient and momentum are one tensor but should be two: the update writes in place}}
  %0:2 = step.muon %p, %g, %g rate %r {momentum = 0.9, decay = 0.0, share = 1.0, length = 1.0}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.muon' op parameter and momentum are one tensor but should be two: the update writes in place}}
  %0:2 = step.muon %p, %g, %p rate %r {momentum = 0.9, decay = 0.0, share = 1.0, length = 1.0}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "a"},
                   %m: tensor<4x8xf32> {step.state = "a.first"}, %v: tensor<4x8xf32> {step.state = "a.second"}, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op parameter is the argument with step.gradient = "a" but should be one with step.parameter}}
  %0:3 = step.adamw %g, %p, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "a"},
                   %m: tensor<4x8xf32> {step.state = "a.first"}, %v: tensor<4x8xf32> {step.attribute = "x"}, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op second moment is the argument with step.attribute = "x" but should be one with step.state}}
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "a"},
                   %m: tensor<4x8xf32> {step.parameter = "b"}, %v: tensor<4x8xf32> {step.state = "a.second"}, %r: tensor<f32>) {
  // expected-error@below {{'step.muon' op momentum is the argument with step.parameter = "b" but should be one with step.state}}
  %0:2 = step.muon %p, %g, %m rate %r {momentum = 0.9, decay = 0.0, share = 1.0, length = 1.0}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "b"},
                   %m: tensor<4x8xf32> {step.state = "a.first"}, %v: tensor<4x8xf32> {step.state = "a.second"}, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op updates parameter "a" by the gradient of "b"}}
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @update(%p: tensor<4x8xf32> {step.parameter = "a", step.frozen}, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op updates parameter "a", which is frozen}}
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func private @layer(%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %m: tensor<4x8xf32>, %v: tensor<4x8xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.adamw' op updates in place but stands in @layer, which is no entry}}
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}
