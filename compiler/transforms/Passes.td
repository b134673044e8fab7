//===- Passes.td - transformations of step IR -----------------------------===//

#ifndef COMPILER_TRANSFORMS_PASSES_TD
#define COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def StepGrad : Pass<"step-grad", "::mlir::ModuleOp"> {
  let summary = "add the function that computes a loss and the gradients of its parameters";
  let description = [{
    For a function whose first result is the loss, `@train` unless `entry` names another, adds
    `@train_grad`: the same arguments, the same results, and after both, for every argument that has
    `step.parameter` and is not `step.frozen`, an accumulator and what its gradients were added to it
    come to, named by `step.gradient`: each is added by a `step.accumulate` of its own. The function
    itself stays. Of what only frozen parameters reach nothing is differentiated.

    Operations are differentiated through the interface `StepGradient`, last to first; gradients of a
    value that is read several times are added in that order. Of a `step.layers` the called function
    is differentiated once, into a function that a `step.layers_grad` applies in reverse:

    - `recompute`: `@layer_grad` begins with a copy of the layer, so only the stream before each
      layer is kept;
    - `save`: `@layer_saving` returns what `@layer_backward` reads, but for `again` values, which
      `@layer_backward` computes; a remark of category `fuse` says of each what that takes.

    Values for which nothing has to be known (columns, angles, weights of targets) must not receive a
    gradient; an operation without the interface on the way from a parameter to the loss is an error
    at its place, as is a formula that has no derivative.
  }];
  let options = [Option<"entry", "entry", "std::string", "\"train\"",
                        "function whose first result is the loss">];
  let dependentDialects = ["::roux::step::StepDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::math::MathDialect"];
}

def FuseLinearAdd : Pass<"step-fuse-linear-add"> {
  let summary = "add a linear to the residual stream where its sums are formed";
  let description = [{
    Rewrites a `step.linear` and the `step.add` that alone reads it into one `step.linear_add`, which
    stands where the add stood: the residual sums of a layer, and the gradients that several linears
    owe to their common input. The product is then neither written nor read, nor rounded on the way.
    Where both halves are linears the second is taken; the first keeps its kernel.

    An add that keeps its own kernel says why, as a remark of category `fuse`. An add of what is
    no stream is left alone without one.

    Precondition: gradients have been taken (after `step-grad`).
  }];
  let dependentDialects = ["::roux::step::StepDialect"];
}

def VerifyProgram : Pass<"kernel-verify-program", "::mlir::ModuleOp"> {
  let summary = "refuse a program of which a launch is missing, or one too many";
  let description = [{
    Walks every `kernel.program` once, with 600 tokens and fewer of everything else, and follows
    which elements of each buffer its launches read, write and add to. An error, at the launch, is

    - a read of an activation or output of which part has not been written; what a loop declares is
      empty in each of its turns;
    - a second write to an element of an output, or an output of which part is never written;
    - a store to a gradient that does not add to what is there, or a read of a gradient by a program
      that adds to it; a gradient to part of which such a program adds nothing;
    - a parameter, gradient or state that no launch reads or writes;
    - a write to an activation that nothing reads before it is written again, or at all. Of what the
      kernel itself goes on with, as one that was joined does, it is enough that the buffer is read
      somewhere; so it is of all that is left at the end of a program with parameters but not all
      their gradients, where gradients end in frozen layers. Sums, and an attention's logsumexp,
      need not be read;
    - a write to rows that other rows of the same launch read or write: they have no order;
    - a name that two buffers of the model have, or two that are given, or two results;
    - a write to an input or constant, a slice outside its buffer, rows past the end of a buffer.

    So a launch that is missing shows. One that does not: of two that add to one gradient, as the
    head's and the embedding's do where they are one table, the head's, because what it reads is read
    beside it.

    Of rows whose index is read from a buffer (gathered ids, appended keys) it is only known that they
    are somewhere: some must have been written. An attention is taken to touch all of its buffers,
    whatever its list of work names. Nothing is changed.
  }];
}

#endif // COMPILER_TRANSFORMS_PASSES_TD
