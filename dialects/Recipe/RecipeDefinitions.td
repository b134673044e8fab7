//===- RecipeDefinitions.td - the kinds of definition ---------------------===//
//
// What a recipe file is a list of. A definition is a symbol; its first region
// computes what it is made of and ends in `recipe.yield`.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPEDEFINITIONS_TD
#define DIALECTS_RECIPE_RECIPEDEFINITIONS_TD

include "dialects/Recipe/RecipeEvaluation.td"

class Recipe_Definition<string mnemonic, dag own>
    : Recipe_Op<mnemonic, [Symbol, HasParent<"::mlir::ModuleOp">, IsolatedFromAbove]> {
  let arguments = !con((ins SymbolNameAttr:$sym_name), own);
  let assemblyFormat = "$sym_name custom<Keys>(attr-dict)";
}
class Recipe_ValueDefinition<string mnemonic, string type> : Recipe_Definition<mnemonic, (ins)> {
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name $body attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The type that `recipe.get` of this definition has.
    ::mlir::Type getDefinedType() { return }] # type # [{::get(getContext()); }
  }];
}

def Recipe_SeedOp : Recipe_Op<"seed", [HasParent<"::mlir::ModuleOp">]> {
  let summary = "the root of the seed tree";
  let description = "Every draw depends on it, the construct, the record, its part and the epoch.";
  let arguments = (ins Recipe_Count:$value);
  let assemblyFormat = "$value attr-dict";
}
def Recipe_ParamOp : Recipe_Definition<"param", (ins AnyAttr:$value)> {
  let summary = "a value with a name";
  let description = "Kept for reading: values that use it are in their places already.";
}
def Recipe_PromptOp : Recipe_Definition<"prompt", (ins Recipe_Prompt:$value)> {
  let summary = "a text with {holes}";
  let description = "Kept for reading: operations that use it have its text.";
}
def Recipe_TokenizerOp : Recipe_ValueDefinition<"tokenizer", "TokenizerType"> {
  let summary = "a named tokenizer";
  let description = "Yields one `!recipe.tokenizer`.";
}
def Recipe_ModelDefinitionOp : Recipe_ValueDefinition<"model", "ModelType"> {
  let summary = "a named model";
  let description = "Yields one `!recipe.model`.";
}
def Recipe_DataDefinitionOp : Recipe_ValueDefinition<"data", "DataType"> {
  let summary = "named records";
  let description = [{
    ```mlir
    recipe.data @sft {
      %0 = recipe.get @mixed : !recipe.data
      %1 = recipe.record.shuffle %0
      recipe.yield %1 : !recipe.data
    }
    ```
  }];
}

def Recipe_ScoreOp : Recipe_Definition<"score", (ins
    Recipe_OrNone<Recipe_Either<Recipe_Word<["sentence", "turn"]>, Recipe_Option<["tokens", "delimiters"]>>>:$spans,
    Recipe_OrNone<Recipe_Option<["earlier"]>>:$pairs, Recipe_OrNone<Recipe_Count>:$nan,
    Recipe_OrNone<Recipe_Tokens>:$windows,
    Recipe_ScopeAttr:$scope)> {
  let summary = "a number for each token, span or sequence, from a model";
  let description = [{
    `inputs` yields the data and, where perplexity() asks one, the model. `lets` holds a
    `recipe.let` for each, behind those it reads; `value` is the score. It is read later as the
    attribute `score` of `scope`.
  }];
  let regions = (region SizedRegion<1>:$inputs, SizedRegion<1>:$lets, SizedRegion<1>:$value);
  let assemblyFormat = "$sym_name `of` custom<Enum>($scope) $inputs `lets` $lets `value` $value custom<Keys>(attr-dict)";
  let hasVerifier = 1;
}

defvar Recipe_Part = Recipe_Option<["warmup", "constant", "linear", "cosine"]>;
defvar Recipe_Frozen = Recipe_Either<Recipe_Word<["embeddings", "head"]>, Recipe_Option<["layers"]>>;

