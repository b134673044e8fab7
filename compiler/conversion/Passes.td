//===- Passes.td - conversions from one dialect to the next ---------------===//

#ifndef COMPILER_CONVERSION_PASSES_TD
#define COMPILER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def RecipeToStep : Pass<"convert-recipe-to-step", "::mlir::ModuleOp"> {
  let summary = "turn one train of a recipe into the step that it repeats";
  let description = [{
    Replaces the definitions of a recipe by the functions of step IR that `train` repeats: `@train`
    with its loss and weight, `@update` and `@norm` of its optimizer, and what is asked of its model
    beside, `@nll` and `@logits`. The loss is copied in the type that sums are kept in, which
    `recipe.run` says, the weight and the loss of a pair in f64. Each `recipe.input` becomes an
    argument of its name, `token.nll`, `token.logsumexp` and answers' `logp` what the step computes.

    Of the train its `loss`, `weight` and `optimizer` are read. Shapes are no part of a recipe: they
    are `model`'s, a config.json, where no shape is given with the pass. What else of a formula only a
    plan knows is an error at its place, as is an optimizer with a key that is missing.
  }];
  let options = [Option<"train", "train", "std::string", /*default=*/"", "which train">,
                 Option<"model", "model", "std::string", /*default=*/"",
                        "a config.json with the model's shape">,
                 Option<"saves", "saves", "bool", /*default=*/"false",
                        "layers' activations are kept for their gradient">,
                 Option<"again", "again", "int64_t", /*default=*/"0",
                        "values of a layer that are computed again all the same">];
  let dependentDialects = ["::roux::recipe::RecipeDialect", "::roux::step::StepDialect",
                           "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::math::MathDialect"];
}

def StepToKernel : Pass<"convert-step-to-kernel", "::mlir::ModuleOp"> {
  let summary = "turn the entries of a step into kernels and the programs that launch them";
  let description = [{
    Replaces the functions of step IR by `kernel.program`s and the `kernel.func`s they launch:
    `@train_grad` becomes the program `train`, every other public function one of its own name; a
    public function that another differentiates (`@train` beside `@train_grad`) is left out.

    Buffers are named for the runtime: columns by their names, parameters by the weight's, gradients
    by the weight's and `.gradient`, moments by `step.state`, results by `step.result`. What `step.accumulate` sums is *added* to the buffer
    of its argument, of role `gradient` in an entry, by what makes it; whoever begins a step zeroes
    those. A gradient that an entry returns and takes no argument for gets one. Lists that the runtime
    makes of the columns (runtime/LaunchLists) stand for the segments and for the occurrences
    of ids. Blocks of attention and chunks of logits are the target's.

    Each operation is one kernel or a few; nothing is fused. Kernels are named after what they do and
    are shared where their bodies are equal; those of one name that differ are numbered. A gradient is
    added as often as it is accumulated; where something else reads it, it also has a buffer of its
    own.
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
