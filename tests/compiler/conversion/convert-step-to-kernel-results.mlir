// RUN: roux-opt %s -split-input-file -convert-step-to-kernel -kernel-verify-program -verify-diagnostics | FileCheck %s
// Every result comes to lie where it is wanted, and every gradient is added as often as it is owed.

// A gradient that is accumulated twice is added twice: x * W + x * W.
// CHECK-LABEL: kernel.program @twice
// CHECK:         %[[G:.*]] = kernel.buffer {{ *}}gradient "w.gradient"
// CHECK-COUNT-2: kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[G]])
// CHECK-NOT:     kernel.launch
// CHECK:       }
func.func @twice_grad(%x: tensor<?x4xf32> {step.attribute = "x"}, %a: tensor<4x4xf32> {step.gradient = "w"})
    -> (tensor<4x4xf32> {step.gradient = "w"}) {
  %g = step.linear_grad %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  %b = step.accumulate %g into %a : tensor<4x4xf32>
  %c = step.accumulate %g into %b : tensor<4x4xf32>
  return %c : tensor<4x4xf32>
}

// So is a sum of what one gradient is, returned with nothing given to add it to; a sum that is used twice is
// formed once.
// CHECK-LABEL: kernel.program @bare
// CHECK:         %[[G:.*]] = kernel.buffer {{ *}}gradient "w.gradient"
// CHECK:         kernel.buffer {{ *}}gradient "v.gradient"
// CHECK:         kernel.buffer {{ *}}gradient "u.gradient"
// CHECK-COUNT-2: kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[G]])
// CHECK:         kernel.launch @add_4_f32
// CHECK-COUNT-2: kernel.launch @accumulate_4_f32
// CHECK-NOT:     kernel.launch
// CHECK:       }
func.func @bare_grad(%x: tensor<?x4xf32> {step.attribute = "x"}, %p: tensor<4x4xf32> {step.parameter = "p"})
    -> (tensor<4x4xf32> {step.gradient = "w"}, tensor<4x4xf32> {step.gradient = "v"}, tensor<4x4xf32> {step.gradient = "u"}) {
  %g = step.linear_grad %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  %s = step.add %g, %g : tensor<4x4xf32>
  %t = step.add %p, %p : tensor<4x4xf32>
  return %s, %t, %t : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}

// One gradient of two parameters.
// CHECK-LABEL: kernel.program @tied
// CHECK:         %[[W:.*]] = kernel.buffer {{ *}}gradient "w.gradient"
// CHECK:         %[[V:.*]] = kernel.buffer {{ *}}gradient "v.gradient"
// CHECK:         kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[W]])
// CHECK:         kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[V]])
func.func @tied_grad(%x: tensor<?x4xf32> {step.attribute = "x"}, %w: tensor<4x4xf32> {step.gradient = "w"},
                     %v: tensor<4x4xf32> {step.gradient = "v"})
    -> (tensor<4x4xf32> {step.gradient = "w"}, tensor<4x4xf32> {step.gradient = "v"}) {
  %g = step.linear_grad %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  %a = step.accumulate %g into %w : tensor<4x4xf32>
  %b = step.accumulate %g into %v : tensor<4x4xf32>
  return %a, %b : tensor<4x4xf32>, tensor<4x4xf32>
}

// A gradient that is read as well is formed in a buffer of its own too, which begins at zero.
// CHECK-LABEL: kernel.program @read
// CHECK:         %[[W:.*]] = kernel.buffer {{ *}}gradient "w.gradient"
// CHECK:         kernel.launch @fill_4_f32
// CHECK:         kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[W]])
// CHECK:         kernel.launch @linear_gradient_4x4_f32
// CHECK:         kernel.launch @squares_4_f32
func.func @read_grad(%x: tensor<?x4xf32> {step.attribute = "x"}, %w: tensor<4x4xf32> {step.gradient = "w"})
    -> (tensor<4x4xf32> {step.gradient = "w"}, tensor<f32> {step.result = "norm"}) {
  %g = step.linear_grad %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  %s = step.accumulate %g into %w : tensor<4x4xf32>
  %n = step.global_norm %g : (tensor<4x4xf32>) -> tensor<f32>
  return %s, %n : tensor<4x4xf32>, tensor<f32>
}

