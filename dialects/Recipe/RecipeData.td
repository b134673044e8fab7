//===- RecipeData.td - reading and changing records -----------------------===//
//
// Data flow from left to right, as `|` does in a recipe. No operation here knows
// how records are stored or when they are read.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPEDATA_TD
#define DIALECTS_RECIPE_RECIPEDATA_TD

include "dialects/Recipe/Recipe.td"

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

class Recipe_Source<string name, dag own> : Recipe_Op<"source." # name, [Pure]> {
  let arguments = !con((ins Recipe_Text:$files), own,
                       (ins Recipe_Word<["stop", "skip"]>:$on_error,
                            Recipe_Number<["bytes"]>:$max_record));
  let results = (outs Recipe_Data:$result);
  let assemblyFormat = "custom<Keys>(attr-dict)";
}
defvar Recipe_Ends = Recipe_Word<["none", "bos", "eos", "both"]>;

def Recipe_ChatSourceOp : Recipe_Source<"chat", (ins
    Recipe_Word<["auto", "messages", "sharegpt", "alpaca"]>:$layout)> {
  let summary = "conversations from files";
  let description = [{
    `layout` says which keys a record has; `auto` tells them apart record by record. A record that
    cannot be read, or is longer than `max_record`, stops the run or is skipped and counted.
  }];
}
def Recipe_CompletionSourceOp : Recipe_Source<"completion", (ins Recipe_Ends:$ends)> {
  let summary = "records of a prompt and its completion";
  let description = "`ends` are the special tokens around the two together.";
}
def Recipe_TextSourceOp : Recipe_Source<"text", (ins Recipe_Ends:$ends)> {
  let summary = "documents from plain or JSONL files";
  let description = "A begin-of-sequence token is never a label; a final end-of-sequence token is.";
}
def Recipe_TokensSourceOp : Recipe_Source<"tokens", (ins)> {
  let summary = "records of ids that are tokenized already";
  let description = "The ids are those of the consumer's tokenizer; others are an error.";
}

def Recipe_PairsSourceOp : Recipe_Source<"pairs", (ins)> {
  let summary = "prompts with a chosen and a rejected answer";
  let description = "A record is one sequence of two segments, each the prompt and an answer.";
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

class Recipe_Record<string name, dag own> : Recipe_Op<"record." # name, [Pure]> {
  let arguments = !con((ins Recipe_Data:$data), own);
  let results = (outs Recipe_Data:$result);
  let assemblyFormat = "$data custom<Keys>(attr-dict)";
}
/// With an expression, evaluated for each row of the scope it names.
class Recipe_RecordBy<string name, dag own> : Recipe_Record<name, own> {
  let regions = (region SizedRegion<1>:$by);
  let assemblyFormat = "$data $by custom<Keys>(attr-dict)";
}
defvar Recipe_Count = Recipe_Number<["plain"]>;
defvar Recipe_Tokens = Recipe_Number<["tokens"]>;
defvar Recipe_Amount = Recipe_Number<["records", "percent"]>;
defvar Recipe_Tail = Recipe_Word<["drop", "keep"]>;
defvar Recipe_Side = Recipe_Word<["right", "left", "middle"]>;

