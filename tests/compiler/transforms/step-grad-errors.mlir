// RUN: roux-opt %s -split-input-file -step-grad -verify-diagnostics

// expected-error@below {{there is no function 'train' to differentiate}}
module {
}

// -----

// expected-error@below {{'func.func' op should return the loss first, a tensor<f32>, to be differentiated}}
func.func @train(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

// A formula is refused at the line that has no derivative.
func.func @train(%h: tensor<?x4xf32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"}) -> tensor<f32> {
  %loss, %nll, %lse, %weights = step.cross_entropy %h, %table, %labels formula {
  ^bb0(%n: f32, %l: f32):
    // expected-error@below {{'math.erf' op has no derivative, so it cannot be part of a loss}}
    %e = math.erf %n : f32
    step.yield %e : f32
  } weight() {
  ^bb0(%p: f64, %q: f64):
    %one = arith.constant 1.0 : f64
    step.yield %one : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %loss : tensor<f32>
}

// -----

func.func @train(%w: tensor<4xf32> {step.parameter = "w"}) -> tensor<f32> {
  // expected-error@below {{'step.global_norm' op has no gradient, but the loss depends on a parameter through it}}
  %n = step.global_norm %w : (tensor<4xf32>) -> tensor<f32>
  return %n : tensor<f32>
}

// -----

// Reports of the loss are not differentiated.
func.func @train(%g: tensor<?x4xf32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"},
                 %u: tensor<4x4xf32> {step.parameter = "u"},
                 %first: tensor<4x3xf32>) -> tensor<f32> {
  %h = step.linear %g, %u : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  // expected-error@below {{'step.split' op the loss does not depend on every part; read them all or do not split}}
  %a, %b = step.split %h : (tensor<?x4xf32>) -> (tensor<?x1xf32>, tensor<?x3xf32>)
  %c = step.linear %b, %first : (tensor<?x3xf32>, tensor<4x3xf32>) -> tensor<?x4xf32>
  %loss, %nll, %lse, %weights = step.cross_entropy %c, %table, %labels formula {
  ^bb0(%n: f32, %l: f32):
    step.yield %n : f32
  } weight() {
  ^bb0(%p: f64, %q: f64):
    %one = arith.constant 1.0 : f64
    step.yield %one : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %loss : tensor<f32>
}

// -----

// What all layers share cannot be trained.
// expected-error@below {{'func.func' op has a gradient for a value shared by all layers; pass it as a weight or not at all}}
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @train(%x: tensor<?x4xf32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"},
                 %w: tensor<4x4xf32> {step.parameter = "w"}) -> tensor<f32> {
  %y, %in = step.layers @layer(%x) shared(%w) weights() count 3 recompute
      : (tensor<?x4xf32>, tensor<4x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
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

// -----

// Stacks of what is kept have one type for all layers.
func.func private @near(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func private @far(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %a = step.activation silu %y : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %a : tensor<?x4xf32>
}
func.func @train(%ids: tensor<?xi32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"},
                 %w: tensor<2x4x4xf32> {step.parameter = "w"}) -> tensor<f32> {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  // expected-error@below {{'step.layers' op calls layers that keep values of different types for their gradients}}
  %y, %in = step.layers [@near, @far](%x) shared() weights(%w) count 2 save
      : (tensor<?x4xf32>, tensor<2x4x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
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

// -----

// What a gradient is added to is known of parameters; of what is computed from one it would be lost.
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @train(%x: tensor<?x4xf32>, %labels: tensor<?xi32>, %table: tensor<5x4xf32>,
                 %w: tensor<3x4x4xf32> {step.parameter = "w"}) -> tensor<f32> {
  %half = step.add %w, %w : tensor<3x4x4xf32>
  // expected-error@below {{'step.layers' op has as weight 0 neither a parameter nor a rounded one, so its gradient would be added to nothing}}
  %y, %in = step.layers @layer(%x) shared() weights(%half) count 3 recompute
      : (tensor<?x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
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
