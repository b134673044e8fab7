// RUN: roux-opt %s -split-input-file -step-grad | FileCheck %s
// RUN: roux-opt %s -split-input-file -step-grad="entry=other" -verify-diagnostics 2>&1 | FileCheck %s --check-prefix=OTHER

// A layer that is recomputed: its gradient starts with a copy of what it needs, and nothing else.
// CHECK-LABEL: func private @layer_grad(
// CHECK-SAME:    %[[D:[^:]*]]: tensor<?x4xf32>, %[[X:[^:]*]]: tensor<?x4xf32>, %[[W:[^:]*]]: tensor<4x4xf32>, %[[A:[^:]*]]: tensor<4x4xf32>
// CHECK-NEXT:    %[[Y:.*]] = step.linear %[[X]], %[[W]] :
// CHECK-NEXT:    %[[DA:.*]] = step.activation_grad silu %[[D]], %[[Y]]
// CHECK-NEXT:    %[[DX:.*]] = step.linear %[[DA]], %[[W]] transposed
// CHECK-NEXT:    %[[SUM:.*]] = step.add %[[D]], %[[DX]]
// CHECK-NEXT:    %[[DW:.*]] = step.linear_grad %[[DA]], %[[X]]
// CHECK-NEXT:    %[[AW:.*]] = step.accumulate %[[DW]] into %[[A]] : tensor<4x4xf32>
// CHECK-NEXT:    return %[[SUM]], %[[AW]]