def Recipe_WhereOp : Recipe_RecordBy<"where", (ins)> {
  let summary = "the sequences for which a condition holds";
  let description = [{
    ```mlir
    %long = recipe.record.where %docs {
      %tokens = recipe.read sequence tokens : f64
      %bound = arith.constant 8.192e+03 : f64
      %holds = arith.cmpf oge, %tokens, %bound : f64
      recipe.result %holds : i1
    }
    ```
  }];
}
def Recipe_SampleOp : Recipe_Record<"sample", (ins Recipe_Amount:$amount)> {
  let summary = "a random choice of records, in order";
  let description = "A draw depends on the seed, this operation and the record, and on nothing else.";
}
def Recipe_WithoutOp : Recipe_Record<"without", (ins Recipe_Data:$others)> {
  let summary = "the records that are not among the others";
  let description = "Records are the same when they were read at the same place of the same file.";
  let assemblyFormat = "$data `,` $others custom<Keys>(attr-dict)";
}
def Recipe_ShuffleOp : Recipe_Record<"shuffle", (ins)> {
  let summary = "the records in a random order";
  let description = "One order serves all epochs.";
}
def Recipe_ConcatOp : Recipe_Op<"record.concat", [Pure]> {
  let summary = "one set of records after the other";
  let description = "Keeps the order of each.";
  let arguments = (ins Variadic<Recipe_Data>:$data);
  let results = (outs Recipe_Data:$result);
  let assemblyFormat = "$data custom<Keys>(attr-dict)";
}
def Recipe_MixOp : Recipe_Op<"record.mix", [Pure]> {
  let summary = "records interleaved by shares";
  let description = [{
    `shares` names each operand, in order, with its share of tokens or of sequences. The epoch ends
    with the first that runs out (`short_` is stop), or with the last, the others beginning again
    (repeat).
  }];
  let arguments = (ins Variadic<Recipe_Data>:$data, DictionaryAttr:$shares,
                       Recipe_Word<["tokens", "sequences"]>:$by,
                       Recipe_Word<["stop", "repeat"]>:$short_);
  let results = (outs Recipe_Data:$result);
  let assemblyFormat = "$data custom<Keys>(attr-dict)";
  let hasVerifier = 1;
}
def Recipe_RepeatOp : Recipe_Record<"repeat", (ins Recipe_Count:$times)> {
  let summary = "every record several times an epoch";
  let description = "The whole is repeated, in order.";
}
def Recipe_JoinOp : Recipe_RecordBy<"join", (ins)> {
  let summary = "one record of all that share a value";
  let description = "Texts are joined in the records' order; the region gives the value.";
}
def Recipe_SortOp : Recipe_RecordBy<"sort", (ins Recipe_Word<["rising", "falling"]>:$order)> {
  let summary = "records ordered by a number";
  let description = "Stable: equal values keep their order.";
}
def Recipe_KeepOp : Recipe_RecordBy<"keep", (ins Recipe_Amount:$top)> {
  let summary = "the records with the largest values, in their order";
  let description = "`top` is how many, or which share.";
}
def Recipe_StripOp : Recipe_Record<"strip", (ins Recipe_Text:$characters,
    Recipe_Word<["any", "system", "user", "assistant", "tool"]>:$from)> {
  let summary = "records with some characters deleted";
  let description = "`from` names the turns; `any` includes documents.";
}
def Recipe_SpansOp : Recipe_Record<"spans", (ins
    Recipe_OrNone<Recipe_Tokens>:$tokens,
    Recipe_OrNone<Recipe_Either<Recipe_Word<["sentence", "turn"]>, Recipe_Option<["delimiters"]>>>:$at,
    Recipe_Tail:$tail, Recipe_OrNone<Recipe_Count>:$at_most)> {
  let summary = "the records with spans marked";
  let description = "Spans of a length or up to a site; they annotate and make no rows.";
}
def Recipe_KeepSpansOp : Recipe_RecordBy<"keep_spans", (ins)> {
  let summary = "only the spans for which a condition holds";
  let description = "The rest of each record is cut out and counted.";
}
def Recipe_CutOp : Recipe_Record<"cut", (ins Recipe_Tokens:$length, Recipe_Side:$side,
    Recipe_OrNone<Recipe_Text>:$field)> {
  let summary = "sequences, or a field of theirs, cut to a length";
  let description = "`side` is the side that goes; of `middle`, the first and last half stay.";
}
def Recipe_SplitOp : Recipe_Record<"split", (ins Recipe_Range<["tokens"]>:$pow2,
    Recipe_Word<["random", "largest"]>:$overlong, Recipe_Tail:$tail)> {
  let summary = "one record into sequences whose lengths are powers of two";
  let description = "Each part is a sequence of its own whose `record` is its origin.";
}

//===----------------------------------------------------------------------===//
// Records written by a model
//===----------------------------------------------------------------------===//

def Recipe_AskOp : Recipe_Op<"record.ask", [Pure]> {
  let summary = "records with fields that a model has answered";
  let description = "`fields` names each new field with its prompt, or a choice of prompts.";
  let arguments = (ins Recipe_Data:$data, Recipe_Model:$model,
    Recipe_Either<Recipe_Word<["whole"]>, Recipe_Option<["numbered", "tag", "tags"]>>:$parse,
    Recipe_Either<Recipe_Word<["whole"]>, Recipe_Option<["chunk"]>>:$on, Recipe_Tokens:$tokens,
    Recipe_Number<["plain"]>:$temperature, DictionaryAttr:$fields);
  let results = (outs Recipe_Data:$result);
  let assemblyFormat = "$data `,` $model custom<Keys>(attr-dict)";
}
def Recipe_PickOp : Recipe_Record<"pick", (ins Recipe_Text:$field, Recipe_Count:$count)> {
  let summary = "records with some of a field's values";
  let description = "Drawn without replacement.";
}
def Recipe_AsChatOp : Recipe_Record<"as_chat", (ins Recipe_Prompt:$user, Recipe_Prompt:$assistant,
    Recipe_OrNone<Recipe_Prompt>:$system)> {
  let summary = "records made into conversations";
  let description = "Holes are filled from the record's fields; `document` is a text record's text.";
}

#endif // DIALECTS_RECIPE_RECIPEDATA_TD