// What is no gradient operation's result is added from where it lies; numbers as numbers, zero like
// any other.
// CHECK-LABEL: kernel.program @given
// CHECK:         kernel.launch @add_number_4_f32[
// CHECK:         kernel.launch @add_number_4_f32_2[
// CHECK:         kernel.launch @accumulate_4_f32[
// CHECK-NOT:     kernel.launch
// CHECK:       }
func.func @given_grad(%v: tensor<4x4xf32> {step.parameter = "v"}, %a: tensor<4x4xf32> {step.gradient = "v"},
                      %b: tensor<4x4xf32> {step.gradient = "w"}, %c: tensor<4x4xf32> {step.gradient = "u"})
    -> (tensor<4x4xf32> {step.gradient = "v"}, tensor<4x4xf32> {step.gradient = "w"}, tensor<4x4xf32> {step.gradient = "u"}) {
  %half = arith.constant dense<0.5> : tensor<4x4xf32>
  %zero = arith.constant dense<0.0> : tensor<4x4xf32>
  %x = step.accumulate %v into %a : tensor<4x4xf32>
  %y = step.accumulate %half into %b : tensor<4x4xf32>
  %z = step.accumulate %zero into %c : tensor<4x4xf32>
  return %x, %y, %z : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}

// A value under two names, an argument, a column, a number, and what layers leave in their slots.
// CHECK-LABEL: kernel.program @nll
// CHECK:         %[[Y:.*]] = kernel.buffer {{ *}}output "y"
// CHECK:         %[[Z:.*]] = kernel.buffer {{ *}}output "z"
// CHECK:         %[[I:.*]] = kernel.buffer {{ *}}output "i"
// CHECK:         %[[C:.*]] = kernel.buffer {{ *}}output "c"
// CHECK:         %[[L:.*]] = kernel.buffer {{ *}}output "l"
// CHECK:         %[[S:.*]] = kernel.buffer {{ *}}output "s"
// CHECK:         %[[O:.*]] = kernel.buffer {{ *}}output "o"
// CHECK:         kernel.launch @activation_silu_4_f32[%{{.*}}] (%{{.*}}, %[[Y]])
// CHECK:         kernel.launch @copy_4_f32[%{{.*}}] (%[[Y]], %[[Z]])
// CHECK:         kernel.launch @copy_4_f32[%{{.*}}] (%{{.*}}, %[[I]])
// CHECK:         kernel.launch @copy_1_i32[%{{.*}}] (%{{.*}}, %[[C]])
// CHECK:         kernel.launch @copy_4_f32[%{{.*}}] (%{{.*}}, %[[L]])
// CHECK:         kernel.repeat
// CHECK:           kernel.slice %[[S]]
// CHECK:           kernel.launch @copy_4_f32
func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
func.func @nll(%q: tensor<?x4xf32> {step.attribute = "q"}, %at: tensor<?xi32> {step.column = #step.column<position>})
    -> (tensor<?x4xf32> {step.result = "y"}, tensor<?x4xf32> {step.result = "z"}, tensor<?x4xf32> {step.result = "i"},
        tensor<?xi32> {step.result = "c"}, tensor<?x4xf32> {step.result = "l"}, tensor<3x?x4xf32> {step.result = "s"},
        tensor<f32> {step.result = "o"}) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %y = step.activation silu %q : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %l, %s = step.layers @layer(%q) shared() weights() count 3 recompute
      : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  return %y, %y, %q, %at, %l, %s, %one
      : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<f32>
}

// -----

// A layer that is called twice, and both calls' weights are one parameter; a layer without a sum adds
// none.
// CHECK-LABEL: kernel.program @train
// CHECK:         %[[G:.*]] = kernel.buffer {{ *}}gradient "w.gradient"
// CHECK:         kernel.repeat
// CHECK:           %[[S:.*]] = kernel.slice %[[G]]
// CHECK:           kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[S]])
// CHECK:         kernel.repeat
// CHECK:           %[[T:.*]] = kernel.slice %[[G]]
// CHECK:           kernel.launch @linear_gradient_4x4_f32[%{{.*}}] (%{{.*}}, %{{.*}}, %[[T]])
// CHECK:         kernel.repeat
// CHECK-NOT:       kernel.launch @linear_gradient
// CHECK:       }
func.func private @layer_grad(%d: tensor<?x4xf32>, %x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %a: tensor<4x4xf32>)
    -> (tensor<?x4xf32>, tensor<4x4xf32>) {
  %dx = step.linear %d, %w transposed : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %dw = step.linear_grad %d, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<4x4xf32>
  %b = step.accumulate %dw into %a : tensor<4x4xf32>
  return %dx, %b : tensor<?x4xf32>, tensor<4x4xf32>
}
func.func private @frozen_grad(%d: tensor<?x4xf32>, %x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %dx = step.linear %d, %w transposed : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %dx : tensor<?x4xf32>
}
func.func @train_grad(%x: tensor<?x4xf32> {step.attribute = "x"}, %in: tensor<3x?x4xf32> {step.attribute = "in"},
                      %w: tensor<3x4x4xf32> {step.parameter = "w"}, %sum: tensor<3x4x4xf32> {step.gradient = "w"})
    -> (tensor<?x4xf32> {step.result = "y"}, tensor<3x4x4xf32> {step.gradient = "w"}) {
  %a, %da = step.layers_grad @layer_grad(%x) inputs(%in) shared() weights(%w) into(%sum) saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x4x4xf32>)
  %b, %db = step.layers_grad @layer_grad(%a) inputs(%in) shared() weights(%w) into(%da) saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x4x4xf32>)
  %c = step.layers_grad @frozen_grad(%b) inputs(%in) shared() weights(%w) into() saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>) -> tensor<?x4xf32>
  return %c, %db : tensor<?x4xf32>, tensor<3x4x4xf32>
}

