//===- StepUpdateOps.td - clipping and the optimizer ----------------------===//
//
// What happens once a step, after the gradients of all micro-batches have been
// added up: the norm of all gradients, and one update for each parameter.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPUPDATEOPS_TD
#define DIALECTS_STEP_STEPUPDATEOPS_TD

include "dialects/Step/Step.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Step_GlobalNormOp : Step_Op<"global_norm", [Pure]> {
  let summary = "the Euclidean length of all gradients together";
  let description = [{
    `result = sqrt(sum over all tensors and their elements of element^2)`.

    ```mlir
    %norm = step.global_norm %a, %b : (tensor<512x64xf32>, tensor<64xf32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Variadic<Step_Tensor>:$gradients);
  let results = (outs Step_Scalar:$result);
  let assemblyFormat = "$gradients attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Step_ClipFactorOp : Step_Op<"clip_factor", [Pure, SameOperandsAndResultType]> {
  let summary = "what gradients are multiplied by to keep their norm within a limit";
  let description = [{
    `result = norm > limit ? limit / norm : 1`; a norm that is not a number gives that, so a broken
    step is seen and not hidden.

    ```mlir
    %factor = step.clip_factor %norm {limit = 1.0} : tensor<f32>
    ```
  }];
  let arguments = (ins Step_Scalar:$norm, F64Attr:$limit);
  let results = (outs Step_Scalar:$result);
  let assemblyFormat = "$norm attr-dict `:` type($norm)";
  let hasVerifier = 1;
}

def Step_AdamWOp : Step_Op<"adamw", [Pure, AllTypesMatch<["parameter", "new_parameter"]>,
    AllTypesMatch<["first", "second", "new_first", "new_second"]>,
    AllTypesMatch<["rate", "first_correction", "second_correction"]>]> {
  let summary = "one AdamW update of one parameter";
  let description = [{
    The update of Loshchilov and Hutter (1711.05101), as PyTorch does it:

    ```
    g              = gradient * factor                    (factor: 1 where there is no clip)
    r              = rate * share
    new_first      = beta1 * first  + (1 - beta1) * g
    new_second     = beta2 * second + (1 - beta2) * g^2
    new_parameter  = parameter * (1 - r * decay)
                     - r * (new_first / first_correction) / (sqrt(new_second / second_correction) + epsilon)
    ```

    Moments may be kept in bf16: they are rounded after the parameter has been updated by them.

    `rate`, `first_correction` = 1 - beta1^n and `second_correction` = 1 - beta2^n are scalars of the
    launch, n counting updates from 1: in f32, 1 - 0.999 has lost four digits, so they are computed
    in f64 by whoever launches.
  }];
  let arguments = (ins Step_Tensor:$parameter, Step_Tensor:$gradient, Step_Tensor:$first,
                       Step_Tensor:$second, Step_Scalar:$rate, Step_Scalar:$first_correction,
                       Step_Scalar:$second_correction, Optional<Step_Scalar>:$factor,
                       F64Attr:$beta1, F64Attr:$beta2, F64Attr:$epsilon, F64Attr:$decay,
                       DefaultValuedAttr<F64Attr, "1.0">:$share);
  let results = (outs Step_Tensor:$new_parameter, Step_Tensor:$new_first, Step_Tensor:$new_second);
  let assemblyFormat = [{
    $parameter `,` $gradient `,` $first `,` $second `rate` $rate `corrections` $first_correction `,`
    $second_correction (`factor` $factor^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Step_MuonOp : Step_Op<"muon", [Pure, AllTypesMatch<["parameter", "new_parameter"]>,
    AllTypesMatch<["first", "new_first"]>]> {
  let summary = "one Muon update of a matrix, or of each of a stack";
  let description = [{
    The update of Jordan et al. (kellerjordan.github.io/posts/muon), with its five turns of a
    quintic Newton-Schulz iteration, which bring all singular values of `u` near 1:

    ```
    g              = gradient * factor                    (factor: 1 where there is no clip)
    r              = rate * share
    new_first      = momentum * first + (1 - momentum) * g
    u              = nesterov ? momentum * new_first + (1 - momentum) * g : new_first
    x              = u / max(norm of u, 1e-7)
    five times:  a = x x^T,  x = 3.4445 x + (-4.775 a + 2.0315 a a) x
    new_parameter  = parameter * (1 - r * decay) - r * length * x
    ```

    All of it is computed in the parameter's type; the momentum may be kept in bf16. A tensor of
    three dimensions is a stack of matrices, each updated by itself.

    ```mlir
    %q, %m1 = step.muon %p, %g, %m rate %rate factor %factor nesterov
        {momentum = 0.95, decay = 0.1, share = 1.0, length = 2.0}
        : (tensor<3x8x4xf32>, tensor<3x8x4xf32>, tensor<3x8x4xf32>, tensor<f32>, tensor<f32>)
        -> (tensor<3x8x4xf32>, tensor<3x8x4xf32>)
    ```
  }];
  let arguments = (ins Step_Stack:$parameter, Step_Stack:$gradient, Step_Stack:$first,
                       Step_Scalar:$rate, Optional<Step_Scalar>:$factor, F64Attr:$momentum,
                       UnitAttr:$nesterov, F64Attr:$decay, F64Attr:$share, F64Attr:$length);
  let results = (outs Step_Stack:$new_parameter, Step_Stack:$new_first);
  let assemblyFormat = [{
    $parameter `,` $gradient `,` $first `rate` $rate (`factor` $factor^)? (`nesterov` $nesterov^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_STEP_STEPUPDATEOPS_TD