// The entry runs forwards, then backwards; each gradient of a parameter that is read twice is added to
// the one accumulator, and that of one that is not read is returned as it was given.
// CHECK-LABEL: func @train_grad(
// CHECK-SAME:    %[[T0:[^:]*]]: tensor<5x4xf32> {step.gradient = "table"}, %[[W0:[^:]*]]: tensor<3x4x4xf32> {step.gradient = "w"}, %[[U0:[^:]*]]: tensor<7xf32> {step.gradient = "unread"})
// CHECK-SAME:    -> (tensor<f32>, tensor<5x4xf32> {step.gradient = "table"},
// CHECK-SAME:    tensor<3x4x4xf32> {step.gradient = "w"}, tensor<7xf32> {step.gradient = "unread"})
// CHECK:         %[[Y:.*]], %[[IN:.*]] = step.layers @layer
// CHECK:         %[[DH:.*]], %[[DV:.*]] = step.cross_entropy_grad
// CHECK:         %[[T1:.*]] = step.accumulate %[[DV]] into %[[T0]] : tensor<5x4xf32>
// CHECK:         %{{.*}}, %[[W1:.*]] = step.layers_grad @layer_grad(%[[DH]]) inputs(%[[IN]]) shared() weights(%{{.*}}) into(%[[W0]]) saved() count 3 recompute
// CHECK:         %[[DE:.*]] = step.embedding_grad
// CHECK:         %[[T2:.*]] = step.accumulate %[[DE]] into %[[T1]] : tensor<5x4xf32>
// CHECK:         return %{{.*}}, %[[T2]], %[[W1]], %[[U0]]
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %a = step.activation silu %y : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = step.add %x, %a : tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
func.func @train(%ids: tensor<?xi32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"},
                 %w: tensor<3x4x4xf32> {step.parameter = "w"},
                 %unread: tensor<7xf32> {step.parameter = "unread"}) -> tensor<f32> {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %y, %in = step.layers @layer(%x) shared() weights(%w) count 3 recompute
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
// Another entry is differentiated only where it is named.
// OTHER-LABEL: func @other_grad(
// OTHER-NOT:   @train_grad
func.func @other(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// A layer whose activations are kept returns what its gradient reads, and the entry passes it on.
// CHECK-LABEL: func private @layer_saving(
// CHECK-SAME:    -> (tensor<?x4xf32>, tensor<?x4xf32>)
// CHECK:         %[[Y:.*]] = step.linear
// CHECK:         return %{{.*}}, %[[Y]]
// CHECK-LABEL: func private @layer_backward(
// CHECK-SAME:    %[[D:[^:]*]]: tensor<?x4xf32>, %[[X:[^:]*]]: tensor<?x4xf32>, %[[W:[^:]*]]: tensor<4x4xf32>, %{{[^:]*}}: tensor<4x4xf32>, %[[Y:[^:]*]]: tensor<?x4xf32>
// CHECK-NEXT:    step.activation_grad silu %[[D]], %[[Y]]
// CHECK-LABEL: func @train_grad(
// CHECK:         %{{.*}}, %[[IN:.*]], %[[SAVED:.*]] = step.layers @layer_saving
// CHECK:         step.layers_grad @layer_backward(%{{.*}}) inputs(%[[IN]]) shared() weights(%{{.*}}) into(%{{.*}}) saved(%[[SAVED]]) count 3 save
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %a = step.activation silu %y : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = step.add %x, %a : tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
func.func @train(%ids: tensor<?xi32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"},
                 %w: tensor<3x4x4xf32> {step.parameter = "w"}) -> tensor<f32> {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %y, %in = step.layers @layer(%x) shared() weights(%w) count 3 save
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
func.func @other(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// Of what a gradient reads, what is cheapest a byte is not kept: the activation, not the linear before it.
// CHECK-LABEL: func private @layer_saving(
// CHECK-SAME:    -> (tensor<?x16xf32>, tensor<?x8xf32>)
// CHECK:         %[[UP:.*]] = step.linear %{{.*}}, %{{.*}} : (tensor<?x16xf32>, tensor<8x16xf32>) -> tensor<?x8xf32>
// CHECK:         return %{{.*}}, %[[UP]]
// CHECK-LABEL: func private @layer_backward(
// CHECK-SAME:    %[[D:[^:]*]]: tensor<?x16xf32>, %[[X:[^:]*]]: tensor<?x16xf32>, %[[U:[^:]*]]: tensor<8x16xf32>, %[[V:[^:]*]]: tensor<16x8xf32>, %{{[^:]*}}: tensor<8x16xf32>, %{{[^:]*}}: tensor<16x8xf32>, %[[UP:[^:]*]]: tensor<?x8xf32>
// CHECK-NEXT:    %[[A:.*]] = step.activation silu %[[UP]]
// CHECK-NEXT:    step.linear %[[D]], %[[V]] transposed
// CHECK-NEXT:    step.linear_grad %[[D]], %[[A]]
// CHECK:         step.activation_grad silu %{{.*}}, %[[UP]]
func.func private @layer(%x: tensor<?x16xf32>, %u: tensor<8x16xf32>, %v: tensor<16x8xf32>) -> tensor<?x16xf32> {
  %y = step.linear %x, %u : (tensor<?x16xf32>, tensor<8x16xf32>) -> tensor<?x8xf32>
  %a = step.activation silu %y : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %o = step.linear %a, %v : (tensor<?x8xf32>, tensor<16x8xf32>) -> tensor<?x16xf32>
  %z = step.add %x, %o : tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}
func.func @train(%ids: tensor<?xi32>, %labels: tensor<?xi32>,
                 %table: tensor<5x16xf32> {step.parameter = "table"},
                 %u: tensor<3x8x16xf32> {step.parameter = "u"},
                 %v: tensor<3x16x8xf32> {step.parameter = "v"}) -> tensor<f32> {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x16xf32>) -> tensor<?x16xf32>
  %y, %in = step.layers @layer(%x) shared() weights(%u, %v) count 3 save again 1
      : (tensor<?x16xf32>, tensor<3x8x16xf32>, tensor<3x16x8xf32>) -> (tensor<?x16xf32>, tensor<3x?x16xf32>)
  %loss, %nll, %lse, %weights = step.cross_entropy %y, %table, %labels formula {
  ^bb0(%n: f32, %l: f32):
    step.yield %n : f32
  } weight() {
  ^bb0(%p: f64, %q: f64):
    %one = arith.constant 1.0 : f64
    step.yield %one : f64
  } : (tensor<?x16xf32>, tensor<5x16xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %loss : tensor<f32>
}
func.func @other(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// Layers of one call compute in another order; what they keep lies in the first one's.
// CHECK-LABEL: func private @near_saving(
// CHECK-SAME:    -> (tensor<?x4xf32>, tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>)
// CHECK:         %[[WIDE:.*]] = step.linear
// CHECK-NEXT:    %[[OWN:.*]] = step.linear
// CHECK-NEXT:    %[[UP:.*]] = step.activation silu %[[WIDE]]
// CHECK:         return %{{.*}}, %[[WIDE]], %[[OWN]], %[[UP]]
// CHECK-LABEL: func private @far_saving(
// CHECK-SAME:    -> (tensor<?x4xf32>, tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>)
// CHECK:         %[[OWN:.*]] = step.linear
// CHECK-NEXT:    %[[WIDE:.*]] = step.linear
// CHECK-NEXT:    %[[UP:.*]] = step.activation silu %[[WIDE]]
// CHECK:         return %{{.*}}, %[[WIDE]], %[[OWN]], %[[UP]]
func.func private @near(%x: tensor<?x4xf32>, %u: tensor<8x4xf32>, %v: tensor<4x4xf32>, %w: tensor<4x8xf32>) -> tensor<?x4xf32> {
  %p = step.linear %x, %u : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %q = step.linear %x, %v : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %a = step.activation silu %p : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = step.activation silu %q : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %o = step.linear %a, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %z = step.add %o, %b : tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
func.func private @far(%x: tensor<?x4xf32>, %u: tensor<8x4xf32>, %v: tensor<4x4xf32>, %w: tensor<4x8xf32>) -> tensor<?x4xf32> {
  %q = step.linear %x, %v : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %p = step.linear %x, %u : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %a = step.activation silu %p : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = step.activation silu %q : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %o = step.linear %a, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %z = step.add %o, %b : tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
func.func @train(%ids: tensor<?xi32>, %labels: tensor<?xi32>,
                 %table: tensor<5x4xf32> {step.parameter = "table"},
                 %u: tensor<2x8x4xf32> {step.parameter = "u"},
                 %v: tensor<2x4x4xf32> {step.parameter = "v"},
                 %w: tensor<2x4x8xf32> {step.parameter = "w"}) -> tensor<f32> {
  %x = step.embedding %ids, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %y, %in = step.layers [@near, @far](%x) shared() weights(%u, %v, %w) count 2 save
      : (tensor<?x4xf32>, tensor<2x8x4xf32>, tensor<2x4x4xf32>, tensor<2x4x8xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
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
func.func @other(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// A pair's loss is a function of two sums: their slopes come first, then what each target weighs.
// CHECK-LABEL: func @train_grad(
// CHECK:         %[[NLL:.*]], %[[LSE:.*]] = step.nll
// CHECK:         %[[LOGP:.*]] = step.answer_logp %[[NLL]]
// CHECK:         step.pair_loss %[[LOGP]]()
// CHECK:         %[[SLOPES:.*]] = step.pair_loss_grad %{{.*}}, %[[LOGP]]() {
// CHECK:           step.yield %{{.*}}, %{{.*}} : f64, f64
// CHECK:         %[[WEIGHTS:.*]] = step.answer_logp_grad %[[SLOPES]]
// CHECK:         step.cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[WEIGHTS]], %[[NLL]], %[[LSE]]
func.func @train(%hidden: tensor<?x4xf32, #step.rows<targets>>, %labels: tensor<?xi32, #step.rows<targets>>,
                 %answers: tensor<?xi32, #step.rows<targets>>, %begins: tensor<?xi32, #step.rows<answers>>,
                 %ends: tensor<?xi32, #step.rows<answers>>,
                 %table: tensor<5x4xf32> {step.parameter = "table"}) -> tensor<f32> {
  %nll, %lse = step.nll %hidden, %table, %labels
      : (tensor<?x4xf32, #step.rows<targets>>, tensor<5x4xf32>, tensor<?xi32, #step.rows<targets>>)
      -> (tensor<?xf32, #step.rows<targets>>, tensor<?xf32, #step.rows<targets>>)
  %logp = step.answer_logp %nll, %begins, %ends of %answers
      : (tensor<?xf32, #step.rows<targets>>, tensor<?xi32, #step.rows<answers>>,
         tensor<?xi32, #step.rows<answers>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xf32, #step.rows<answers>>
  %loss = step.pair_loss %logp() formula {
  ^bb0(%chosen: f64, %rejected: f64):
    %apart = arith.subf %rejected, %chosen : f64
    %squared = arith.mulf %apart, %apart : f64
    step.yield %squared : f64
  } : (tensor<?xf32, #step.rows<answers>>) -> tensor<f32>
  return %loss : tensor<f32>
}
func.func @other(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// Two uses of a weight are two sums into its accumulator, in the layer and, of the rounded copy, in the
// entry: never a sum that would have to lie somewhere first.
// CHECK-LABEL: func private @layer_grad(
// CHECK-SAME:    %[[A0:[^:]*]]: tensor<4x4xf32>) -> (tensor<?x4xbf16>, tensor<4x4xf32>)
// CHECK-NOT:     step.add
// CHECK:         %[[FIRST:.*]] = step.linear_grad
// CHECK:         %[[A1:.*]] = step.accumulate %[[FIRST]] into %[[A0]]
// CHECK:         %[[SECOND:.*]] = step.linear_grad
// CHECK:         %[[A2:.*]] = step.accumulate %[[SECOND]] into %[[A1]]
// CHECK-NOT:     step.add
// CHECK:         return %{{.*}}, %[[A2]]
// CHECK-LABEL: func @train_grad(
// CHECK-SAME:    %[[B0:[^:]*]]: tensor<3x4x4xf32> {step.gradient = "w"})
// CHECK:         %{{.*}}, %[[B1:.*]] = step.layers_grad {{.*}} into(%[[B0]])
// CHECK:         %{{.*}}, %[[B2:.*]] = step.layers_grad {{.*}} into(%[[B1]])
// CHECK:         return %{{.*}}, %[[B2]]
func.func private @layer(%x: tensor<?x4xbf16>, %w: tensor<4x4xbf16>) -> tensor<?x4xbf16> {
  %y = step.linear %x, %w : (tensor<?x4xbf16>, tensor<4x4xbf16>) -> tensor<?x4xbf16>
  %z = step.linear %y, %w : (tensor<?x4xbf16>, tensor<4x4xbf16>) -> tensor<?x4xbf16>
  return %z : tensor<?x4xbf16>
}
func.func @train(%x: tensor<?x4xbf16>, %labels: tensor<?xi32>, %table: tensor<5x4xbf16>,
                 %w: tensor<3x4x4xf32> {step.parameter = "w"}) -> tensor<f32> {
  %h = step.cast %w : (tensor<3x4x4xf32>) -> tensor<3x4x4xbf16>
  %y, %in = step.layers @layer(%x) shared() weights(%h) count 3 recompute
      : (tensor<?x4xbf16>, tensor<3x4x4xbf16>) -> (tensor<?x4xbf16>, tensor<3x?x4xbf16>)
  %z, %from = step.layers @layer(%y) shared() weights(%h) count 3 recompute
      : (tensor<?x4xbf16>, tensor<3x4x4xbf16>) -> (tensor<?x4xbf16>, tensor<3x?x4xbf16>)
  %loss, %nll, %lse, %weights = step.cross_entropy %z, %table, %labels formula {
  ^bb0(%n: f32, %l: f32):
    step.yield %n : f32
  } weight() {
  ^bb0(%p: f64, %q: f64):
    %one = arith.constant 1.0 : f64
    step.yield %one : f64
  } : (tensor<?x4xbf16>, tensor<5x4xbf16>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %loss : tensor<f32>
}
func.func @other(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
