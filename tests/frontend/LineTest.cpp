// Where an entry ends and what a block belongs to: each line and block rule of the reference, with
// the text that obeys it and the text that does not.
#include "tests/frontend/Parsed.h"

#include <gtest/gtest.h>

using namespace roux;

static std::string errors(const std::string &text) {
  return Parsed(text).errors();
}
static std::string tree(const std::string &text) {
  Parsed parsed(text);
  EXPECT_EQ(parsed.errors(), "") << text;
  return onOneLine(parsed.print());
}

TEST(Lines, NewlinesInsideParenthesesAndListsAreSpaces) {
  EXPECT_EQ(tree("data d = f(\na\n,\nb: 1\n)"), tree("data d = f(a, b: 1)"));
  EXPECT_EQ(tree("param p = [\n1,\n2\n]"), tree("param p = [1, 2]"));
  EXPECT_EQ(tree("param p = (a\n+ b)"), tree("param p = (a + b)"));
}

TEST(Lines, ANewlineEndsAnEntry) {
  EXPECT_EQ(tree("eval e {\na: 1\nb: 2\n}"), tree("eval e { a: 1, b: 2 }"));
  EXPECT_EQ(
      errors("param p = a\n+ b"),
      "2:1: expected a definition, 'use' or 'seed', found '+'; a line that goes on ends in its "
      "operator\n");
  EXPECT_EQ(errors("eval e {\na: 1\n- 2\n}"),
            "3:1: expected a key, found '-'; a line that goes on ends in its operator\n");
  EXPECT_EQ(errors("eval e {\na: b\nand c\n}"),
            "3:1: expected a key, found 'and'; a line that goes on ends in its operator\n");
}

TEST(Lines, AnOperatorAtTheEndGoesOn) {
  for (std::string op : {"+", "-", "*", "/", "^", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
                         "and", "or", "..", "|"})
    EXPECT_EQ(tree("eval e { k: a " + op + "\n\nb }"), tree("eval e { k: a " + op + " b }")) << op;
}

TEST(Lines, WhatMustBeFollowedGoesOn) {
  EXPECT_EQ(tree("eval e {\nk:\n1\n}"), tree("eval e { k: 1 }"));
  EXPECT_EQ(tree("param p =\n1"), tree("param p = 1"));
  EXPECT_EQ(tree("eval e { k: if\na then\nb else\nc }"), tree("eval e { k: if a then b else c }"));
  EXPECT_EQ(tree("eval e { k: not\na }"), tree("eval e { k: not a }"));
  EXPECT_EQ(tree("eval e { k: f(a over\nstep) }"), tree("eval e { k: f(a over step) }"));
}

TEST(Lines, PipeThenAndElseMayLeadALine) {
  EXPECT_EQ(tree("data d = a\n\n# why\n| f\n| g(1)"), tree("data d = a | f | g(1)"));
  EXPECT_EQ(tree("eval e {\nk: if a\nthen b\n# or\nelse c\n}"),
            tree("eval e { k: if a then b else c }"));
  EXPECT_EQ(errors("eval e {\nk: if a\nb: 1\n}"),
            "2:8: expected 'then' after the condition of 'if', found the end of the line\n");
}

TEST(Lines, ACommaEndsAnEntryToo) {
  EXPECT_EQ(tree("param p = 1, param q = 2"), tree("param p = 1\nparam q = 2"));
  EXPECT_EQ(tree("eval e { , a: 1,, b: 2, \n,}"), tree("eval e { a: 1, b: 2 }"));
  EXPECT_EQ(tree("param p = f(1, 2,)"), tree("param p = f(1, 2)"));
  EXPECT_EQ(tree("param p = [1, 2,]"), tree("param p = [1, 2]"));
  EXPECT_EQ(errors("param p = [1,, 2]"), "1:14: expected a value, found ','\n");
  EXPECT_EQ(errors("eval e { a: 1 b: 2 }"),
            "1:15: expected ',' or a new line after the value of 'a', found 'b'\n");
  EXPECT_EQ(errors("param p = 1 param q = 2"),
            "1:13: expected ',' or a new line after the definition, found 'param'\n");
}

TEST(Lines, IndentationAndCommentsMeanNothing) {
  EXPECT_EQ(tree("   param p = 1 # one\n\t# two\nparam q = 2"), tree("param p = 1\nparam q = 2"));
  EXPECT_EQ(tree("prompt p = \"a # b\""), "(prompt p (text \"a # b\"))");
}

TEST(Blocks, AtFileLevelABlockIsTheDefinitions) {
  EXPECT_EQ(tree("model m = b { k: 1 }"), "(model m (name b) (block (k: number 1)))");
  EXPECT_EQ(tree("model m = load(\"x\") { k: 1 }"),
            "(model m (call load (text \"x\")) (block (k: number 1)))");
  EXPECT_EQ(tree("train t { k: 1 }"), "(train t (block (k: number 1)))");
  EXPECT_EQ(tree("run { k: 1 }"), "(run (block (k: number 1)))");
  EXPECT_EQ(errors("train t\n{ k: 1 }"),
            "1:8: expected '=' or '{' after the name, found the end of the line; a block begins on "
            "the line where its definition ends\n");
  EXPECT_EQ(
      errors("model m = b\n{ k: 1 }"),
      "2:1: expected a definition, found '{'; a block begins on the line where its definition "
      "ends\n");
}

TEST(Blocks, InsideAValueABlockOverridesTheModelBeforeIt) {
  EXPECT_EQ(tree("train t { model: b { k: 1 } }"),
            "(train t (block (model: override (name b) (block (k: number 1)))))");
  EXPECT_EQ(tree("model m = 0.5 * (b { k: 1 })"),
            "(model m (binary * (number 0.5) (group (override (name b) (block (k: number 1))))))");
  EXPECT_EQ(tree("model m = f(load(\"x\") { k: 1 })"),
            "(model m (call f (override (call load (text \"x\")) (block (k: number 1)))))");
  EXPECT_EQ(errors("train t { model: 3 { k: 1 } }"),
            "1:20: a block overrides a model: a name or a call stands before it\n");
}

TEST(Blocks, KeysMayBeReservedWordsDefinitionsMayNot) {
  EXPECT_EQ(tree("eval e { data: 1, model: 2, step: 3, if: 4 }"),
            "(eval e (block (data: number 1) (model: number 2) (step: number 3) (if: number 4)))");
  EXPECT_EQ(tree("param p = f(data: 1, in: 2)"),
            "(param p (call f (data: number 1) (in: number 2)))");
  EXPECT_EQ(errors("data step = a"), "1:6: 'step' is a scope and cannot name a definition\n");
  EXPECT_EQ(errors("data model = a"), "1:6: 'model' is a kind and cannot name a definition\n");
  EXPECT_EQ(errors("data over = a"),
            "1:6: 'over' is a word of the language and cannot name a definition\n");
  EXPECT_EQ(errors("data next = a"), "");
}

TEST(Blocks, LetBelongsToAScore) {
  EXPECT_EQ(tree("score s { let a = 1\nvalue: a }"),
            "(score s (block (let a: number 1) (value: name a)))");
  EXPECT_EQ(errors("train t { let a = 1 }"),
            "1:11: 'let' belongs directly in the block of a score\n");
  EXPECT_EQ(errors("score s { k: m { let a = 1 } }"),
            "1:18: 'let' belongs directly in the block of a score\n");
}

TEST(Blocks, RunHasNoName) {
  EXPECT_EQ(errors("run fast { k: 1 }"),
            "1:5: 'run' has no name; a file has one, written 'run { … }'\n");
}
