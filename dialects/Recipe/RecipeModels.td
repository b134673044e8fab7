//===- RecipeModels.td - models and tokenizers ----------------------------===//
//
// A model is a value: loaded, made, changed, added to another.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPEMODELS_TD
#define DIALECTS_RECIPE_RECIPEMODELS_TD

include "dialects/Recipe/RecipeData.td"

def Recipe_LoadTokenizerOp : Recipe_Op<"tokenizer.load", [Pure]> {
  let summary = "a tokenizer from a file";
  let description = "`pattern` cuts text before merging; tiktoken ranks have none of their own.";
  let arguments = (ins Recipe_Text:$file,
    Recipe_Either<Recipe_None, Recipe_Word<["none", "gpt2", "cl100k", "o200k", "llama3", "qwen2"]>>:$pattern);
  let results = (outs Recipe_Tokenizer:$result);
  let assemblyFormat = "custom<Keys>(attr-dict)";
}
def Recipe_BpeTokenizerOp : Recipe_Op<"tokenizer.bpe", [Pure]> {
  let summary = "a byte-pair tokenizer trained on data";
  let description = "`vocab` counts special ids too.";
  let arguments = (ins Recipe_Data:$data, Recipe_Count:$vocab);
  let results = (outs Recipe_Tokenizer:$result);
  let assemblyFormat = "$data custom<Keys>(attr-dict)";
}

class Recipe_ModelOp<string name, dag own> : Recipe_Op<"model." # name, [Pure]> {
  let arguments = own;
  let results = (outs Recipe_Model:$result);
  let assemblyFormat = "custom<Keys>(attr-dict)";
}
def Recipe_LoadModelOp : Recipe_ModelOp<"load", (ins Recipe_Text:$path)> {
  let summary = "a model from disk, with its tokenizer and template";
  let description = "A Hugging Face folder or a llama2.c file.";
}
def Recipe_NewModelOp : Recipe_ModelOp<"new", (ins Recipe_Tokenizer:$tokenizer,
    Recipe_Word<["llama", "qwen2", "qwen3", "olmo2", "openlm"]>:$architecture, Recipe_Count:$layers, Recipe_Count:$dim,
    Recipe_Count:$heads, Recipe_Count:$kv_heads, Recipe_Count:$ffn, Recipe_Tokens:$context,
    Recipe_Flag:$tied, Recipe_Count:$deviation,
    Recipe_OrNone<Recipe_Number<["plain"]>>:$truncate)> {
  let summary = "a model with fresh weights";
  let description = "Weights are drawn from a normal distribution of `deviation`, from the seed tree, and "
                    "again while they are more than `truncate` of it from zero.";
  let assemblyFormat = "$tokenizer custom<Keys>(attr-dict)";
}
def Recipe_EndpointOp : Recipe_ModelOp<"endpoint", (ins Recipe_Text:$url, Recipe_Text:$name,
    Recipe_OrNone<Recipe_Option<["env"]>>:$key, Recipe_OrNone<Recipe_Tokens>:$spend,
    Recipe_OrNone<Recipe_Count>:$requests, Recipe_Count:$together,
    Recipe_Number<["plain"]>:$timeout, Recipe_Count:$attempts)> {
  let summary = "a model elsewhere, which can only answer";
  let description = "`key` names where the key is kept; the key itself is never in a module.";
}
def Recipe_OverrideOp : Recipe_ModelOp<"override", (ins Recipe_Model:$base,
    Optional<Recipe_Tokenizer>:$tokenizer,
    OptionalAttr<Recipe_OrNone<Recipe_Word<["own", "longalign", "llama2", "llama3", "chatml",
      "mistral", "plain", "none"]>>>:$template_,
    OptionalAttr<Recipe_OrNone<Recipe_Option<["base", "ntk", "linear", "yarn"]>>>:$rope,
    OptionalAttr<Recipe_OrNone<Recipe_Tokens>>:$context,
    OptionalAttr<Recipe_OrNone<Recipe_Option<["lora"]>>>:$adapt)> {
  let summary = "a model with some of its properties changed";
  let description = "What is not named, or none, stays as the base has it. The weights are the base's.";
  let assemblyFormat = "$base (`tokenizer` $tokenizer^)? custom<Keys>(attr-dict)";
}
def Recipe_AverageOp : Recipe_ModelOp<"average", (ins Recipe_Model:$model, Recipe_Count:$saves)> {
  let summary = "the mean of a train's last saves";
  let description = "Weights alone; shape, tokenizer and template are the train's.";
  let assemblyFormat = "$model custom<Keys>(attr-dict)";
}
def Recipe_SavedOp : Recipe_ModelOp<"saved", (ins Recipe_Model:$model,
    Recipe_Number<["steps"]>:$step)> {
  let summary = "what a train saved after a step";
  let description = "Weights alone; shape, tokenizer and template are the train's.";
  let assemblyFormat = "$model custom<Keys>(attr-dict)";
}
def Recipe_BlendOp : Recipe_ModelOp<"blend", (ins Variadic<Recipe_Model>:$models,
    Recipe_ListOf<Recipe_Count>:$coefficients)> {
  let summary = "weights added in proportion";
  let description = [{
    `0.5 * base + 0.5 * tuned`: the models have the same shapes; the first gives tokenizer and
    template.
  }];
  let assemblyFormat = "$models custom<Keys>(attr-dict)";
  let hasVerifier = 1;
}

#endif // DIALECTS_RECIPE_RECIPEMODELS_TD
