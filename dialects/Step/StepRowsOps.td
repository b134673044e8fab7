//===- StepRowsOps.td - some rows of a stream, and back -------------------===//
//
// Only tokens with a label have a loss, and only the last token of a prompt is
// followed: the final norm and the product with the vocabulary, half of a small
// model's work, need no other rows.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPROWSOPS_TD
#define DIALECTS_STEP_STEPROWSOPS_TD

include "dialects/Step/StepOps.td"

def Step_PickRowsOp : Step_DifferentiableOp<"pick_rows"> {
  let summary = "some tokens of a stream or column";
  let description = [{
    `result[i] = input[rows[i]]`. The rows of the result are those that `rows` lists: with the column
    `last`, of each sequence the token that the next one follows; with `target`, the tokens that have
    a label. There may be none.

    ```mlir
    %y = step.pick_rows %x, %target : (tensor<?x64xf32>, tensor<?xi32, #step.rows<targets>>)
        -> tensor<?x64xf32, #step.rows<targets>>
    ```
  }];
  let arguments = (ins Step_Picked:$input, Arg<Step_Indexes, "rising">:$rows);
  let results = (outs Step_Picked:$result);
  let assemblyFormat = "$input `,` $rows attr-dict `:` functional-type(operands, results)";
}

def Step_ExpandRowsOp : Step_DifferentiableOp<"expand_rows"> {
  let summary = "picked rows in their places again, zeros in all others";
  let description = [{
    `result[rows[i]] = input[i]`, and 0 for a token that `rows` does not list: the gradient of
    `step.pick_rows`, and what is known of targets told of every token.

    ```mlir
    %y = step.expand_rows %x, %target
        : (tensor<?x64xf32, #step.rows<targets>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Step_Picked:$input, Arg<Step_Indexes, "rising">:$rows);
  let results = (outs Step_Picked:$result);
  let assemblyFormat = "$input `,` $rows attr-dict `:` functional-type(operands, results)";
}

#endif // DIALECTS_STEP_STEPROWSOPS_TD