def Recipe_TrainOp : Recipe_Definition<"train", (ins Recipe_Option<["adamw", "muon"]>:$optimizer,
    Recipe_Either<Recipe_Part, Recipe_ListOf<Recipe_Part>>:$schedule,
    Recipe_OrNone<Recipe_Count>:$clip, Recipe_Number<["steps", "tokens", "epochs"]>:$length,
    Recipe_OrNone<Recipe_Either<Recipe_Word<["optimizer", "schedule"]>,
      Recipe_ListOf<Recipe_Word<["optimizer", "schedule"]>>>>:$carry,
    Recipe_OrNone<Recipe_Either<Recipe_Frozen, Recipe_ListOf<Recipe_Frozen>>>:$freeze,
    OptionalAttr<Recipe_Either<Recipe_Word<["last"]>, Recipe_Option<["best"]>>>:$keep,
    OptionalAttr<Recipe_OrNone<Recipe_Count>>:$patience)> {
  let summary = "a model made from a model by training";
  let description = [{
    The loss of a step is the sum over its targets of weight times loss. `inputs` yields the model,
    the data, the batch policy, where they bend the positions, and the reference if there is one.
    `target` is a truth for each
    token at the token being predicted, `weight` and `loss` are numbers for each target, `position`
    is a number for each token and is empty where `inputs` yields positions. What a kernel is given of
    `weight` and of a `loss` of pairs is in a `recipe.input`.
  }];
  let regions = (region SizedRegion<1>:$inputs, SizedRegion<1>:$target, SizedRegion<1>:$weight,
                        SizedRegion<1>:$loss, MaxSizedRegion<1>:$position);
  let assemblyFormat = [{
    $sym_name $inputs `target` $target `weight` $weight `loss` $loss `position` $position
    custom<Keys>(attr-dict)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Type getDefinedType() { return ModelType::get(getContext()); }
  }];
}

def Recipe_EvalOp : Recipe_Definition<"eval", (ins
    Recipe_OrNone<Recipe_Option<["every"]>>:$during,
    Recipe_OrNone<Recipe_Word<["none", "own", "longalign", "llama2", "llama3", "chatml", "mistral",
      "plain"]>>:$template_)> {
  let summary = "measurements of a model";
  let description = [{
    `body` holds a task operation for each measurement and yields the model. `target` is empty where
    the target is that of the train which made the model.
  }];
  let regions = (region SizedRegion<1>:$body, MaxSizedRegion<1>:$target);
  let assemblyFormat = "$sym_name $body `target` $target custom<Keys>(attr-dict)";
  let hasVerifier = 1;
}

def Recipe_RunOp : Recipe_Op<"run", [HasParent<"::mlir::ModuleOp">]> {
  let summary = "how it is done, never what";
  let description = "Nothing here changes the loss or its gradient beyond rounding.";
  let arguments = (ins Recipe_Word<["bf16", "f32", "tf32", "f64"]>:$dtype,
    Recipe_Word<["cpu", "cuda", "simt"]>:$device,
    Recipe_Word<["native", "portable", "avx2", "avx512", "sm_80", "sm_90a", "sm_100a", "sm_120a"]>:$arch,
    Recipe_Either<Recipe_Count, Recipe_Word<["auto"]>>:$threads,
    Recipe_Either<Recipe_Number<["bytes"]>, Recipe_Word<["auto"]>>:$memory,
    Recipe_Either<Recipe_Tokens, Recipe_Word<["auto"]>>:$micro_batch,
    Recipe_Count:$devices,
    Recipe_OrNone<Recipe_Word<["none", "data", "shard", "sequence"]>>:$parallel,
    Recipe_OrNone<Recipe_Word<["auto", "none", "layers"]>>:$recompute,
    Recipe_OrNone<Recipe_Word<["none", "optimizer", "activations"]>>:$offload,
    Recipe_OrNone<Recipe_Option<["every"]>>:$save,
    Recipe_Word<["base", "f32", "bf16", "f16"]>:$export_dtype,
    Recipe_Option<["every"]>:$log, Recipe_Flag:$deterministic,
    Recipe_Flag:$fuse);
  let assemblyFormat = "custom<Keys>(attr-dict)";
}

def Recipe_GetOp : Recipe_Op<"get", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "what another definition is";
  let description = "A train is read as the model it makes.";
  let arguments = (ins FlatSymbolRefAttr:$definition);
  let results = (outs AnyTypeOf<[Recipe_Data, Recipe_Model, Recipe_Tokenizer]>:$result);
  let assemblyFormat = "$definition attr-dict `:` type($result)";
}
def Recipe_YieldOp : Recipe_Op<"yield", [Terminator, Pure]> {
  let summary = "what a definition is made of";
  let description = "Ends the region of a definition.";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // DIALECTS_RECIPE_RECIPEDEFINITIONS_TD
