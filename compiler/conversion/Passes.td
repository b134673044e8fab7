//===- Passes.td - conversions from one dialect to the next ---------------===//

#ifndef COMPILER_CONVERSION_PASSES_TD
#define COMPILER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def StepToKernel : Pass<"convert-step-to-kernel", "::mlir::ModuleOp"> {
  let summary = "turn the entries of a step into kernels and the programs that launch them";
  let description = [{
    Replaces the functions of step IR by `kernel.program`s and the `kernel.func`s they launch:
    `@train_grad` becomes the program `train`, every other public function one of its own name; a
    public function that another differentiates (`@train` beside `@train_grad`) is left out.

    Buffers are named for the runtime: columns by their names, parameters by the weight's, gradients
    by the weight's and `.gradient`, moments by `step.state`, results by `step.result`. Gradients are *added* to the buffers of role
    `gradient`, so that micro-batches sum; whoever begins a step zeroes them. Lists that the runtime
    makes of the columns (runtime/LaunchLists) stand for the segments and for the occurrences
    of ids. Blocks of attention and chunks of logits are the target's.

    Each operation is one kernel or a few; nothing is fused. Kernels are named after what they do and
    are shared where their bodies are equal; those of one name that differ are numbered. A gradient is
    added as often as it is owed; where something else reads it, it also has a buffer of its own.
    Frequencies of rotary positions are `kernel.constant`s. An operation without a form in
    `kernel` is an error.
  }];
  let options = [Option<"target", "target", "std::string", /*default=*/"",
                        "a known target's name; else this processor's">,
                 Option<"attentionLibrary", "attention-library", "bool", /*default=*/"false",
                        "a library of the target may do attention's gradient, which is given what "
                        "that needs">];
  let dependentDialects = ["::roux::kernel::KernelDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

#endif // COMPILER_CONVERSION_PASSES_TD
