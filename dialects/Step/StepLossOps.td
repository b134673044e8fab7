//===- StepLossOps.td - the loss of a stream's labels ---------------------===//
//
// Where the recipe's formula and weight stand, and what scoring has of them.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPLOSSOPS_TD
#define DIALECTS_STEP_STEPLOSSOPS_TD

include "dialects/Step/StepOps.td"

def Step_CrossEntropyOp : Step_DifferentiableOp<"cross_entropy",
    [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">, AttrSizedOperandSegments,
     AllTypesMatch<["nll", "logsumexp", "weights"]>]> {
  let summary = "the recipe's weighted loss of the next token";
  let description = [{
    With `z[t, v] = scale * (sum over c of hidden[t, c] * vocabulary[v, c] + bias[v])`, which is never
    stored whole (`scale`: 1 unless it says; with `softcap`, `softcap * tanh(z / softcap)` of that),
    and for the tokens whose label is not -1:

    ```
    logsumexp[t] = log(sum over v of exp(z[t, v]))
    nll[t]       = logsumexp[t] - z[t, labels[t]]
    weights[t]   = weight(nll[t], logsumexp[t], inputs[t] …)
    loss         = sum over t of weights[t] * formula(nll[t], logsumexp[t])
    ```

    A token without a label has nll, logsumexp and weight 0, adds exactly 0 to the loss and has
    gradient exactly 0, whatever its inputs. Both regions hold operations of `arith` and `math` only
    and end in `step.yield`. That of the formula is in the accumulation type. That of the weight is
    in f64 whatever the accumulation type, so that it has the plan's value, and no comparison in it
    falls another way than on the plan; its result is rounded once. Inputs are known before the
    launch: a scalar of the step, or a column. The weight is not differentiated.

    With `teacher`, the hidden states and vocabulary of another model on the same tokens, of as many
    words, the formula's third argument is how far the two predictions are apart:

    ```
    y[t, v]       = sum over c of teacher[t, c] * teacher_vocabulary[v, c]
    q[t, v]       = exp(y[t, v]) / sum over u of exp(y[t, u])
    divergence[t] = sum over v of q[t, v] * log(q[t, v] / p[t, v]),  p[t, v] = exp(z[t, v] - logsumexp[t])
    ```

    The teacher has no gradient: what it is given is taken as it is.

    ```mlir
    %loss, %nll, %lse, %weights = step.cross_entropy %hidden, %table, %labels formula {
    ^bb0(%n: f32, %l: f32):
      step.yield %n : f32
    } weight(%targets) {
    ^bb0(%n: f64, %l: f64, %targets: f64):
      %one = arith.constant 1.0 : f64
      %w = arith.divf %one, %targets : f64
      step.yield %w : f64
    } : (tensor<?x64xf32>, tensor<512x64xf32>, tensor<?xi32>, tensor<f64>)
        -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
    ```
  }];
  let arguments = (ins Step_Stream:$hidden, Step_Matrix:$vocabulary, Optional<Step_Values>:$bias,
                       Step_Indexes:$labels, Optional<Step_Stream>:$teacher,
                       Optional<Step_Matrix>:$teacher_vocabulary, Variadic<Step_Input>:$inputs,
                       OptionalAttr<F64Attr>:$scale, OptionalAttr<F64Attr>:$softcap);
  let results = (outs Step_Scalar:$loss, Step_Values:$nll, Step_Values:$logsumexp,
                      Step_Values:$weights);
  let regions = (region SizedRegion<1>:$formula, SizedRegion<1>:$weight);
  let assemblyFormat = [{
    $hidden `,` $vocabulary (`bias` $bias^)? `,` $labels (`teacher` $teacher^ `,` $teacher_vocabulary)?
    `formula` $formula `weight` `(` $inputs `)` $weight attr-dict `:` functional-type(operands, results)
  }];
}

def Step_NLLOp : Step_DifferentiableOp<"nll", [AllTypesMatch<["nll", "logsumexp"]>]> {
  let summary = "the negative log-likelihood of every label";
  let description = [{
    `nll` and `logsumexp` as `step.cross_entropy` defines them: scoring, and half of a loss of answers.
    What its `nll` is owed becomes the weights of a cross entropy's gradient.

    ```mlir
    %nll, %lse = step.nll %hidden, %table, %labels
        : (tensor<?x64xf32>, tensor<512x64xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xf32>)
    ```
  }];
  let arguments = (ins Step_Stream:$hidden, Step_Matrix:$vocabulary, Optional<Step_Values>:$bias,
                       Step_Indexes:$labels, OptionalAttr<F64Attr>:$scale,
                       OptionalAttr<F64Attr>:$softcap);
  let results = (outs Step_Values:$nll, Step_Values:$logsumexp);
  let assemblyFormat = [{
    $hidden `,` $vocabulary (`bias` $bias^)? `,` $labels attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Step_YieldOp : Step_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the values of a formula";
  let description = [{
    Ends the regions of `step.cross_entropy` with a loss and a weight, that of `step.pair_loss` with a
    loss, and those of their gradients with the two derivatives.
  }];
  let arguments = (ins Variadic<AnyFloat>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ /* no values */ }]>];
}

#endif // DIALECTS_STEP_STEPLOSSOPS_TD
