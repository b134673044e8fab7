// RUN: roux-opt %s -step-grad -convert-step-to-kernel="target=portable" -kernel-verify-program | FileCheck %s

// The loss of pairs: sums of answers and the formula, a row each; then slopes, what each target weighs, and
// the logits once more for their gradient. Of two answers a pair there are two rows of memory a pair.
// CHECK-LABEL: kernel.program @train
// CHECK-DAG:     %[[PAIRS:.*]] = kernel.extent "pairs"
// CHECK-DAG:     arith.muli %[[PAIRS]], %c2
// CHECK:         kernel.launch @nll_5_f32
// CHECK:         kernel.launch @answer_logp_1_f32
// CHECK:         kernel.launch @pair_loss_1_f32[%[[PAIRS]]]
// CHECK:         kernel.launch @pair_slopes_1_f32[%[[PAIRS]]]
// CHECK:         kernel.launch @answer_slopes_1_f32
// CHECK:         kernel.launch @logits_
// CHECK:         kernel.launch @loss_gradient_5_f32
// CHECK-LABEL: kernel.func @answer_logp_1_f32(
// CHECK:         kernel.fold
// CHECK-LABEL: kernel.func @pair_loss_1_f32(
// CHECK:         arith.subf %{{.*}} : f64
func.func @train(%labels: tensor<?xi32> {step.column = #step.column<label>},
                 %target: tensor<?xi32, #step.rows<targets>> {step.column = #step.column<target>},
                 %answers: tensor<?xi32, #step.rows<targets>> {step.column = #step.column<answer>},
                 %begins: tensor<?xi32, #step.rows<answers>> {step.column = #step.column<answer_begin>},
                 %ends: tensor<?xi32, #step.rows<answers>> {step.column = #step.column<answer_end>},
                 %lengths: tensor<?xf64, #step.rows<pairs>> {step.attribute = "weight.lengths"},
                 %tokens: tensor<?xi32> {step.column = #step.column<token>},
                 %table: tensor<5x4xf32> {step.parameter = "table"})
    -> (tensor<f32> {step.result = "loss"}, tensor<?xf32, #step.rows<answers>> {step.result = "logp"}) {
  %x = step.embedding %tokens, %table : (tensor<?xi32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  %some = step.pick_rows %x, %target : (tensor<?x4xf32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x4xf32, #step.rows<targets>>
  %wanted = step.pick_rows %labels, %target : (tensor<?xi32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xi32, #step.rows<targets>>
  %nll, %lse = step.nll %some, %table, %wanted
      : (tensor<?x4xf32, #step.rows<targets>>, tensor<5x4xf32>, tensor<?xi32, #step.rows<targets>>)
      -> (tensor<?xf32, #step.rows<targets>>, tensor<?xf32, #step.rows<targets>>)
  %logp = step.answer_logp %nll, %begins, %ends of %answers
      : (tensor<?xf32, #step.rows<targets>>, tensor<?xi32, #step.rows<answers>>,
         tensor<?xi32, #step.rows<answers>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xf32, #step.rows<answers>>
  %loss = step.pair_loss %logp(%lengths) formula {
  ^bb0(%chosen: f64, %rejected: f64, %length: f64):
    %apart = arith.subf %rejected, %chosen : f64
    %each = arith.divf %apart, %length : f64
    %squared = arith.mulf %each, %each : f64
    step.yield %squared : f64
  } : (tensor<?xf32, #step.rows<answers>>, tensor<?xf64, #step.rows<pairs>>) -> tensor<f32>
  return %loss, %logp : tensor<f32>, tensor<?xf32, #step.rows<answers>>
}
