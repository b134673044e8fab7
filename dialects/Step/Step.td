//===- Step.td - the step dialect: what one optimizer step computes -------===//
//
// The dialect itself, its enumerations and the types its operations share. The
// operations are in StepOps.td (forward), StepPairOps.td, StepCacheOps.td,
// StepGradientOps.td and StepUpdateOps.td.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEP_TD
#define DIALECTS_STEP_STEP_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/CommonTypeConstraints.td"

def Step_Dialect : Dialect {
  let name = "step";
  let cppNamespace = "::roux::step";
  let summary = "one optimizer step as operations on whole tensors";
  let description = [{
    The step dialect says *what* one optimizer step computes: a model's forward pass over a ragged
    stream of tokens, the recipe's loss, their gradients and the update. It has no loops over
    elements, no buffers and no device; those appear in the kernel dialect.

    **Streams.** Activations are `tensor<?x64xf32>`, tokens by channels. All sequences of a
    micro-batch lie one after the other; there is no padding and no batch dimension. The number of
    tokens is dynamic, the number of channels static. Element types are f32, bf16 and f64. Whatever
    a description sums is summed in the *accumulation type*: f64 for f64 streams, else f32.

    **Rows.** What a tensor with a dynamic number of rows has a row for is in its type: without
    more, for every token; `tensor<?x64xf32, #step.rows<targets>>` has one for every token with a
    label, in their order, `sequences` one for each sequence, `pairs` one for each pair of answers that
    are compared, and `answers` two for each pair, the chosen one first. So operations cannot mix them.
    `step.pick_rows` and `step.expand_rows` go from one to the other; there may be none of them.

    **Columns.** One value a token: `token`, `label` (-1: no target) and `position` are
    `tensor<?xi32>`. `segments` holds the offsets at which segments begin and, last, the number of
    tokens: n + 1 values for n segments, never decreasing. Function arguments say which column they
    are by the attribute `step.column`; `target` lists the tokens that have a label, `length` says of
    each token how many its sequence has, the one that its last token predicts included; `noise` is 32 bits drawn
    for each. Of pairs, `answer` says of each target which answer it belongs to, and `answer_begin` and
    `answer_end` of each answer which targets are its. What a recipe's
    weight reads, scalars of the step or columns in f64, and the scalars of the update, is said by
    `step.attribute`. The weight is no column: it is computed where the loss is.

    **Parameters** are function arguments with the attribute `step.parameter`, the weight's name in
    the model's files. A name with `{layer}` in it stands for one tensor a layer, stacked along a
    new first dimension. Gradients of parameters are always in the accumulation type; arguments and
    results that hold them carry the parameter's name in `step.gradient`, and a function that returns
    one adds to what it is given under that name. A parameter that is
    `step.frozen` has no gradient, no moments and no update. The moments of the update are named by
    `step.state`; results that the caller reads by `step.result`. Each argument and result has one of
    these names, and each name one argument; columns and attributes, which are only read, may be given
    twice as one type.

    **Caches** hold the keys and values of sequences that a model goes on writing, a row a token and
    the layers stacked. They are arguments with the attribute `step.cache` and come back as results
    of the same name, in place. The new tokens of all sequences are the stream; column `first` says
    for each the row where its sequence begins in the cache, `slot` its own row, and `last` is, for
    each sequence, which of the new tokens is its last.

    **Layers.** A layer is a function, called as often as the model is deep by one `step.layers`, so
    the size of a module does not depend on depth, and recomputation is a choice at the call.

    **Gradients.** Every operation with a gradient implements `StepGradient`; the `step-grad` pass
    knows no operation by name but the call of layers.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Of a function argument: which column of the stream it is (ColumnAttr).
    static constexpr ::llvm::StringLiteral columnName = "step.column";
    /// Of a function argument: the weight it holds (StringAttr).
    static constexpr ::llvm::StringLiteral parameterName = "step.parameter";
    /// Of an argument with a parameter: it is not trained (UnitAttr).
    static constexpr ::llvm::StringLiteral frozenName = "step.frozen";
    /// Of a function argument: the attribute of the recipe's scopes that it holds (StringAttr).
    static constexpr ::llvm::StringLiteral attributeName = "step.attribute";
    /// Of a function argument: the optimizer's moment it holds (StringAttr).
    static constexpr ::llvm::StringLiteral stateName = "step.state";
    /// Of a function argument and the result that takes its place: the cache it is (StringAttr).
    static constexpr ::llvm::StringLiteral cacheName = "step.cache";
    /// Of a function result: what the caller knows it as (StringAttr).
    static constexpr ::llvm::StringLiteral resultName = "step.result";
    /// Of a function result, or of an argument of the update: the parameter whose gradient it is (StringAttr).
    static constexpr ::llvm::StringLiteral gradientName = "step.gradient";
  }];
}

