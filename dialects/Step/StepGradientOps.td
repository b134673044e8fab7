//===- StepGradientOps.td - what the gradients of a step compute ----------===//
//
// Only step-grad makes these. Each takes the gradient of a result first, then
// what the forward operation read or computed. Gradients of parameters are in
// the accumulation type and cover the whole micro-batch.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPGRADIENTOPS_TD
#define DIALECTS_STEP_STEPGRADIENTOPS_TD

include "dialects/Step/StepOps.td"

class Step_GradientOp<string mnemonic, list<Trait> traits = []>
    : Step_Op<mnemonic, [Pure] # traits>;

def Step_EmbeddingGradOp : Step_GradientOp<"embedding_grad"> {
  let summary = "add every token's gradient to its row of the table";
  let description = [{
    `result[v, c] = sum over the tokens t with indexes[t] + offset = v of gradient[t, c]`, in token
    order.
  }];
  let arguments = (ins Step_Stream:$gradient, Step_Indexes:$indexes,
                       DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs Step_Table:$result);
  let assemblyFormat = "$gradient `,` $indexes attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_RMSNormGradOp : Step_GradientOp<"rms_norm_grad",
    [AllTypesMatch<["gradient", "input", "input_gradient"]>]> {
  let summary = "gradient of rms_norm";
  let description = [{
    With `r = 1 / sqrt(mean of input^2 + epsilon)` over a row (or group) of n channels:

    ```
    input_gradient[t, c]  = r * (gradient[t, c] * weight[c]
                            - input[t, c] * r^2 / n * sum over d of gradient[t, d] * weight[d] * input[t, d])
    weight_gradient[c]    = sum over t (and groups) of gradient[t, c] * input[t, c] * r
    ```

    With `around_one` read `1 + weight`.
  }];
  let arguments = (ins Step_Stream:$gradient, Step_Stream:$input, Step_Row:$weight,
                       F64Attr:$epsilon, DefaultValuedAttr<I64Attr, "1">:$groups,
                       UnitAttr:$around_one);
  let results = (outs Step_Stream:$input_gradient, Step_Values:$weight_gradient);
  let assemblyFormat = "$gradient `,` $input `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_LayerNormGradOp : Step_GradientOp<"layer_norm_grad",
    [AllTypesMatch<["gradient", "input", "input_gradient"]>,
     AllTypesMatch<["weight_gradient", "bias_gradient"]>]> {
  let summary = "gradient of layer_norm";
  let description = [{
    With `x = (input - mean) / sqrt(variance + epsilon)` and `g = gradient * weight` over a row (or
    group) of n channels:

    ```
    input_gradient[t, c]  = (g[t, c] - mean(g) - x[t, c] * mean(g * x)) / sqrt(variance + epsilon)
    weight_gradient[c]    = sum over t (and groups) of gradient[t, c] * x[t, c]
    bias_gradient[c]      = sum over t (and groups) of gradient[t, c]
    ```

    Nobody reads the last where there is no bias.
  }];
  let arguments = (ins Step_Stream:$gradient, Step_Stream:$input, Step_Row:$weight,
                       F64Attr:$epsilon, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Step_Stream:$input_gradient, Step_Values:$weight_gradient,
                      Step_Values:$bias_gradient);
  let assemblyFormat = "$gradient `,` $input `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_LinearGradOp : Step_GradientOp<"linear_grad"> {
  let summary = "gradient of a linear's weight";
  let description = [{
    `result[o, i] = sum over t of gradient[t, o] * input[t, i]`; with `transposed`, `result[i, o]`.
    The gradient of the input is a `step.linear`, that of the bias a `step.sum_rows`.
  }];
  let arguments = (ins Step_Stream:$gradient, Step_Stream:$input, UnitAttr:$transposed);
  let results = (outs Step_Table:$result);
  let assemblyFormat = [{
    $gradient `,` $input (`transposed` $transposed^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Step_SumRowsOp : Step_GradientOp<"sum_rows"> {
  let summary = "the sum over tokens";
  let description = [{
    `result[c] = sum over t of input[t, c]`: the gradient of a bias.
  }];
  let arguments = (ins Step_Stream:$input);
  let results = (outs Step_Values:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_AttentionGradOp : Step_GradientOp<"attention_grad", [
    AllTypesMatch<["gradient", "query", "output", "query_gradient"]>,
    AllTypesMatch<["key", "value", "key_gradient", "value_gradient"]>]> {
  let summary = "gradient of attention";
  let description = [{
    With `p[t, u] = exp(s[t, u] - logsumexp[t, h])` as in `step.attention`, recomputed, and
    `d[t] = sum over c of gradient[t, h, c] * output[t, h, c]`:

    ```
    e[t, u]                  = p[t, u] * (sum over c of gradient[t, h, c] * value[u, g, c] - d[t])
    query_gradient[t, h, c]  = scale * sum over u of e[t, u] * key[u, g, c]
    key_gradient[u, g, c]    = scale * sum over the heads h of g and over t of e[t, u] * query[t, h, c]
    value_gradient[u, g, c]  = sum over the heads h of g and over t of p[t, u] * gradient[t, h, c]
    ```

    With `softcap` e has the factor `1 - (s / softcap)^2` beside, s the capped score.
  }];
  let arguments = (ins Step_Stream:$gradient, Step_Stream:$query, Step_Stream:$key,
                       Step_Stream:$value, Step_Stream:$output, Step_Table:$logsumexp,
                       Step_Indexes:$segments, I64Attr:$heads, I64Attr:$key_value_heads,
                       F64Attr:$scale, OptionalAttr<I64Attr>:$window,
                       OptionalAttr<F64Attr>:$softcap);
  let results = (outs Step_Stream:$query_gradient, Step_Stream:$key_gradient,
                      Step_Stream:$value_gradient);
  let assemblyFormat = [{
    $gradient `,` $query `,` $key `,` $value `,` $output `,` $logsumexp `,` $segments attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Step_ActivationGradOp : Step_GradientOp<"activation_grad",
    [AllTypesMatch<["gradient", "input", "result"]>]> {
  let summary = "gradient of an activation";
  let description = [{
    `result = gradient * activation'(input)`.
  }];
  let arguments = (ins Step_ActivationKindAttr:$kind, Step_Stream:$gradient, Step_Stream:$input);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$kind $gradient `,` $input attr-dict `:` functional-type(operands, results)";
}

def Step_GateGradOp : Step_GradientOp<"gate_grad",
    [AllTypesMatch<["gradient", "gate", "up", "gate_gradient", "up_gradient"]>]> {
  let summary = "gradient of a gated product";
  let description = [{
    `gate_gradient = gradient * up * activation'(gate)`, `up_gradient = gradient * activation(gate)`.
  }];
  let arguments = (ins Step_ActivationKindAttr:$kind, Step_Stream:$gradient, Step_Stream:$gate,
                       Step_Stream:$up);
  let results = (outs Step_Stream:$gate_gradient, Step_Stream:$up_gradient);
  let assemblyFormat = [{
    $kind $gradient `,` $gate `,` $up attr-dict `:` functional-type(operands, results)
  }];
}

def Step_CrossEntropyGradOp : Step_GradientOp<"cross_entropy_grad",
    [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">, AttrSizedOperandSegments,
     AllTypesMatch<["weights", "nll", "logsumexp"]>,
     AllTypesMatch<["hidden", "hidden_gradient"]>]> {
  let summary = "gradient of the recipe's weighted loss";
  let description = [{
    The region gives, for a token, the two partial derivatives (a, b) of the formula with respect to
    nll and logsumexp; step-grad derives it from the formula of `step.cross_entropy`, which also made
    nll, logsumexp and weights. With
    `p[t, v] = exp(z[t, v] - logsumexp[t])`, for the tokens whose label is not -1:

    ```
    e[t, v]                   = gradient * weights[t] * ((a + b) * p[t, v] - a * [v = labels[t]])
    hidden_gradient[t, c]     = sum over v of e[t, v] * vocabulary[v, c]
    vocabulary_gradient[v, c] = sum over t of e[t, v] * hidden[t, c]
    bias_gradient[v]          = sum over t of e[t, v]
    ```

    With `teacher` the region takes the divergence as well and gives a third derivative, c, and e has
    `gradient * weights[t] * c * (p[t, v] - q[t, v])` added; p and q as in `step.cross_entropy`.

    With `scale` and `softcap` e has the factors `scale` and `1 - (z / softcap)^2` beside.

    A token without a label has hidden_gradient 0 and adds nothing. Neither z, p nor e is ever stored
    whole.
  }];
  let arguments = (ins Step_Scalar:$gradient, Step_Stream:$hidden, Step_Matrix:$vocabulary,
                       Optional<Step_Values>:$bias, Step_Indexes:$labels,
                       Optional<Step_Stream>:$teacher, Optional<Step_Matrix>:$teacher_vocabulary,
                       Step_Values:$weights, Step_Values:$nll, Step_Values:$logsumexp,
                       OptionalAttr<F64Attr>:$scale, OptionalAttr<F64Attr>:$softcap);
  let results = (outs Step_Stream:$hidden_gradient, Step_Table:$vocabulary_gradient,
                      Optional<Step_Values>:$bias_gradient);
  let regions = (region SizedRegion<1>:$derivative);
  let assemblyFormat = [{
    $gradient `,` $hidden `,` $vocabulary (`bias` $bias^)? `,` $labels
    (`teacher` $teacher^ `,` $teacher_vocabulary)? `,` $weights `,` $nll `,` $logsumexp $derivative attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Step_AccumulateOp : Step_GradientOp<"accumulate",
    [AllTypesMatch<["gradient", "accumulator", "result"]>]> {
  let summary = "add a gradient to what was added up before";
  let description = [{
    `result = accumulator + gradient`, in place: nothing else may use the accumulator, which is an
    argument of the function or what another sum into it came to. Of an entry that argument has
    `step.gradient`, and the last sum is returned under the same name: gradients of micro-batches
    add up there. What makes the gradient adds it, once for each `accumulate`.

    ```mlir
    %a1 = step.accumulate %g into %a0 : tensor<4x4xf32>
    ```
  }];
  let arguments = (ins Step_Tensor:$gradient, Step_Tensor:$accumulator);
  let results = (outs Step_Tensor:$result);
  let assemblyFormat = "$gradient `into` $accumulator attr-dict `:` type($gradient)";
  let hasVerifier = 1;
}

def Step_LayersGradOp : Step_GradientOp<"layers_grad", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run the gradient back through all layers";
  let description = [{
    The callees, of one type, are functions from the gradient of a layer's result, the layer's input,
    the shared values, one slice of each weight, of each accumulator and of each saved value to the
    gradient of the layer's input and what each accumulator has come to. With d[count] = gradient, n
    callees and l from count - 1 down to 0:

    ```
    d[l], sums[l] …  = callees[l mod n](d[l + 1], inputs[l], shared …, weights[l] …, accumulators[l] …, saved[l] …)
    input_gradient   = d[0]
    ```

    Accumulators are as those of `step.accumulate`, one for each weight that is trained.

    With `recompute`, a callee first computes the layer again from its input; `saved` is empty.
  }];
  let arguments = (ins TypedArrayAttrBase<FlatSymbolRefAttr, "functions">:$callees,
                       Step_Stream:$gradient, Step_Tensor:$inputs,
                       Variadic<AnyTensor>:$shared, Variadic<Step_Tensor>:$weights,
                       Variadic<Step_Tensor>:$accumulators, Variadic<Step_Tensor>:$saved,
                       I64Attr:$count, Step_ActivationsAttr:$activations);
  let results = (outs Step_Stream:$input_gradient, Variadic<Step_Tensor>:$sums);
  let assemblyFormat = [{
    custom<Callees>($callees) `(` $gradient `)` `inputs` `(` $inputs `)` `shared` `(` $shared `)` `weights` `(`
    $weights `)` `into` `(` $accumulators `)` `saved` `(` $saved `)` `count` $count $activations
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_STEP_STEPGRADIENTOPS_TD
