//===- StepOps.td - the forward half of a step ----------------------------===//
//
// One operation a thing that a trainer would name. In the formulas t is a
// token, c a channel, sums run in the accumulation type.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPOPS_TD
#define DIALECTS_STEP_STEPOPS_TD

include "dialects/Step/Step.td"
include "dialects/Step/StepInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

/// An operation that the loss can be differentiated through.
class Step_DifferentiableOp<string mnemonic, list<Trait> traits = []>
    : Step_Op<mnemonic, [Pure, DeclareOpInterfaceMethods<StepGradient>] # traits> {
  let hasVerifier = 1;
}

def Step_EmbeddingOp : Step_DifferentiableOp<"embedding"> {
  let summary = "one row of a table for every token";
  let description = [{
    `result[t, c] = table[indexes[t], c]`, rounded to the result's element type. The table of word
    embeddings is read with the `token` column, a table of positions with `position`, whose first
    rows `offset` may leave out: the row is then `indexes[t] + offset`. An index
    outside the table is a fault of whoever made the column; the plan and the loader check theirs.

    ```mlir
    %x = step.embedding %tokens, %table : (tensor<?xi32>, tensor<512x64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Indexes:$indexes, Step_Matrix:$table,
                       DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$indexes `,` $table attr-dict `:` functional-type(operands, results)";
}

def Step_RMSNormOp : Step_DifferentiableOp<"rms_norm", [AllTypesMatch<["input", "result"]>]> {
  let summary = "scale each row to unit root-mean-square";
  let description = [{
    `result[t, c] = input[t, c] / sqrt(mean over c of input[t, c]^2 + epsilon) * weight[c]`. With
    `groups` above one a row is that many equal pieces, each normalized alone with the same weight:
    the norm of the heads of query and key in Qwen 3. With `around_one` the factor is
    `1 + weight[c]`, as in Gemma.

    ```mlir
    %y = step.rms_norm %x, %w {epsilon = 1.0e-5} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    %q = step.rms_norm %p, %h {epsilon = 1.0e-6, groups = 8} : (tensor<?x64xf32>, tensor<8xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, Step_Row:$weight, F64Attr:$epsilon,
                       DefaultValuedAttr<I64Attr, "1">:$groups, UnitAttr:$around_one);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` functional-type(operands, results)";
}

def Step_LayerNormOp : Step_DifferentiableOp<"layer_norm", [AllTypesMatch<["input", "result"]>]> {
  let summary = "shift and scale each row to mean zero and unit variance";
  let description = [{
    `result[t, c] = (input[t, c] - mean) / sqrt(variance + epsilon) * weight[c] + bias[c]`, mean and
    (biased) variance over the channels of token t, or of each of `groups` equal pieces of them.

    ```mlir
    %y = step.layer_norm %x, %w, %b {epsilon = 1.0e-5} : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
    %q = step.layer_norm %p, %h {epsilon = 1.0e-5, groups = 8} : (tensor<?x64xf32>, tensor<8xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, Step_Row:$weight, Optional<Step_Row>:$bias,
                       F64Attr:$epsilon, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, results)";
}

def Step_LinearOp : Step_DifferentiableOp<"linear"> {
  let summary = "multiply every token by one matrix";
  let description = [{
    `result[t, o] = sum over i of input[t, i] * weight[o, i] + bias[o]`. With `transposed` the weight
    is stored as `(i, o)`, as GPT-2 stores it; so the gradient of the input is again a `linear`, with
    `transposed` the other way round. Input, weight and result have one element type; the bias may be
    in the accumulation type.

    ```mlir
    %y = step.linear %x, %w : (tensor<?x64xf32>, tensor<172x64xf32>) -> tensor<?x172xf32>
    %a = step.linear %x, %v bias %b transposed
         : (tensor<?x32xf32>, tensor<32x96xf32>, tensor<96xf32>) -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, Step_Matrix:$weight, Optional<Step_Row>:$bias,
                       UnitAttr:$transposed);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? (`transposed` $transposed^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    int64_t inputChannels();
    int64_t outputChannels();
  }];
}

def Step_LinearAddOp : Step_Op<"linear_add", [Pure, AllTypesMatch<["addend", "result"]>]> {
  let summary = "a linear added to what flows past it";
  let description = [{
    `result = addend + linear(input, weight, bias)`, the sum formed in the accumulation type: what
    step-fuse-linear-add makes of a `step.linear` and the `step.add` that alone reads it. It has no
    gradient, because gradients are taken before anything is fused.

    ```mlir
    %y = step.linear_add %x, %w to %stream : (tensor<?x64xf32>, tensor<32x64xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, Step_Matrix:$weight, Step_Stream:$addend,
                       Optional<Step_Row>:$bias, UnitAttr:$transposed);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = [{
    $input `,` $weight `to` $addend (`bias` $bias^)? (`transposed` $transposed^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    int64_t inputChannels();
    int64_t outputChannels();
  }];
  let hasVerifier = 1;
}

def Step_RotationOp : Step_Op<"rotation", [Pure, AllTypesMatch<["cosine", "sine"]>]> {
  let summary = "the angles of rotary positions, once for all layers";
  let description = [{
    `cosine[t, i] = scale * cos(positions[t] * frequencies[i])`, and the sine likewise. The angle is
    formed in f64 and then rounded, so that positions of a million keep their last digit. Every way
    of stretching a model's context is a list of frequencies and a scale.

    Some lists depend on the sequence. For a token whose sequence has more than `limit` tokens,
    n = lengths[t], they are `beyond`; or, of c channels and with `stretch` f, the NTK-aware
    `frequencies[i] * (f * n / limit - (f - 1))^(-2i / (c - 2))`.

    ```mlir
    %cos, %sin = step.rotation %positions {frequencies = array<f64: 1.0, 0.1>, scale = 1.0}
                 : (tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
    ```
  }];
  let arguments = (ins Step_Indexes:$positions, Optional<Step_Indexes>:$lengths,
                       DenseF64ArrayAttr:$frequencies, F64Attr:$scale,
                       OptionalAttr<I64Attr>:$limit, OptionalAttr<DenseF64ArrayAttr>:$beyond,
                       OptionalAttr<F64Attr>:$stretch);
  let results = (outs Step_Table:$cosine, Step_Table:$sine);
  let assemblyFormat = [{
    $positions (`of` $lengths^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Step_RopeOp : Step_DifferentiableOp<"rope",
    [AllTypesMatch<["input", "result"]>, AllTypesMatch<["cosine", "sine"]>]> {
  let summary = "turn the channel pairs of every head by its token's angles";
  let description = [{
    A head has twice as many channels as `cosine` has columns (n); the row is a whole number of heads.
    For pair i of a head, made of channels a = i and b = i + n/2 (`half`) or a = 2i and b = 2i + 1
    (`interleaved`):

    ```
    result[t, a] = input[t, a] * cosine[t, i] - input[t, b] * sine[t, i]
    result[t, b] = input[t, b] * cosine[t, i] + input[t, a] * sine[t, i]
    ```

    With `inverse` the sine changes its sign, which is the gradient. With `head_channels` a head has
    so many channels, and those behind the ones that turn stay as they are.

    ```mlir
    %q = step.rope half %p, %cos, %sin : (tensor<?x64xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_RopeStyleAttr:$style, Step_Stream:$input, Step_Table:$cosine,
                       Step_Table:$sine, UnitAttr:$inverse,
                       OptionalAttr<I64Attr>:$head_channels);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = [{
    $style $input `,` $cosine `,` $sine (`inverse` $inverse^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = "int64_t headChannels();";
}

def Step_AttentionOp : Step_DifferentiableOp<"attention",
    [AllTypesMatch<["query", "output"]>, AllTypesMatch<["key", "value"]>]> {
  let summary = "causal attention that never crosses a segment";
  let description = [{
    For head h, which reads key-value head g = h / (heads / key_value_heads), and for every token t,
    over the tokens u <= t of t's segment (with `window`: those with t - u < window):

    ```
    s[t, u]        = scale * sum over c of query[t, h, c] * key[u, g, c]
    logsumexp[t,h] = log(sum over u of exp(s[t, u]))
    output[t,h,c]  = sum over u of exp(s[t, u] - logsumexp[t, h]) * value[u, g, c]
    ```

    With `softcap` a score s is `softcap * tanh(s / softcap)` before all else.

    ```mlir
    %o, %lse = step.attention %q, %k, %v, %segments {heads = 8, key_value_heads = 4, scale = 0.35}
        : (tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x8xf32>)
    ```
  }];
  let arguments = (ins Step_Stream:$query, Step_Stream:$key, Step_Stream:$value,
                       Step_Indexes:$segments, I64Attr:$heads, I64Attr:$key_value_heads,
                       F64Attr:$scale, OptionalAttr<I64Attr>:$window,
                       OptionalAttr<F64Attr>:$softcap);
  let results = (outs Step_Stream:$output, Step_Table:$logsumexp);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $segments attr-dict `:` functional-type(operands, results)
  }];
}

def Step_ActivationOp : Step_DifferentiableOp<"activation", [AllTypesMatch<["input", "result"]>]> {
  let summary = "a function of every element";
  let description = [{
    `silu(x) = x / (1 + exp(-x))`;
    `gelu_tanh(x) = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`;
    `gelu(x) = x / 2 * (1 + erf(x / sqrt(2)))`; `relu(x) = max(x, 0)`.

    ```mlir
    %y = step.activation gelu_tanh %x : (tensor<?x128xf32>) -> tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Step_ActivationKindAttr:$kind, Step_Stream:$input);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 0;
}

def Step_GateOp : Step_DifferentiableOp<"gate", [AllTypesMatch<["gate", "up", "result"]>]> {
  let summary = "one stream through an activation, times another";
  let description = [{
    `result = activation(gate) * up`, the activation as in `step.activation`.

    ```mlir
    %y = step.gate silu %g, %u : (tensor<?x172xf32>, tensor<?x172xf32>) -> tensor<?x172xf32>
    ```
  }];
  let arguments = (ins Step_ActivationKindAttr:$kind, Step_Stream:$gate, Step_Stream:$up);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$kind $gate `,` $up attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 0;
}

def Step_AddOp : Step_DifferentiableOp<"add", [SameOperandsAndResultType]> {
  let summary = "element-wise sum of two tensors of one type";
  let description = [{
    The residual stream, a position table's rows, and two gradients of one value.

    ```mlir
    %y = step.add %a, %b : tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Tensor:$lhs, Step_Tensor:$rhs);
  let results = (outs Step_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Step_ScaleOp : Step_DifferentiableOp<"scale", [AllTypesMatch<["input", "result"]>]> {
  let summary = "a stream times a number";
  let description = [{
    `result = factor * input`: what Granite and Gemma do to embeddings, and Granite to what a block
    adds.

    ```mlir
    %y = step.scale %x {factor = 0.22} : (tensor<?x64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, F64Attr:$factor);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 0;
}

def Step_DropoutOp : Step_DifferentiableOp<"dropout", [AllTypesMatch<["input", "result"]>]> {
  let summary = "a stream without a share of its elements, drawn anew";
  let description = [{
    Element c of a token is 0 where `bits(noise, layer, salt, c) < share * 2^32`, and
    `input / (1 - share)` elsewhere. The bits are a hash, in arithmetic of 32 bits without sign:

    ```
    seed = mix(noise ^ (layer * 0x9e3779b9 + salt * 0x85ebca6b))
    bits = mix(seed + c * 0x9e3779b9)
    mix(x): x ^= x >> 16; x *= 0x7feb352d; x ^= x >> 15; x *= 0x846ca68b; x ^= x >> 16
    ```

    So what is left out depends on neither packing nor micro-batches nor threads, and is the same
    when it is computed again, and in its gradient. `layer` holds the layer's number.

    ```mlir
    %y = step.dropout %x, %noise, %layer {share = 0.05, salt = 3}
         : (tensor<?x64xf32>, tensor<?xi32>, tensor<1xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, Step_Indexes:$noise, TensorRankOf<[F32], [1]>:$layer,
                       F64Attr:$share, I64Attr:$salt);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$input `,` $noise `,` $layer attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_SoftcapOp : Step_Op<"softcap", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "a stream squeezed between two bounds";
  let description = [{
    `result = cap * tanh(input / cap)`, of logits that are asked for whole. Where they are not, the
    loss does the same.

    ```mlir
    %y = step.softcap %x {cap = 30.0} : (tensor<?x64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$input, F64Attr:$cap);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_SplitOp : Step_DifferentiableOp<"split"> {
  let summary = "cut the channels of a stream into neighbours";
  let description = [{
    The results side by side are the input: GPT-2 computes query, key and value in one matrix. With
    `groups` a row is that many equal pieces, and of each a share goes to each result: GPT-NeoX has
    the three of a head side by side.

    ```mlir
    %q, %k, %v = step.split %a : (tensor<?x96xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>)
    ```
  }];
  let arguments = (ins Step_Stream:$input, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Variadic<Step_Stream>:$parts);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Step_ConcatOp : Step_Op<"concat", [Pure]> {
  let summary = "streams side by side";
  let description = [{
    The inverse of `step.split`, and its gradient.

    ```mlir
    %a = step.concat %q, %k : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Step_Stream>:$parts, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$parts attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_CastOp : Step_DifferentiableOp<"cast"> {
  let summary = "round a parameter to the type that is computed with";
  let description = [{
    Master weights are f32 where streams are bf16. The gradient passes through unchanged, because
    gradients of parameters are in the accumulation type already.

    ```mlir
    %b = step.cast %w : (tensor<5x172x64xf32>) -> tensor<5x172x64xbf16>
    ```
  }];
  let arguments = (ins Step_Tensor:$input);
  let results = (outs Step_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Step_LayersOp : Step_Op<"layers", [Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run the stream through all layers";
  let description = [{
    The callees are functions of one type, from a stream, the shared values and one slice of each
    weight to a stream; fewer than layers are called in turn. They may have layers, up to 8 in one
    another, but call none that they are within. With x[0] = input, n callees and l from 0 to count - 1:

    ```
    inputs[l] = x[l]
    x[l + 1], saved[l] … = callees[l mod n](x[l], shared …, weights[l] …)
    result    = x[count]
    ```

    The weights have the layers as their first dimension. `inputs` keeps the stream before every
    layer, for the gradient; where nobody reads it, it costs nothing. With `recompute` that is all
    the gradient is given; with `save` the callee returns, and `saved` keeps, everything else that
    the gradient reads, but for `again` values: the gradient computes again those that take the
    fewest operations a byte.

    ```mlir
    %y, %inputs = step.layers @layer(%x) shared(%segments) weights(%w) count 5 recompute
        : (tensor<?x64xf32>, tensor<?xi32>, tensor<5x64xf32>) -> (tensor<?x64xf32>, tensor<5x?x64xf32>)
    %z, %more = step.layers [@local, @local, @global](%x) shared(%segments) weights(%w) count 5 save
        : (tensor<?x64xf32>, tensor<?xi32>, tensor<5x64xf32>) -> (tensor<?x64xf32>, tensor<5x?x64xf32>)
    ```
  }];
  let arguments = (ins TypedArrayAttrBase<FlatSymbolRefAttr, "functions">:$callees, Step_Stream:$input, Variadic<AnyTensor>:$shared,
                       Variadic<Step_Tensor>:$weights, I64Attr:$count,
                       Step_ActivationsAttr:$activations,
                       DefaultValuedAttr<I64Attr, "0">:$again);
  let results = (outs Step_Stream:$result, Step_Tensor:$inputs, Variadic<Step_Tensor>:$saved);
  let assemblyFormat = [{
    custom<Callees>($callees) `(` $input `)` `shared` `(` $shared `)` `weights` `(` $weights `)` `count` $count
    $activations (`again` $again^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif // DIALECTS_STEP_STEPOPS_TD