class Step_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::roux::step";
  let genSpecializedAttr = 0;
}

def Step_Column : Step_Enum<"Column", "a column of the token stream", [
  I32EnumAttrCase<"token", 0>, I32EnumAttrCase<"label", 1>, I32EnumAttrCase<"position", 2>,
  I32EnumAttrCase<"segments", 3>, I32EnumAttrCase<"first", 4>, I32EnumAttrCase<"slot", 5>,
  I32EnumAttrCase<"last", 6>, I32EnumAttrCase<"target", 7>, I32EnumAttrCase<"length", 8>,
  I32EnumAttrCase<"noise", 9>, I32EnumAttrCase<"answer", 10>, I32EnumAttrCase<"answer_begin", 11>,
  I32EnumAttrCase<"answer_end", 12>]>;
def Step_ColumnAttr : EnumAttr<Step_Dialect, Step_Column, "column"> {
  let assemblyFormat = "`<` $value `>`";
}

def Step_Rows : Step_Enum<"Rows", "what a tensor has a row for, other than every token", [
  I32EnumAttrCase<"targets", 0>, I32EnumAttrCase<"sequences", 1>, I32EnumAttrCase<"answers", 2>,
  I32EnumAttrCase<"pairs", 3>]>;
def Step_RowsAttr : EnumAttr<Step_Dialect, Step_Rows, "rows"> {
  let assemblyFormat = "`<` $value `>`";
}

def Step_ActivationKind : Step_Enum<"ActivationKind", "a function applied to every element", [
  I32EnumAttrCase<"silu", 0>, I32EnumAttrCase<"gelu_tanh", 1>, I32EnumAttrCase<"gelu", 2>,
  I32EnumAttrCase<"relu", 3>]>;
def Step_ActivationKindAttr : EnumAttr<Step_Dialect, Step_ActivationKind, "activation_kind">;

def Step_RopeStyle : Step_Enum<"RopeStyle", "which channels of a head turn together", [
  I32EnumAttrCase<"half", 0>, I32EnumAttrCase<"interleaved", 1>]>;
def Step_RopeStyleAttr : EnumAttr<Step_Dialect, Step_RopeStyle, "rope_style">;

def Step_Activations : Step_Enum<"Activations", "where a layer's gradient finds what the layer computed", [
  I32EnumAttrCase<"recompute", 0>, I32EnumAttrCase<"save", 1>]>;
def Step_ActivationsAttr : EnumAttr<Step_Dialect, Step_Activations, "activations">;

def Step_Stream : TensorRankOf<[F32, BF16, F64], [2]>;
def Step_Matrix : TensorRankOf<[F32, BF16, F64], [2]>;
def Step_Row : TensorRankOf<[F32, BF16, F64], [1]>;
def Step_Table : TensorRankOf<[F32, F64], [2]>;
def Step_Stack : TensorRankOf<[F32, BF16, F64], [2, 3]>;
def Step_Values : TensorRankOf<[F32, F64], [1]>;
def Step_Indexes : TensorRankOf<[I32], [1]>;
def Step_Picked : TensorOf<[F32, BF16, F64, I32]>;
def Step_Scalar : TensorRankOf<[F32, F64], [0]>;
def Step_Input : TensorRankOf<[F64], [0, 1]>;
def Step_Tensor : TensorOf<[F32, BF16, F64]>;

class Step_Op<string mnemonic, list<Trait> traits = []> : Op<Step_Dialect, mnemonic, traits>;

#endif // DIALECTS_STEP_STEP_TD
