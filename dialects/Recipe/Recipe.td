//===- Recipe.td - the recipe dialect: what was asked ---------------------===//
//
// The dialect itself, its enumerations, its types, and the values that carry
// where they come from. The operations are in the other files of this folder,
// one part of the language each.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RECIPE_RECIPE_TD
#define DIALECTS_RECIPE_RECIPE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Recipe_Dialect : Dialect {
  let name = "recipe";
  let cppNamespace = "::roux::recipe";
  let summary = "a recipe with nothing left open";
  let description = [{
    The recipe dialect says what was asked: which records, which tokens are targets, what each
    weighs, which sequences meet in a step, and what is measured. Every name is resolved, every
    default is filled in, and every value says where it comes from. It has no shapes, no tensors and
    no devices; those appear in `step` and below.

    **Definitions** are symbols of a module, in an order in which each stands behind those it reads.
    The region of a definition computes what it is: records, models and batch policies flow as
    values of the types `!recipe.data`, `!recipe.model`, `!recipe.tokenizer`, `!recipe.policy` and
    `!recipe.positions`; `recipe.get` reads another definition.

    **Values** are attributes that end in their origin: `at "file":line:column` where the author
    wrote it, `via "p"` where that was in the param `p`, `set "p"` from the command line, `default`
    from the table of constructs. What only qualifies an operation (`cut(right)`, `adamw(…)`,
    `warmup(3%)`) is an `#recipe.option`, a named set of values.

    **Expressions** (`where`, `target`, `weight`, `loss`, …) are regions of `arith` and `math` in
    f64 and i1 around the operations that read a scope (`recipe.read`), range over one
    (`recipe.reduce`) or draw (`recipe.uniform`). A region ends in `recipe.result`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Adds the attributes, which are defined in a file of their own.
    void registerValues();
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Recipe_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::roux::recipe";
  let genSpecializedAttr = 0;
}

def Recipe_Measure : Recipe_Enum<"Measure", "what a number counts", [
  I32EnumAttrCase<"plain", 0>, I32EnumAttrCase<"percent", 1>, I32EnumAttrCase<"bytes", 2>,
  I32EnumAttrCase<"tokens", 3>, I32EnumAttrCase<"sequences", 4>, I32EnumAttrCase<"records", 5>,
  I32EnumAttrCase<"steps", 6>, I32EnumAttrCase<"epochs", 7>, I32EnumAttrCase<"min", 8>,
  I32EnumAttrCase<"h", 9>]>;

def Recipe_OriginKind : Recipe_Enum<"OriginKind", "where a value comes from", [
  I32EnumAttrCase<"at", 0>, I32EnumAttrCase<"byDefault", 1, "default">, I32EnumAttrCase<"set", 2>]>;

def Recipe_Scope : Recipe_Enum<"Scope", "what an attribute belongs to", [
  I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"token", 1>, I32EnumAttrCase<"turn", 2>,
  I32EnumAttrCase<"span", 3>, I32EnumAttrCase<"sequence", 4>, I32EnumAttrCase<"pack", 5>,
  I32EnumAttrCase<"bucket", 6>, I32EnumAttrCase<"step", 7>, I32EnumAttrCase<"later", 8>,
  I32EnumAttrCase<"earlier", 9>, I32EnumAttrCase<"pairs", 10>, I32EnumAttrCase<"chosen", 11>,
  I32EnumAttrCase<"rejected", 12>]>;
def Recipe_ScopeAttr : EnumAttr<Recipe_Dialect, Recipe_Scope, "scope">;

def Recipe_Attribute : Recipe_Enum<"Attribute_", "what is read of a scope", [
  I32EnumAttrCase<"index", 0>, I32EnumAttrCase<"id", 1>, I32EnumAttrCase<"position", 2>,
  I32EnumAttrCase<"role", 3>, I32EnumAttrCase<"nll", 4>, I32EnumAttrCase<"logsumexp", 5>,
  I32EnumAttrCase<"tokens", 6>, I32EnumAttrCase<"targets", 7>, I32EnumAttrCase<"text", 8>,
  I32EnumAttrCase<"record", 9>, I32EnumAttrCase<"turns", 10>, I32EnumAttrCase<"spans", 11>,
  I32EnumAttrCase<"source", 12>, I32EnumAttrCase<"field", 13>, I32EnumAttrCase<"sequences", 14>,
  I32EnumAttrCase<"length", 15>, I32EnumAttrCase<"progress", 16>, I32EnumAttrCase<"packs", 17>,
  I32EnumAttrCase<"score", 18>, I32EnumAttrCase<"logp", 19>, I32EnumAttrCase<"reference", 20>,
  I32EnumAttrCase<"characters", 21>]>;
def Recipe_AttributeAttr : EnumAttr<Recipe_Dialect, Recipe_Attribute, "attribute">;

def Recipe_Reduction : Recipe_Enum<"Reduction", "how many values become one", [
  I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>, I32EnumAttrCase<"min", 2>,
  I32EnumAttrCase<"max", 3>, I32EnumAttrCase<"count", 4>, I32EnumAttrCase<"any", 5>,
  I32EnumAttrCase<"all", 6>, I32EnumAttrCase<"quantile", 7>, I32EnumAttrCase<"softmax", 8>,
  I32EnumAttrCase<"entropy", 9>]>;
def Recipe_ReductionAttr : EnumAttr<Recipe_Dialect, Recipe_Reduction, "reduction">;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class Recipe_Type<string name, string keyword, string what>
    : TypeDef<Recipe_Dialect, name>, BuildableType<"$_builder.getType<::roux::recipe::" # name # "Type>()"> {
  let mnemonic = keyword;
  let summary = what;
}

