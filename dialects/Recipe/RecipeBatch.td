//===- RecipeBatch.td - batch policies and positions ----------------------===//
//
// Which sequences meet in an optimizer step, and which index each token gets.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPEBATCH_TD
#define DIALECTS_RECIPE_RECIPEBATCH_TD

include "dialects/Recipe/RecipeModels.td"

class Recipe_PolicyOp<string name, dag own> : Recipe_Op<"policy." # name, [Pure]> {
  let arguments = !con(own, (ins
    Recipe_Either<Recipe_Word<["error", "drop", "split"]>, Recipe_Option<["cut"]>>:$overflow,
    Recipe_Word<["keep", "drop"]>:$last,
    Recipe_Word<["same", "shuffle"]>:$order,
    Recipe_Word<["data", "source"]>:$within,
    Recipe_Word<["sequence", "pack"]>:$attend,
    Recipe_Word<["sequence", "pack"]>:$labels));
  let results = (outs Recipe_Policy:$result);
  let assemblyFormat = "custom<Keys>(attr-dict)";
}

def Recipe_EachOp : Recipe_PolicyOp<"each", (ins Recipe_Number<["sequences"]>:$count)> {
  let summary = "a fixed number of sequences a step";
  let description = "The capacity of a sequence is the model's context.";
}
def Recipe_TokensOp : Recipe_PolicyOp<"tokens", (ins Recipe_Tokens:$budget)> {
  let summary = "sequences until a budget of tokens";
  let description = "A step takes sequences in order as long as they fit the budget.";
}
def Recipe_PackOp : Recipe_PolicyOp<"pack", (ins Recipe_Tokens:$capacity,
    Recipe_Either<Recipe_Word<["next", "first", "best", "decreasing"]>, Recipe_Option<["fill"]>>:$fit,
    Recipe_Count:$units)> {
  let summary = "sequences laid end to end in packs, `units` packs a step";
  let description = [{
    `best` and `decreasing` shuffle the packs afterwards. `fill` cuts a sequence at the pack's end.
    Attention does not leave a sequence unless `attend` is `pack`.
  }];
}
def Recipe_SortedOp : Recipe_PolicyOp<"sorted", (ins Recipe_Number<["sequences"]>:$group,
    Recipe_Count:$units)> {
  let summary = "sequences sorted by length in groups, `units` groups a step";
  let description = "Groups are shuffled, so that a step's lengths are alike and steps differ.";
}
def Recipe_BucketOp : Recipe_PolicyOp<"bucket", (ins Recipe_Tokens:$tokens,
    Recipe_Count:$cycles,
    Recipe_Word<["error", "repeat"]>:$short_)> {
  let summary = "sequences of one length a step, drawn by odds";
  let description = [{
    The regions give the odds of a bucket that has sequences left, and how many tokens an epoch
    takes of it. The draw is without replacement and the same on every rank.
  }];
  let regions = (region SizedRegion<1>:$odds, SizedRegion<1>:$quota);
  let assemblyFormat = "`odds` $odds `quota` $quota custom<Keys>(attr-dict)";
}
def Recipe_GapsOp : Recipe_Op<"position.gaps", [Pure]> {
  let summary = "positions with jumps";
  let description = [{
    Positions count up from 0 and jump at `sites` places of the kind `at`, so that the last reaches
    up to `span`. The region gives how many tokens at the begin keep their positions.
  }];
  let arguments = (ins Recipe_Word<["sentence", "turn", "token"]>:$at,
    Recipe_OrNone<Recipe_Count>:$sites, Recipe_Tokens:$span, Recipe_Number<["percent"]>:$chance);
  let regions = (region SizedRegion<1>:$prefix);
  let results = (outs Recipe_Positions:$result);
  let assemblyFormat = "`prefix` $prefix custom<Keys>(attr-dict)";
}

#endif // DIALECTS_RECIPE_RECIPEBATCH_TD
