// RUN: roux-opt %s -verify-roundtrip | FileCheck %s

// Every operation prints what it parsed; the forms with optional parts stand side by side.

// CHECK-LABEL: func private @layer(
func.func private @layer(%x: tensor<?x64xf32>, %cos: tensor<?x4xf32>, %sin: tensor<?x4xf32>,
                         %segments: tensor<?xi32>, %norm: tensor<64xf32>, %w: tensor<64x64xf32>,
                         %kv: tensor<32x64xf32>) -> tensor<?x64xf32> {
  // CHECK: step.rms_norm %{{.*}}, %{{.*}} {epsilon = 1.000000e-05 : f64}
  %n = step.rms_norm %x, %norm {epsilon = 1.0e-5} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  // CHECK: step.linear %{{.*}}, %{{.*}} : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
  %p = step.linear %n, %w : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
  %k = step.linear %n, %kv : (tensor<?x64xf32>, tensor<32x64xf32>) -> tensor<?x32xf32>
  // CHECK: step.rope interleaved %{{.*}}, %{{.*}}, %{{.*}} inverse :
  %q = step.rope interleaved %p, %cos, %sin inverse : (tensor<?x64xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x64xf32>
  // CHECK: step.attention {{.*}}window = 16 : i64
  %o, %lse = step.attention %q, %k, %k, %segments {heads = 8, key_value_heads = 4, scale = 0.35, window = 16}
      : (tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x8xf32>)
  // CHECK: step.linear_add %{{.*}}, %{{.*}} to %{{.*}} bias %{{.*}} transposed : (
  %a = step.linear_add %k, %kv to %n bias %norm transposed
      : (tensor<?x32xf32>, tensor<32x64xf32>, tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  // CHECK: step.add %{{.*}}, %{{.*}} : tensor<?x64xf32>
  %y = step.add %x, %o : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func @train(
// CHECK-SAME:    {step.column = #step.column<token>}
// CHECK-SAME:    {step.parameter = "table"}
func.func @train(%tokens: tensor<?xi32> {step.column = #step.column<token>},
                 %labels: tensor<?xi32> {step.column = #step.column<label>},
                 %positions: tensor<?xi32> {step.column = #step.column<position>},
                 %segments: tensor<?xi32> {step.column = #step.column<segments>},
                 %progress: tensor<f64> {step.attribute = "weight.step.progress"},
                 %targets: tensor<?xf64> {step.attribute = "weight.sequence.targets"},
                 %table: tensor<512x64xf32> {step.parameter = "table"},
                 %norm: tensor<5x64xf32>, %w: tensor<5x64x64xf32>, %kv: tensor<5x32x64xf32>)
    -> (tensor<f32>, tensor<?xf32>) {
  // CHECK: step.embedding
  %x = step.embedding %tokens, %table : (tensor<?xi32>, tensor<512x64xf32>) -> tensor<?x64xf32>
  // CHECK: step.rotation %{{.*}} {frequencies = array<f64: 1.000000e+00, 1.000000e-01, 1.000000e-02, 1.000000e-03>
  %cos, %sin = step.rotation %positions {frequencies = array<f64: 1.0, 0.1, 0.01, 0.001>, scale = 1.0}
      : (tensor<?xi32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
  // CHECK: step.layers @layer(%{{.*}}) shared(%{{.*}}, %{{.*}}, %{{.*}}) weights(%{{.*}}, %{{.*}}, %{{.*}}) count 5 save
  %y, %inputs = step.layers @layer(%x) shared(%cos, %sin, %segments) weights(%norm, %w, %kv) count 5 save
      : (tensor<?x64xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<5x64xf32>, tensor<5x64x64xf32>, tensor<5x32x64xf32>)
      -> (tensor<?x64xf32>, tensor<5x?x64xf32>)
  // CHECK: step.cross_entropy %{{.*}}, %{{.*}}, %{{.*}} formula {
  // CHECK: } weight(%{{.*}}, %{{.*}}) {
  // CHECK-NEXT: ^bb0(%{{.*}}: f64, %{{.*}}: f64, %{{.*}}: f64, %{{.*}}: f64):
  %loss, %nll, %lse, %weights = step.cross_entropy %y, %table, %labels formula {
  ^bb0(%n: f32, %l: f32):
    %z = arith.mulf %n, %l : f32
    step.yield %z : f32
  } weight(%progress, %targets) {
  ^bb0(%n: f64, %l: f64, %p: f64, %t: f64):
    %z = arith.divf %p, %t : f64
    step.yield %z : f64
  } : (tensor<?x64xf32>, tensor<512x64xf32>, tensor<?xi32>, tensor<f64>, tensor<?xf64>)
      -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  // CHECK: step.nll
  %n2, %l2 = step.nll %y, %table, %labels : (tensor<?x64xf32>, tensor<512x64xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xf32>)
  return %loss, %nll : tensor<f32>, tensor<?xf32>
}

// CHECK-LABEL: func @gpt2_pieces(
func.func @gpt2_pieces(%x: tensor<?x32xbf16>, %w: tensor<32x96xf32>, %b: tensor<96xf32>, %n: tensor<32xf32>) -> tensor<?x96xbf16> {
  // CHECK: step.cast
  %c = step.cast %w : (tensor<32x96xf32>) -> tensor<32x96xbf16>
  // CHECK: step.layer_norm
  %y = step.layer_norm %x, %n, %n {epsilon = 1.0e-5} : (tensor<?x32xbf16>, tensor<32xf32>, tensor<32xf32>) -> tensor<?x32xbf16>
  // CHECK: step.layer_norm %{{.*}}, %{{.*}} {epsilon = 1.000000e-05 : f64} : (tensor<?x32xbf16>, tensor<32xf32>) -> tensor<?x32xbf16>
  %gain_only = step.layer_norm %x, %n {epsilon = 1.0e-5} : (tensor<?x32xbf16>, tensor<32xf32>) -> tensor<?x32xbf16>
  // CHECK: step.linear %{{.*}}, %{{.*}} bias %{{.*}} transposed :
  %a = step.linear %y, %c bias %b transposed : (tensor<?x32xbf16>, tensor<32x96xbf16>, tensor<96xf32>) -> tensor<?x96xbf16>
  // CHECK: step.activation gelu_tanh
  %g = step.activation gelu_tanh %a : (tensor<?x96xbf16>) -> tensor<?x96xbf16>
  // CHECK: step.gate silu
  %u = step.gate silu %g, %a : (tensor<?x96xbf16>, tensor<?x96xbf16>) -> tensor<?x96xbf16>
  // CHECK: step.split
  %p:3 = step.split %u : (tensor<?x96xbf16>) -> (tensor<?x32xbf16>, tensor<?x32xbf16>, tensor<?x32xbf16>)
  // CHECK: step.concat
  %r = step.concat %p#0, %p#1, %p#2 : (tensor<?x32xbf16>, tensor<?x32xbf16>, tensor<?x32xbf16>) -> tensor<?x96xbf16>
  return %r : tensor<?x96xbf16>
}

// CHECK-LABEL: func @update(
func.func @update(%p: tensor<5x64xf32>, %g: tensor<5x64xf32>, %m: tensor<5x64xf32>, %v: tensor<5x64xf32>, %h: tensor<5x64xbf16>, %i: tensor<5x64xbf16>,
                  %rate: tensor<f32>, %c1: tensor<f32>, %c2: tensor<f32>) -> tensor<5x64xf32> {
  // CHECK: step.global_norm
  %norm = step.global_norm %g : (tensor<5x64xf32>) -> tensor<f32>
  // CHECK: step.clip_factor %{{.*}} {limit = 1.000000e+00 : f64} : tensor<f32>
  %factor = step.clip_factor %norm {limit = 1.0} : tensor<f32>
  // CHECK: step.adamw {{.*}} rate %{{.*}} corrections %{{.*}}, %{{.*}} factor %{{.*}} {
  %q, %m1, %v1 = step.adamw %p, %g, %m, %v rate %rate corrections %c1, %c2 factor %factor
      {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1}
      : (tensor<5x64xf32>, tensor<5x64xf32>, tensor<5x64xf32>, tensor<5x64xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
      -> (tensor<5x64xf32>, tensor<5x64xf32>, tensor<5x64xf32>)
  // CHECK: step.adamw {{.*}} share = 5.000000e-01 : f64} : (tensor<5x64xf32>, tensor<5x64xf32>, tensor<5x64xbf16>, tensor<5x64xbf16>
  %r, %m2, %v2 = step.adamw %q, %g, %h, %i rate %rate corrections %c1, %c2
      {beta1 = 0.9, beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1, share = 0.5}
      : (tensor<5x64xf32>, tensor<5x64xf32>, tensor<5x64xbf16>, tensor<5x64xbf16>, tensor<f32>, tensor<f32>, tensor<f32>)
      -> (tensor<5x64xf32>, tensor<5x64xbf16>, tensor<5x64xbf16>)
  // CHECK: step.muon {{.*}} rate %{{.*}} factor %{{.*}} nesterov {
  %s, %m3 = step.muon %r, %g, %m2 rate %rate factor %factor nesterov {momentum = 0.95, decay = 0.1, share = 1.0, length = 2.0}
      : (tensor<5x64xf32>, tensor<5x64xf32>, tensor<5x64xbf16>, tensor<f32>, tensor<f32>) -> (tensor<5x64xf32>, tensor<5x64xbf16>)
  return %s : tensor<5x64xf32>
}

// CHECK-LABEL: func @left_out(
func.func @left_out(%x: tensor<?x64xbf16>, %noise: tensor<?xi32> {step.column = #step.column<noise>},
                    %layer: tensor<1xf32>) -> tensor<?x64xbf16> {
  // CHECK: step.dropout %{{.*}}, %{{.*}}, %{{.*}} {salt = 3 : i64, share = 5.000000e-02 : f64}
  %y = step.dropout %x, %noise, %layer {share = 0.05, salt = 3} : (tensor<?x64xbf16>, tensor<?xi32>, tensor<1xf32>) -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}

// CHECK-LABEL: func @going_on(
func.func @going_on(%q: tensor<?x64xbf16>, %k: tensor<?x32xbf16>, %first: tensor<?xi32> {step.column = #step.column<first>},
                    %slots: tensor<?xi32> {step.column = #step.column<slot>}, %last: tensor<?xi32, #step.rows<sequences>> {step.column = #step.column<last>},
                    %cache: tensor<?x32xbf16>) -> (tensor<?x64xbf16>, tensor<?x32xbf16>) {
  // CHECK: step.append
  %c = step.append %cache, %k, %slots : (tensor<?x32xbf16>, tensor<?x32xbf16>, tensor<?xi32>) -> tensor<?x32xbf16>
  // CHECK: step.cached_attention single
  %o = step.cached_attention single %q, %c, %c, %first, %slots {heads = 8, key_value_heads = 4, scale = 0.35, window = 100}
      : (tensor<?x64xbf16>, tensor<?x32xbf16>, tensor<?x32xbf16>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x64xbf16>
  // CHECK: step.pick_rows
  %p = step.pick_rows %o, %last : (tensor<?x64xbf16>, tensor<?xi32, #step.rows<sequences>>) -> tensor<?x64xbf16, #step.rows<sequences>>
  // CHECK: step.expand_rows
  %e = step.expand_rows %p, %last : (tensor<?x64xbf16, #step.rows<sequences>>, tensor<?xi32, #step.rows<sequences>>) -> tensor<?x64xbf16>
  return %e, %c : tensor<?x64xbf16>, tensor<?x32xbf16>
}

// What some families have and others have not.
// CHECK-LABEL: func @families(
func.func @families(%x: tensor<?x64xf32>, %positions: tensor<?xi32>, %lengths: tensor<?xi32>,
                    %segments: tensor<?xi32>, %gain: tensor<64xf32>, %table: tensor<9x64xf32>,
                    %bias: tensor<9xf32>) -> tensor<?x64xf32> {
  // CHECK: step.embedding {{.*}} {offset = 2 : i64}
  %e = step.embedding %positions, %table {offset = 2} : (tensor<?xi32>, tensor<9x64xf32>) -> tensor<?x64xf32>
  // CHECK: step.scale {{.*}} {factor = 8.000000e+00 : f64}
  %s = step.scale %e {factor = 8.0} : (tensor<?x64xf32>) -> tensor<?x64xf32>
  // CHECK: step.rms_norm {{.*}} {around_one, epsilon
  %n = step.rms_norm %s, %gain {epsilon = 1.0e-6, around_one} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  // CHECK: step.rotation %{{.*}} of %{{.*}} {beyond = array<f64: 2.500000e-01>
  %c, %d = step.rotation %positions of %lengths {frequencies = array<f64: 1.0>, scale = 1.0, limit = 40, beyond = array<f64: 0.25>}
      : (tensor<?xi32>, tensor<?xi32>) -> (tensor<?x1xf32>, tensor<?x1xf32>)
  // CHECK: step.rope half {{.*}} {head_channels = 8 : i64}
  %q = step.rope half %n, %c, %d {head_channels = 8} : (tensor<?x64xf32>, tensor<?x1xf32>, tensor<?x1xf32>) -> tensor<?x64xf32>
  // CHECK: step.attention {{.*}}softcap = 5.000000e+01 : f64
  %o, %l = step.attention %q, %q, %q, %segments {heads = 8, key_value_heads = 8, scale = 0.35, softcap = 50.0}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x8xf32>)
  // CHECK: step.split {{.*}} {groups = 8 : i64}
  %a, %b = step.split %o {groups = 8} : (tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>)
  // CHECK: step.nll %{{.*}}, %{{.*}} bias %{{.*}}, %{{.*}} {scale = 5.000000e-01 : f64, softcap = 3.000000e+01 : f64}
  %nll, %lse = step.nll %o, %table bias %bias, %positions {scale = 0.5, softcap = 30.0}
      : (tensor<?x64xf32>, tensor<9x64xf32>, tensor<9xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xf32>)
  // CHECK: step.layers [@local, @local, @global]({{.*}}) shared() weights() count 7 save again 2 :
  %y, %in = step.layers [@local, @local, @global](%o) shared() weights() count 7 save again 2
      : (tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<7x?x64xf32>)
  // CHECK: step.softcap {{.*}} {cap = 3.000000e+01 : f64}
  %z = step.softcap %y {cap = 30.0} : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}
func.func private @local(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}
func.func private @global(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}

// CHECK-LABEL: func @pairs(
func.func @pairs(%nll: tensor<?xf32, #step.rows<targets>>, %answers: tensor<?xi32, #step.rows<targets>>,
                 %begins: tensor<?xi32, #step.rows<answers>>, %ends: tensor<?xi32, #step.rows<answers>>,
                 %one: tensor<f32>, %count: tensor<f64>, %lengths: tensor<?xf64, #step.rows<pairs>>)
    -> tensor<?xf32, #step.rows<targets>> {
  // CHECK: %[[LOGP:.*]] = step.answer_logp %{{.*}}, %{{.*}}, %{{.*}} of %{{.*}}
  %logp = step.answer_logp %nll, %begins, %ends of %answers
      : (tensor<?xf32, #step.rows<targets>>, tensor<?xi32, #step.rows<answers>>,
         tensor<?xi32, #step.rows<answers>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xf32, #step.rows<answers>>
  // CHECK: step.pair_loss %[[LOGP]](%{{.*}}, %{{.*}}) formula
  %loss = step.pair_loss %logp(%count, %lengths) formula {
  ^bb0(%chosen: f64, %rejected: f64, %n: f64, %length: f64):
    %apart = arith.subf %rejected, %chosen : f64
    %each = arith.divf %apart, %length : f64
    %l = arith.divf %each, %n : f64
    step.yield %l : f64
  } : (tensor<?xf32, #step.rows<answers>>, tensor<f64>, tensor<?xf64, #step.rows<pairs>>) -> tensor<f32>
  // CHECK: %[[SLOPES:.*]] = step.pair_loss_grad %{{.*}}, %[[LOGP]](%{{.*}}, %{{.*}})
  %slopes = step.pair_loss_grad %one, %logp(%count, %lengths) {
  ^bb0(%chosen: f64, %rejected: f64, %n: f64, %length: f64):
    %slope = arith.divf %n, %length : f64
    %other = arith.negf %slope : f64
    step.yield %slope, %other : f64, f64
  } : (tensor<f32>, tensor<?xf32, #step.rows<answers>>, tensor<f64>, tensor<?xf64, #step.rows<pairs>>)
      -> tensor<?xf32, #step.rows<answers>>
  // CHECK: step.answer_logp_grad %[[SLOPES]], %{{.*}}
  %g = step.answer_logp_grad %slopes, %answers
      : (tensor<?xf32, #step.rows<answers>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xf32, #step.rows<targets>>
  return %g : tensor<?xf32, #step.rows<targets>>
}

// A sum in place is one value after another of the same storage.
// CHECK-LABEL: func @sums(
// CHECK-SAME:    %[[G:[^:]*]]: tensor<4xf32>, %[[A:[^:]*]]: tensor<4xf32>)
// CHECK-NEXT:    %[[B:.*]] = step.accumulate %[[G]] into %[[A]] : tensor<4xf32>
// CHECK-NEXT:    step.accumulate %[[G]] into %[[B]] : tensor<4xf32>
func.func @sums(%g: tensor<4xf32>, %a: tensor<4xf32>) -> tensor<4xf32> {
  %b = step.accumulate %g into %a : tensor<4xf32>
  %c = step.accumulate %g into %b : tensor<4xf32>
  return %c : tensor<4xf32>
}