def Recipe_Data : Recipe_Type<"Data", "data", "records, in an order">;
def Recipe_Model : Recipe_Type<"Model", "model", "weights with their shape, tokenizer and template">;
def Recipe_Tokenizer : Recipe_Type<"Tokenizer", "tokenizer", "text to ids and back">;
def Recipe_Policy : Recipe_Type<"Policy", "policy", "which sequences make a step">;
def Recipe_Positions : Recipe_Type<"Positions", "positions", "a rule that gives tokens positions">;
def Recipe_TextType : Recipe_Type<"Text", "text", "a text of a record, or a word such as a role">;
def Recipe_Values : Recipe_Type<"Values", "values", "the values of a softmax, one a row">;

//===----------------------------------------------------------------------===//
// Values with their origin
//===----------------------------------------------------------------------===//

def Recipe_OriginAttr : AttrDef<Recipe_Dialect, "Origin"> {
  let mnemonic = "origin";
  let summary = "where a value comes from";
  let description = [{
    `at "tiny.recipe":14:3` for what stands in a recipe, with `via "lr"` when the value was taken
    from a param written there; `set "lr"` for a param given on the command line; `default` for what
    the table of constructs says.
  }];
  let parameters = (ins EnumParameter<Recipe_OriginKind>:$kind, "::mlir::StringAttr":$file,
                        "uint32_t":$line, "uint32_t":$column, "::mlir::StringAttr":$param);
  let hasCustomAssemblyFormat = 1;
}

class Recipe_Value<string name, string keyword, string what> : AttrDef<Recipe_Dialect, name> {
  let mnemonic = keyword;
  let summary = what;
  let hasCustomAssemblyFormat = 1;
}

