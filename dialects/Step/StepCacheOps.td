//===- StepCacheOps.td - what going on with kept sequences computes -------===//
//
// A model that writes reads its own words again and again. Their keys and values
// are kept (the KV cache), so a new token costs one row of everything and its attention.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPCACHEOPS_TD
#define DIALECTS_STEP_STEPCACHEOPS_TD

include "dialects/Step/Step.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Step_AppendOp : Step_Op<"append", [Pure, AllTypesMatch<["cache", "result"]>]> {
  let summary = "put every token's row into its place of a cache";
  let description = [{
    `result[slots[t], c] = rows[t, c]`, and all other rows as in `cache`. No two tokens have one
    slot. The rows are written where they are: an entry returns a cache under the name it took it
    by (`step.cache`), the two are one buffer, and nothing else may read the operand.

    ```mlir
    %k = step.append %cache, %rows, %slots
        : (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
    ```
  }];
  let arguments = (ins Step_Stream:$cache, Step_Stream:$rows, Step_Indexes:$slots);
  let results = (outs Step_Stream:$result);
  let assemblyFormat = "$cache `,` $rows `,` $slots attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_CachedAttentionOp : Step_Op<"cached_attention",
    [Pure, AllTypesMatch<["query", "output"]>, AllTypesMatch<["keys", "values"]>]> {
  let summary = "attention of new tokens over what a cache holds of their sequences";
  let description = [{
    As `step.attention`, but token t sees the rows u of the cache with first[t] <= u <= slots[t]
    (with `window`: those with slots[t] - u < window): its sequence lies in the cache in one piece
    from row first[t] on, its own key included.

    `single` promises one new token a sequence.

    ```mlir
    %o = step.cached_attention single %q, %keys, %values, %first, %slots
        {heads = 8, key_value_heads = 4, scale = 0.35}
        : (tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>, tensor<?xi32>)
          -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins UnitAttr:$single, Step_Stream:$query, Step_Stream:$keys,
                       Step_Stream:$values, Step_Indexes:$first, Step_Indexes:$slots,
                       I64Attr:$heads, I64Attr:$key_value_heads, F64Attr:$scale,
                       OptionalAttr<I64Attr>:$window, OptionalAttr<F64Attr>:$softcap);
  let results = (outs Step_Stream:$output);
  let assemblyFormat = [{
    (`single` $single^)? $query `,` $keys `,` $values `,` $first `,` $slots attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_STEP_STEPCACHEOPS_TD
