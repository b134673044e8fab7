//===- StepPairOps.td - the loss of pairs of answers ----------------------===//
//
// A preference is a function of two sums, each over all targets of an answer, so it
// takes two passes: sums first, and from their slopes what each target weighs.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPPAIROPS_TD
#define DIALECTS_STEP_STEPPAIROPS_TD

include "dialects/Step/StepOps.td"
include "dialects/Step/StepGradientOps.td"

def Step_AnswerLogPOp : Step_DifferentiableOp<"answer_logp"> {
  let summary = "how likely whole answers are";
  let description = [{
    `result[a] = - sum of nll[t] over the targets begins[a] <= t < ends[a]`: the logarithm of the
    probability of answer a, in the order of its targets. `answers` lists, for each target, the answer
    that it belongs to, which the gradient reads. An answer without targets has 0.

    ```mlir
    %logp = step.answer_logp %nll, %begins, %ends of %answers
        : (tensor<?xf32, #step.rows<targets>>, tensor<?xi32, #step.rows<answers>>,
           tensor<?xi32, #step.rows<answers>>, tensor<?xi32, #step.rows<targets>>)
        -> tensor<?xf32, #step.rows<answers>>
    ```
  }];
  let arguments = (ins Step_Values:$nll, Step_Indexes:$begins, Step_Indexes:$ends,
                       Step_Indexes:$answers);
  let results = (outs Step_Values:$result);
  let assemblyFormat = [{
    $nll `,` $begins `,` $ends `of` $answers attr-dict `:` functional-type(operands, results)
  }];
}

def Step_AnswerLogPGradOp : Step_GradientOp<"answer_logp_grad"> {
  let summary = "gradient of the likelihood of answers";
  let description = [{
    `result[t] = -gradient[answers[t]]`.
  }];
  let arguments = (ins Step_Values:$gradient, Step_Indexes:$answers);
  let results = (outs Step_Values:$result);
  let assemblyFormat = "$gradient `,` $answers attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_PairLossOp : Step_DifferentiableOp<"pair_loss",
    [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "the recipe's weighted loss of pairs of answers";
  let description = [{
    Of pair p the chosen answer is row 2p of `logp` and the rejected one row 2p + 1:

    ```
    loss = sum over p of formula(logp[2p], logp[2p + 1], inputs[p] ...)
    ```

    The region holds operations of `arith` and `math` only, in f64 whatever the accumulation type: what
    a preference hangs on is a small difference of large sums. Inputs are known before the launch: a
    scalar of the step, or a column with a row for each pair. The weight is a factor of the formula.

    ```mlir
    %loss = step.pair_loss %logp(%pairs) formula {
    ^bb0(%chosen: f64, %rejected: f64, %pairs: f64):
      %apart = arith.subf %rejected, %chosen : f64
      %loss = arith.divf %apart, %pairs : f64
      step.yield %loss : f64
    } : (tensor<?xf32, #step.rows<answers>>, tensor<f64>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Step_Values:$logp, Variadic<Step_Input>:$inputs);
  let results = (outs Step_Scalar:$loss);
  let regions = (region SizedRegion<1>:$formula);
  let assemblyFormat = [{
    $logp `(` $inputs `)` `formula` $formula attr-dict `:` functional-type(operands, results)
  }];
}

def Step_PairLossGradOp : Step_GradientOp<"pair_loss_grad",
    [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "gradient of the loss of pairs of answers";
  let description = [{
    The region gives, for a pair, the two partial derivatives (a, b) of the formula with respect to the
    chosen and the rejected answer: `result[2p] = gradient * a` and `result[2p + 1] = gradient * b`.
    step-grad derives it from the formula of `step.pair_loss`.
  }];
  let arguments = (ins Step_Scalar:$gradient, Step_Values:$logp, Variadic<Step_Input>:$inputs);
  let results = (outs Step_Values:$result);
  let regions = (region SizedRegion<1>:$derivative);
  let assemblyFormat = [{
    $gradient `,` $logp `(` $inputs `)` $derivative attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_STEP_STEPPAIROPS_TD
