//===- RecipeExpressions.td - what formulas read --------------------------===//
//
// Arithmetic is `arith` and `math` on f64 and i1; these operations are what a
// formula of a recipe has beyond it. `runtime/Expression` gives the meaning.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPEEXPRESSIONS_TD
#define DIALECTS_RECIPE_RECIPEEXPRESSIONS_TD

include "dialects/Recipe/RecipeDefinitions.td"

defvar Recipe_Scalar = AnyTypeOf<[F64, I1, Recipe_TextType, Recipe_Values]>;

def Recipe_ReadOp : Recipe_Op<"read", [Pure]> {
  let summary = "an attribute of a scope's current row";
  let description = [{
    `recipe.read sequence targets : f64`; `field` and `score` carry a name. Texts (`role`, `source`,
    `text`, `field`) are `!recipe.text`, everything else is a number.
  }];
  let arguments = (ins Recipe_ScopeAttr:$scope, Recipe_AttributeAttr:$attribute,
                       OptionalAttr<StrAttr>:$name);
  let results = (outs AnyTypeOf<[F64, Recipe_TextType]>:$result);
  let assemblyFormat = "custom<Enum>($scope) custom<Enum>($attribute) ($name^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Recipe_TextConstantOp : Recipe_Op<"text", [Pure]> {
  let summary = "a text";
  let description = "A word such as `assistant`, or what was quoted.";
  let arguments = (ins StrAttr:$value);
  let results = (outs Recipe_TextType:$result);
  let assemblyFormat = "$value attr-dict";
}
def Recipe_SameTextOp : Recipe_Op<"same_text", [Pure]> {
  let summary = "whether two texts are equal";
  let description = "Byte for byte.";
  let arguments = (ins Recipe_TextType:$lhs, Recipe_TextType:$rhs);
  let results = (outs I1:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict";
}
def Recipe_MatchesOp : Recipe_Op<"matches", [Pure]> {
  let summary = "whether a text has a part that a regular expression matches";
  let description = "The expression is a text too.";
  let arguments = (ins Recipe_TextType:$text, Recipe_TextType:$expression);
  let results = (outs I1:$result);
  let assemblyFormat = "$text `,` $expression attr-dict";
}
def Recipe_PassedOp : Recipe_Op<"passed", [Pure]> {
  let summary = "whether the record passed through a definition";
  let description = "`source in d`.";
  let arguments = (ins FlatSymbolRefAttr:$definition);
  let results = (outs I1:$result);
  let assemblyFormat = "$definition attr-dict";
}
def Recipe_ModOp : Recipe_Op<"mod", [Pure]> {
  let summary = "the rest of a division, with the divisor's sign";
  let description = "`lhs - floor(lhs / rhs) * rhs`, exactly; `arith.remf` has the other sign.";
  let arguments = (ins F64:$lhs, F64:$rhs);
  let results = (outs F64:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict";
}
def Recipe_ReduceOp : Recipe_Op<"reduce", [Pure]> {
  let summary = "one value from the rows inside a row";
  let description = [{
    The region is evaluated for every row of `inner` inside the current row of `scope`. Sequences
    without targets and tokens without labels are left out unless `all_rows`. `count` may have an
    empty region; `quantile` has the share as its operand; `softmax` gives `!recipe.values`.

    ```mlir
    %sum = recipe.reduce sum over step rows sequence {
      %targets = recipe.read sequence targets : f64
      recipe.result %targets : f64
    } : f64
    ```
  }];
  let arguments = (ins Optional<F64>:$share, Recipe_ReductionAttr:$reduction, Recipe_ScopeAttr:$scope,
                       Recipe_ScopeAttr:$inner, UnitAttr:$all_rows);
  let regions = (region MaxSizedRegion<1>:$each);
  let results = (outs Recipe_Scalar:$result);
  let assemblyFormat = [{
    custom<Enum>($reduction) (`(` $share^ `)`)? `over` custom<Enum>($scope) `rows` custom<Enum>($inner) (`all_rows` $all_rows^)? $each attr-dict
    `:` type($result)
  }];
  let hasVerifier = 1;
}
def Recipe_EntropyOp : Recipe_Op<"entropy", [Pure]> {
  let summary = "the entropy of the values of a softmax";
  let description = "In natural units: `-sum(p * log(p))`.";
  let arguments = (ins Recipe_Values:$values);
  let results = (outs F64:$result);
  let assemblyFormat = "$values attr-dict";
}
def Recipe_UniformOp : Recipe_Op<"uniform"> {
  let summary = "a whole number drawn from a closed range";
  let description = "Drawn once for each row of `scope`.";
  let arguments = (ins Recipe_ScopeAttr:$scope, F64:$low, F64:$high);
  let results = (outs F64:$result);
  let assemblyFormat = "custom<Enum>($scope) $low `,` $high attr-dict";
}
def Recipe_ChoiceOp : Recipe_Op<"choice", [SameTypeOperands]> {
  let summary = "one of several values";
  let description = "Drawn once for each row of `scope`.";
  let arguments = (ins Recipe_ScopeAttr:$scope, Variadic<F64>:$values);
  let results = (outs F64:$result);
  let assemblyFormat = "custom<Enum>($scope) $values attr-dict";
}
def Recipe_LetOp : Recipe_Op<"let", [HasParent<"ScoreOp">]> {
  let summary = "a value of a score with a name";
  let description = "Evaluated at the narrowest scope it reads.";
  let arguments = (ins StrAttr:$name);
  let regions = (region SizedRegion<1>:$value);
  let assemblyFormat = "$name $value attr-dict";
}
def Recipe_LetValueOp : Recipe_Op<"let_value", [Pure]> {
  let summary = "the value of a let";
  let description = "Of the score that the expression belongs to.";
  let arguments = (ins StrAttr:$name);
  let results = (outs F64:$result);
  let assemblyFormat = "$name attr-dict";
}
def Recipe_InputOp : Recipe_Op<"input", [IsolatedFromAbove]> {
  let summary = "a part of a weight that is known before the launch";
  let description = [{
    What `value` comes to, by the name that it has when it is handed over: for each row (a target, or
    a pair of answers) with `each_row`, else once a step. What a train's `weight`, or its `loss` of
    pairs, has outside of inputs is what its kernel computes.

    ```mlir
    %targets = recipe.input "sequence.targets" each_row {
      %0 = recipe.read sequence targets : f64
      recipe.result %0 : f64
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$each_row);
  let regions = (region SizedRegion<1>:$value);
  let results = (outs F64:$result);
  let assemblyFormat = "$name (`each_row` $each_row^)? $value attr-dict";
  let hasVerifier = 1;
}
def Recipe_AskedOp : Recipe_Op<"asked", [Pure]> {
  let summary = "a number that a model gives";
  let description = "`perplexity`, `logprob` or `logit`, as `function` spells it with its arguments.";
  let arguments = (ins StrAttr:$function, Variadic<AnyType>:$arguments_);
  let results = (outs F64:$result);
  let assemblyFormat = "$function (`(` $arguments_^ `:` type($arguments_) `)`)? attr-dict";
}
def Recipe_ResultOp : Recipe_Op<"result", [Terminator, Pure]> {
  let summary = "the value of an expression";
  let description = "Ends the region of an expression.";
  let arguments = (ins Recipe_Scalar:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // DIALECTS_RECIPE_RECIPEEXPRESSIONS_TD