// -----

func.func @nll(%segments: tensor<?xi32> {step.column = #step.column<segments>}) -> (tensor<?xi32> {step.result = "x"}) {
  // expected-error@below {{returns as result 0 what no kernel makes}}
  return %segments : tensor<?xi32>
}

// -----

func.func @train_grad(%a: tensor<2xf32> {step.gradient = "w"}) -> (tensor<2xf32> {step.gradient = "w"}) {
  // expected-error@below {{is returned or read, and not one number everywhere}}
  %g = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %b = step.accumulate %g into %a : tensor<2xf32>
  return %b : tensor<2xf32>
}

// -----

func.func @train_grad(%g: tensor<2xf32> {step.parameter = "a"}, %v: tensor<2xf32> {step.parameter = "w"}) {
  // expected-error@below {{'step.accumulate' op adds to an argument that is no gradient}}
  %b = step.accumulate %g into %v : tensor<2xf32>
  return
}

// -----

// expected-error@below {{'func.func' op returns gradient "w" but not what its argument of that name has come to}}
func.func @train_grad(%v: tensor<2xf32> {step.parameter = "w"}, %a: tensor<2xf32> {step.gradient = "w"})
    -> (tensor<2xf32> {step.gradient = "w"}) {
  return %v : tensor<2xf32>
}

// -----

func.func @train_grad(%v: tensor<f32> {step.attribute = "v"}, %g: tensor<f32> {step.parameter = "w"}) {
  // expected-error@below {{'step.accumulate' op adds to an argument that is no gradient}}
  %b = step.accumulate %g into %v : tensor<f32>
  return
}

// -----

func.func @decode(%x: tensor<?x4xf32> {step.attribute = "x"}, %slots: tensor<?xi32> {step.column = #step.column<slot>},
                  %keys: tensor<3x?x4xf32> {step.cache = "keys"}, %values: tensor<3x?x4xf32> {step.cache = "values"})
    -> (tensor<3x?x4xf32> {step.cache = "values"}, tensor<3x?x4xf32> {step.cache = "keys"}) {
  %y, %in, %k, %v = step.layers @append(%x) shared(%slots) weights(%keys, %values) count 3 save
      : (tensor<?x4xf32>, tensor<?xi32>, tensor<3x?x4xf32>, tensor<3x?x4xf32>)
        -> (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x?x4xf32>, tensor<3x?x4xf32>)
  return %k, %v : tensor<3x?x4xf32>, tensor<3x?x4xf32>
}
func.func private @append(%x: tensor<?x4xf32>, %slots: tensor<?xi32>, %keys: tensor<?x4xf32>, %values: tensor<?x4xf32>)
    -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  // expected-error@below {{'step.append' op is not returned as the cache that it appends to}}
  %k = step.append %keys, %x, %slots : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  %v = step.append %values, %x, %slots : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %x, %k, %v : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

func.func @update(%p: tensor<4x8xf32> {step.parameter = "a"}, %g: tensor<4x8xf32> {step.gradient = "a"},
                  %m: tensor<4x8xf32> {step.state = "a.first"}, %v: tensor<4x8xf32> {step.state = "a.second"},
                  %r: tensor<f32> {step.attribute = "rate"}) -> (tensor<f32> {step.result = "norm"}) {
  // expected-error@below {{'step.adamw' op updates in place what is read after it}}
  %0:3 = step.adamw %p, %g, %m, %v rate %r corrections %r, %r {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  // expected-note@below {{read here}}
  %n = step.global_norm %p : (tensor<4x8xf32>) -> tensor<f32>
  return %n : tensor<f32>
}

// -----

// A list that the runtime makes is no attribute of the recipe's, though it be called so.
func.func @nll(%l: tensor<?xi32> {step.attribute = "attention.queries"}, %q: tensor<?x8xf32> {step.attribute = "q"},
               %s: tensor<?xi32> {step.column = #step.column<segments>}) -> (tensor<?x8xf32> {step.result = "x"}) {
  // expected-error@below {{reads the list 'attention.queries', which is the name of an argument, too}}
  %o, %lse = step.attention %q, %q, %q, %s {heads = 2, key_value_heads = 2, scale = 0.5}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x2xf32>)
  return %o : tensor<?x8xf32>
}