def Recipe_NoneAttr : Recipe_Value<"None", "none", "an option that is not taken"> {
  let parameters = (ins "OriginAttr":$origin);
}
def Recipe_FlagAttr : Recipe_Value<"Flag", "flag", "true or false"> {
  let parameters = (ins "bool":$value, "OriginAttr":$origin);
}
def Recipe_NumberAttr : Recipe_Value<"Number", "number", "a number and what it counts"> {
  let description = "Percent is a share: 3% is `0.03 percent`. Bytes, tokens, … are whole units.";
  let parameters = (ins "::mlir::FloatAttr":$value, EnumParameter<Recipe_Measure>:$measure,
                        "OriginAttr":$origin);
}
def Recipe_RangeAttr : Recipe_Value<"Range", "range", "a closed range"> {
  let parameters = (ins "::mlir::FloatAttr":$low, "::mlir::FloatAttr":$high,
                        EnumParameter<Recipe_Measure>:$measure, "OriginAttr":$origin);
  let genVerifyDecl = 1;
}
def Recipe_TextAttr : Recipe_Value<"TextValue", "text", "a text, escapes replaced"> {
  let parameters = (ins "::mlir::StringAttr":$value, "OriginAttr":$origin);
}
def Recipe_PromptAttr : Recipe_Value<"Prompt", "prompt", "a text with {holes}"> {
  let description = [{`{field}` is a hole; `\{` and `\}` are braces.}];
  let parameters = (ins "::mlir::StringAttr":$value, "OriginAttr":$origin);
}
def Recipe_WordAttr : Recipe_Value<"Word", "word", "one of a set of words"> {
  let parameters = (ins "::mlir::StringAttr":$value, "OriginAttr":$origin);
}
def Recipe_ListAttr : Recipe_Value<"List", "list", "several values"> {
  let parameters = (ins "::mlir::ArrayAttr":$items, "OriginAttr":$origin);
}
def Recipe_OptionAttr : Recipe_Value<"Option", "option", "a named set of values"> {
  let description = [{
    What qualifies an operation and is none of its own: `#recipe.option<cut {side = …}, at …>`.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::DictionaryAttr":$values,
                        "OriginAttr":$origin);
}

//===----------------------------------------------------------------------===//
// What operations require of their values
//===----------------------------------------------------------------------===//

/// "a", "b", "c" as C++ and as words.
class Recipe_Words<list<string> words> {
  string cpp = "{\"" # !interleave(words, "\", \"") # "\"}";
  string text = !interleave(words, ", ");
}
/// An attribute of ours that satisfies `condition`; read through its own class.
class Recipe_Attr<Pred condition, string what> : Attr<condition, what> {
  let storageType = "::mlir::Attribute";
  let returnType = "::mlir::Attribute";
  let convertFromStorage = "$_self";
}
class Recipe_Is<string attribute, string what>
    : Recipe_Attr<CPred<"::llvm::isa<::roux::recipe::" # attribute # "Attr>($_self)">, what>;
class Recipe_Either<Attr a, Attr b>
    : Recipe_Attr<Or<[a.predicate, b.predicate]>, a.summary # ", or " # b.summary>;

/// A number that counts one of `measures`.
class Recipe_Number<list<string> measures = ["plain"]>
    : Recipe_Attr<CPred<"::roux::recipe::isNumber($_self, " # Recipe_Words<measures>.cpp # ")">,
           "a number (" # Recipe_Words<measures>.text # ")">;
class Recipe_Range<list<string> measures>
    : Recipe_Attr<CPred<"::roux::recipe::isRange($_self, " # Recipe_Words<measures>.cpp # ")">,
           "a range (" # Recipe_Words<measures>.text # ")">;
/// One of `words`.
class Recipe_Word<list<string> words>
    : Recipe_Attr<CPred<"::roux::recipe::isWord($_self, " # Recipe_Words<words>.cpp # ")">,
           "one of the words " # Recipe_Words<words>.text>;
/// An option named one of `names`.
class Recipe_Option<list<string> names>
    : Recipe_Attr<CPred<"::roux::recipe::isOption($_self, " # Recipe_Words<names>.cpp # ")">,
           "one of the options " # Recipe_Words<names>.text>;
class Recipe_ListOf<Attr item>
    : Recipe_Attr<And<[CPred<"::llvm::isa<::roux::recipe::ListAttr>($_self)">,
                Concat<"::llvm::all_of(::llvm::cast<::roux::recipe::ListAttr>($_self).getItems(), "
                       "[&](::mlir::Attribute each) { return each && (",
                       SubstLeaves<"$_self", "each", item.predicate>, "); })">]>,
           "a list of " # item.summary>;

def Recipe_None : Recipe_Is<"None", "none">;
def Recipe_Flag : Recipe_Is<"Flag", "true or false">;
def Recipe_Text : Recipe_Is<"TextValue", "a text">;
def Recipe_Prompt : Recipe_Is<"Prompt", "a prompt">;
class Recipe_OrNone<Attr value> : Recipe_Either<value, Recipe_None>;

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

class Recipe_Op<string mnemonic, list<Trait> traits = []> : Op<Recipe_Dialect, mnemonic, traits>;

#endif // DIALECTS_RECIPE_RECIPE_TD
