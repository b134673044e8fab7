//===- RecipeEvaluation.td - what is measured -----------------------------===//
//
// The measurements of an `eval`, each under the author's name for it.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPEEVALUATION_TD
#define DIALECTS_RECIPE_RECIPEEVALUATION_TD

include "dialects/Recipe/RecipeBatch.td"

class Recipe_Task<string name, dag own> : Recipe_Op<"task." # name, [HasParent<"EvalOp">]> {
  let arguments = !con((ins StrAttr:$measurement), own);
  let assemblyFormat = "$measurement custom<Keys>(attr-dict)";
}
class Recipe_TaskOn<string name, dag own> : Recipe_Task<name, !con((ins Recipe_Data:$data), own)> {
  let assemblyFormat = "$measurement `on` $data custom<Keys>(attr-dict)";
}
class Recipe_ListOrSpread<list<string> measures>
    : Recipe_Either<Recipe_Number<measures>,
                    Recipe_Either<Recipe_ListOf<Recipe_Number<measures>>, Recipe_Option<["spread"]>>>;

def Recipe_LossTaskOp : Recipe_TaskOn<"loss", (ins
    Recipe_OrNone<Recipe_Word<["none", "position", "source"]>>:$by)> {
  let summary = "the plain mean loss over the targets";
  let description = "`by` splits it by powers of two of the position, or by source.";
}
def Recipe_NeedleTaskOp : Recipe_Task<"needle", (ins Recipe_Data:$data,
    Optional<Recipe_Model>:$judged_by, Recipe_ListOrSpread<["tokens"]>:$lengths,
    Recipe_ListOrSpread<["percent"]>:$depths, Recipe_Text:$needle, Recipe_Text:$question,
    OptionalAttr<Recipe_Word<["exact"]>>:$judge, Recipe_OrNone<Recipe_Text>:$system,
    Recipe_OrNone<Recipe_Prompt>:$prompt, Recipe_Tokens:$tokens)> {
  let summary = "finds a sentence hidden in a long text";
  let description = "For each length and depth; a model may judge instead of `exact`.";
  let assemblyFormat = "$measurement `on` $data (`judged` `by` $judged_by^)? custom<Keys>(attr-dict)";
}
def Recipe_SamplesTaskOp : Recipe_Task<"samples", (ins
    Recipe_Either<Recipe_Text, Recipe_ListOf<Recipe_Text>>:$prompts,
    Recipe_Word<["text", "user"]>:$as, Recipe_Tokens:$tokens, Recipe_Number<["plain"]>:$temperature,
    Recipe_Number<["percent"]>:$top_p)> {
  let summary = "what the model writes, to be looked at";
  let description = "Draws come from the seed tree; a temperature of 0 draws nothing.";
}
def Recipe_RecallTaskOp : Recipe_TaskOn<"recall", (ins Recipe_ListOrSpread<["tokens"]>:$lengths,
    Recipe_Count:$pairs)> {
  let summary = "finds a key's value among many";
  let description = "Keys and values are drawn from the seed tree.";
}
def Recipe_LongbenchTaskOp : Recipe_Task<"longbench", (ins Recipe_Text:$folder,
    Recipe_OrNone<Recipe_Either<Recipe_Text, Recipe_ListOf<Recipe_Text>>>:$datasets,
    Recipe_OrNone<Recipe_Tokens>:$length, Recipe_Word<["official", "clean"]>:$edition)> {
  let summary = "LongBench, version 1";
  let description = [{
    Scored as its own script does, or without that script's accidents; none means all data sets, and
    prompts as long as the context has room for.
  }];
}
def Recipe_LongbenchChatTaskOp : Recipe_Task<"longbench_chat", (ins Recipe_Model:$judge,
    Recipe_Text:$folder, Recipe_Tokens:$tokens, Recipe_OrNone<Recipe_Tokens>:$length)> {
  let summary = "LongBench-Chat, marked by a model";
  let description = "The judge gives the marks of the published prompt, from 1 to 10.";
  let assemblyFormat = "$measurement `judged` `by` $judge custom<Keys>(attr-dict)";
}
def Recipe_OwnTaskOp : Recipe_TaskOn<"task", (ins Recipe_Prompt:$prompt,
    Recipe_Word<["whole", "first_line", "number"]>:$extract, Recipe_Is<"Word", "a metric">:$metric,
    Recipe_Tokens:$tokens,
    Recipe_OrNone<Recipe_Either<Recipe_Text, Recipe_ListOf<Recipe_Text>>>:$stop,
    Recipe_OrNone<Recipe_Tokens>:$length, Recipe_OrNone<Recipe_Text>:$choices,
    Recipe_Word<["sum", "per_byte"]>:$likelihood, Recipe_OrNone<Recipe_Count>:$shots)> {
  let summary = "a measurement of the author's own";
  let description = "`metric` may carry the version of what it reproduces.";
}

#endif // DIALECTS_RECIPE_RECIPEEVALUATION_TD
