//===- RefusalRareTest.cpp - mistakes that few people make ----------------===//
//
// Every diagnostic is shown by some test; tests/style/unexercised.py lists those
// that are not. Here stand the ones that no other table needs.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Parser.h"
#include "tests/frontend/check/Around.h"

#include <gtest/gtest.h>

namespace roux {
namespace {

struct Rare {
  Around around;
  std::string_view wrong;
  std::string_view says; ///< part of what is said
};

constexpr Rare rares[] = {
    // Definitions and blocks.
    {Around::File, "data x {\n}", "a data needs a value: data x = …"},
    {Around::File, "eval e { model: base, target: true }",
     "an eval measures something, as in unseen: loss(held)"},
    {Around::File, "data a@1 = docs",
     "a definition's name has no '@'; a version belongs to a metric"},
    {Around::File, "score s {\n  data: docs\n  let = 3\n  value: sequence.tokens\n}",
     "expected a name after 'let', found '='"},
    {Around::File, "score s {\n  data: docs\n  let step = 3\n  value: sequence.tokens\n}",
     "'step' is a scope and cannot name a 'let'"},
    {Around::File, "score s {\n  data: docs\n  let a 3\n  value: sequence.tokens\n}",
     "expected '=' after 'let a', found '3'"},
    {Around::Score, "let unread = 3\nvalue: sequence.tokens", "nothing uses 'unread'"},
    {Around::Score, "value: mean(perplexity(span) over sequence)",
     "this is of spans; write 'spans:'"},
    {Around::File,
     "train t { model: base, data: chats, target: true, weight: 1, batch: each(8 sequences, "
     "overflow: drop, last: keep), optimizer: adamw(lr: 1), length: 1 epochs }\neval e { model: t, "
     "during: every(5 steps, keep: 3), u: loss(held) }",
     "'keep' is for saved files; 'during' saves none"},
    {Around::File, "eval e { model: base, u: loss(held) }",
     "loss() needs to know its targets: 'e' measures no train, so write 'target:'"},
    // Values.
    {Around::Data, "mix(nowhere: 60%, chats: 40%, by: tokens)",
     "mix takes shares of data by name; nothing is called 'nowhere'"},
    {Around::Data, "docs | sample(amount: 5%)", "'amount' of sample is written without its name"},
    {Around::Data, "docs.shuffle()", "found '.shuffle'; operations stand behind '|', as in"},
    {Around::Data, "text(\"s3://here/docs.txt\", ends: eos)",
     "'s3://here/docs.txt' is no path of this machine; nothing is fetched"},
    {Around::Data, "text(\"a.txt\\q\", ends: eos)", "unknown escape; a text has"},
    {Around::Train, "batch: pack(4Ki tokens, overflow: drop, last: keep) * 8",
     "how many units make a step stands in front: 8 * pack(…)"},
    {Around::Data, "docs | sample((3 steps) records)", "steps cannot be counted in records"},
    {Around::Run, "threads: none + 1", "expected a number, found none"},
    {Around::Data, "docs | sample((2 records) * (3 records))", "a product has at most one unit"},
    {Around::Data, "docs | sample((2 records) / (3 steps))",
     "a quotient needs one unit, or none below"},
    {Around::Data, "docs | sample((2 records) ^ 2)", "a power is one of plain numbers"},
    {Around::Data, "docs | split(pow2: (1 tokens)..(4 steps), overlong: random, tail: drop)",
     "both ends of a range need one unit; found tokens and steps"},
    {Around::File, "param a = \"x\"\ndata x = docs | sample(a + 1)",
     "expected a number, found 'a', a text"},
    {Around::Train, "optimizer: adamw(lr: -1)", "'lr' of adamw must not be negative"},
    {Around::Train,
     "optimizer: muon(lr: 0.02, rest: adamw(lr: 3e-4, betas: [0.9, 0.95], moments: bf16))",
     "moments are of the whole optimizer; write it in muon(…)"},
    // Formulas.
    {Around::Score, "value: perplexity(sequence, after: span)",
     "perplexity has no argument 'after'"},
    {Around::Data, "docs | where(docs.where(true))",
     "only field(…) is called on a scope, as in sequence.field(\"name\")"},
    {Around::Train, "target: turn.field(\"a\") == \"b\"",
     "only a sequence has fields: sequence.field(\"name\")"},
    {Around::Data, "docs | where(field(3) == 3)", "a field is named by one text: field(\"name\")"},
    {Around::Data, "docs | where(sequence.field == \"a\")", "a field is named: field(\"name\")"},
    {Around::Train, "weight: max(1)", "max needs two values, or one over a scope:"},
    {Around::Data, "docs | where(matches(\"a\", 3))",
     "expected a regular expression in quotes, found a plain number"},
    {Around::Train, "weight: count(step)", "rows of 'step' cannot be counted"},
    {Around::Score, "value: entropy(sequence.tokens)",
     "entropy takes shares: entropy(softmax(e over S)) or entropy(p over S)"},
    {Around::Score, "value: perplexity(token)",
     "perplexity is of a span, a turn or a sequence, found 'token'"},
    {Around::Train, "position: gaps(at: token, span: 64Ki, chance: 50%, prefix: foo.tokens)",
     "'foo' is no scope; scopes here are"},
    {Around::Train, "weight: step.tokens.targets",
     "an attribute is read from a scope, as in sequence.targets"},
    {Around::File,
     "score s { data: docs, model: base, value: perplexity(sequence) }\ndata x = docs | where(s > "
     "1)",
     "'s' is a score; read it from a row, as in sequence.s"},
    {Around::File, "param a = 3 steps\ndata x = docs | where(sequence.tokens > a)",
     "an expression is made of plain numbers; 'a' is steps"},
    {Around::Data, "docs | where(1..3)", "a range stands only right of 'in' and in uniform(a..b)"},
    {Around::Data, "docs | where([1, 2])", "a list stands only right of 'in'"},
    {Around::Train, "target: matches(turn.text over step, \"x\")",
     "'over' stands only in a reduction, as in sum(e over step)"},
    {Around::Train, "weight: 1 / sqrt(sequence.targets over step)",
     "'over' stands only in a reduction, as in sum(e over step)"},
    {Around::Data, "docs | where(source == nowhere)", "no data are called 'nowhere'"},
    {Around::Data, "docs | where(sequence.tokens in 5)",
     "expected a range a..b or a list right of 'in', found"},
};

TEST(Refusals, Rare) {
  for (const Rare &rare : rares) {
    SCOPED_TRACE(rare.wrong);
    CheckedPiece piece(rare.around, rare.wrong);
    EXPECT_FALSE(piece.recipe);
    EXPECT_NE(piece.errors().find(rare.says), std::string::npos) << piece.errors();
    EXPECT_EQ(piece.diagnostics.all().size(), 1u) << piece.errors();
  }
}

/// What more than a recipe may hold is refused, and nothing is made of it.
TEST(Refusals, Bounds) {
  auto refused = [](Around around, const std::string &piece, std::string_view says) {
    CheckedPiece checked(around, piece);
    EXPECT_FALSE(checked.recipe);
    EXPECT_NE(checked.errors().find(says), std::string::npos) << checked.errors().substr(0, 500);
  };
  std::string list = "[1", arguments = "concat(docs", chain = "data d0 = docs\n", many;
  for (int i = 0; i < 1001; ++i) {
    list += ", 1";
    arguments += ", docs";
  }
  for (int i = 1; i < 300; ++i)
    chain.insert(0, "data d" + std::to_string(i) + " = d" + std::to_string(i - 1) + "\n");
  for (int i = 0; i < 200'001; ++i)
    many += "data m" + std::to_string(i) + " = docs\n";
  refused(Around::Train, "optimizer: adamw(lr: 1, betas: " + list + "])",
          "a list has at most 1000 values; found 1002");
  refused(Around::Data, arguments + ")", "concat takes at most 1000 arguments; found 1002");
  refused(Around::Data, "docs | strip(\"" + std::string(1001, 'a') + "\")",
          "a text that is no prompt has at most 1000 bytes; found 1001");
  refused(Around::File, chain, "definitions read each other more than 200 deep");
  refused(Around::File, many, "a recipe has at most 200000 definitions");
  refused(Around::Nothing, std::string(maxRecipeBytes + 1, ' '), "bytes; at most");
  refused(Around::File, "data x = docs\r\n",
          "1 line ends in CR LF, expected LF; save the file with Unix line ends");
  refused(Around::Nothing, "\xEF\xBB\xBFseed 7\n",
          "the file starts with a byte order mark; save it as UTF-8 without one");
}

} // namespace
} // namespace roux
