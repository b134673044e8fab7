//===- Mistakes.cpp - the kinds of mistakes, by name ----------------------===//
//
// One table. Its examples are checked by a test: the wrong one gives a diagnostic
// of that name and nothing else, the right one none.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Mistakes.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

namespace roux {

static constexpr MistakeRow table[] = {
    {Code::Encoding, "encoding", "the file is no plain UTF-8 text",
     "A recipe is UTF-8 without a byte order mark, its lines end in LF, and it holds no control "
     "characters but tabs. Most editors can save it so.",
     "", "", ""},
    {Code::Character, "character", "a character that means nothing here",
     "The message says what to write instead where another language uses the character: '#' begins "
     "a comment, texts stand in double quotes, conditions are joined by and, or and not.",
     "train", "target: role == assistant && turns > 1", "target: role == assistant and turns > 1"},
    {Code::Number, "number", "a number that cannot be read",
     "Suffixes touch the number (4Ki, 80GB, 3%, 1.5B), units follow after a space (2 epochs). "
     "k, M and B are powers of 1000, Ki, Mi and Gi of 1024.",
     "train", "batch: 8 * pack(4K tokens, overflow: drop, last: keep)",
     "batch: 8 * pack(4Ki tokens, overflow: drop, last: keep)"},
    {Code::Text, "text", "a text in quotes that cannot be read",
     "A text ends on the line where it begins; one of several lines stands between three quotes. "
     "\\n, \\t, \\\", \\\\, \\{ and \\} are characters that a text may hold.",
     "data", "chat(\"chats.jsonl) | shuffle", "chat(\"chats.jsonl\") | shuffle"},
    {Code::Syntax, "syntax", "something else was expected at this place",
     "The caret stands at the first word that does not fit. A recipe is definitions: "
     "'kind name = value' or 'kind name { key: value, … }'; a comma or a new line ends an entry, "
     "and a call is name(value, key: value).",
     "train", "length 2 epochs", "length: 2 epochs"},
    {Code::TooMuch, "too-much", "more than a recipe may hold",
     "Sizes are bounded so that a broken or hostile file cannot take the machine: 16 MB a recipe, "
     "names of 200 characters, values nested 200 deep, 1000 values a list.",
     "", "", ""},
    {Code::UnknownKind, "unknown-kind", "a definition of a kind that does not exist",
     "The kinds are param, prompt, tokenizer, model, data, score, train, eval and run.", "file",
     "dataset x = docs | shuffle", "data x = docs | shuffle"},
    {Code::Form, "form", "a definition that is made in another way",
     "param, prompt, tokenizer, model and data have a value: 'data d = …'. score, train, eval and "
     "run "
     "have a block: 'train t { … }'. Only a model has both: 'model m = load(\"folder\") { context: "
     "8Ki }'.",
     "file", "data x = docs { sample: 3 }", "data x = docs | sample(3 records)"},
    {Code::Reserved, "reserved-name", "a name that the language needs for itself",
     "Kinds (data, model, train …), scopes (token, turn, step …) and words such as then, or, seed "
     "could not be told from a definition of that name.",
     "file", "data step = docs | shuffle", "data steps = docs | shuffle"},
    {Code::UnknownName, "unknown-name", "nothing has this name here",
     "Names are those of definitions in this file and the files it uses, in any order. Inside a "
     "condition or a formula they are what is known there: role, nll, sequence.tokens, turn.index; "
     "a field of the data's records is field(\"name\").",
     "train", "target: assistant", "target: role == assistant"},
    {Code::UnknownKey, "unknown-key", "nothing here has a key of this name",
     "The message names the key that was probably meant, or where a key of that name belongs. All "
     "keys with their defaults are in recipes/README.md; an editor that speaks to 'roux lsp' "
     "completes them.",
     "train", "num_epochs: 2", "length: 2 epochs"},
    {Code::MissingKey, "missing-key", "a value that has no default was left out",
     "What would change the result silently has no default: what is trained on, what each target "
     "weighs, what happens to a sequence that is too long, what to do with the rest of an epoch.",
     "train", "batch: 8 * pack(4Ki tokens, last: keep)",
     "batch: 8 * pack(4Ki tokens, overflow: drop, last: keep)"},
    {Code::WrittenTwice, "written-twice", "one key has two values",
     "The later one does not win: one of them is a mistake.", "train",
     "length: 2 epochs, length: 500 steps", "length: 500 steps"},
    {Code::DefinedTwice, "defined-twice", "two definitions have one name",
     "Names are shared by all kinds and by all files of a recipe; a recipe has one run block.",
     "file", "data docs = chats | shuffle", "data mixed = chats | shuffle"},
    {Code::ExtraValue, "extra-value", "a value too many, or one that needs its name",
     "Only what a construct is about stands without a name: sample(5%), pack(4Ki tokens, …). "
     "Everything "
     "else is 'key: value'. How many packs make a step is written in front: 8 * pack(…).",
     "train", "optimizer: adamw(2e-5)", "optimizer: adamw(lr: 2e-5)"},
    {Code::WrongValue, "wrong-value", "a value of another sort than is expected",
     "The message lists what may stand here. A word is written without quotes, a path with them; "
     "several values are a list in brackets.",
     "run", "dtype: \"bf16\"", "dtype: bf16"},
    {Code::WrongUnit, "wrong-unit", "a number in another unit, or without one",
     "Numbers that count something say what: 4Ki tokens, 500 steps, 2 epochs, 1_000 records. A "
     "share "
     "is a percentage, memory is in bytes.",
     "train", "length: 500", "length: 500 steps"},
    {Code::OutOfRange, "out-of-range", "a number outside of what is possible",
     "The message says the bound: shares are at most 100%, counts are whole and at least 1.",
     "data", "docs | sample(110%)", "docs | sample(10%)"},
    {Code::Together, "together", "two values that exclude each other",
     "Each is right by itself. The message names both, and a note shows the other one.", "train",
     "patience: 3", "schedule: [warmup(3%), cosine(to: 0)]"},
    {Code::Formula, "formula", "a condition or a formula that does not work out",
     "Conditions give a truth, weights and scores a number. '==' compares, 'in' looks into a list "
     "or a "
     "range, 'if c then a else b' chooses. Numbers have no unit here.",
     "train", "target: role", "target: role == assistant"},
    {Code::NotKnownHere, "not-known-here", "a value that is not known where it is read",
     "What is known grows along the way: records have fields, sequences have tokens, steps have "
     "counts, and the loss of a token is known last. A value of each token is brought to a "
     "sequence by "
     "any(…), all(…), sum(…) or mean(… over sequence).",
     "data", "chats | where(role == assistant)",
     "chats | where(any(role == assistant over sequence))"},
    {Code::Prompt, "prompt", "a prompt with a hole that cannot be filled",
     "{document} is a hole: the field of that name stands there. \\{ and \\} are the characters.",
     "file", "prompt p = \"Read this: {}\"",
     "data x = docs | ask(teacher, said: \"Read this: {document}\")"},
    {Code::Seed, "seed", "a seed that is none",
     "A recipe has one seed, a whole number: 'seed 7' on a line of its own. Every draw follows "
     "from it.",
     "file", "seed 7.5", "seed 7"},
    {Code::Setting, "setting", "a value on the command line that fits nothing",
     "--set name=value gives a param of the recipe another value; the keys of run have flags of "
     "their "
     "own, as in --dtype f32.",
     "", "", ""},
    {Code::Use, "use", "a recipe that is used cannot be read",
     "'use \"parts.recipe\"' reads definitions from another file; the path is relative to the "
     "recipe "
     "that names it.",
     "file", "use \"parts.recipe\"", "param rows = 4 records\ndata x = docs | sample(rows)"},
    {Code::Cycle, "cycle", "a definition is made of itself",
     "The message shows the way round. The order of definitions in the file does not matter.",
     "file", "data a = b | shuffle\ndata b = a | shuffle",
     "data a = docs | shuffle\ndata b = a | sample(5%)"},
    {Code::Unused, "unused", "a definition that nothing reads",
     "A param, a prompt or a tokenizer that nothing reads is usually a slip of the name where it "
     "was to "
     "be read.",
     "file", "param rows = 4", "param rows = 4 records\ndata x = docs | sample(rows)"},
    {Code::NoFile, "no-file", "a file or folder that is not there",
     "Paths are relative to the recipe that names them. Models and data are on this machine: "
     "nothing is "
     "fetched. 'roux check --no-files' leaves the question out.",
     "", "", ""},
    {Code::Refused, "refused",
     "the recipe is right, but cannot be done with these data or this model",
     "'roux check' looks at the files as 'roux run' would: a model without a tokenizer, a sequence "
     "that "
     "is longer than the model's context, a schedule longer than the training. The message says "
     "which "
     "value of the recipe it is about and what would fit.",
     "", "", ""},
    {Code::NotYet, "not-yet", "the word is known, but this build does not run it",
     "recipes/README.md says of every construct whether it runs. What is *checked only* is part of "
     "the "
     "language, so that a recipe can be read and compared, and is refused before any work.",
     "", "", ""},
    {Code::Failed, "failed", "a file, a record or the machine is not as it has to be",
     "Nothing in the recipe is wrong that could be seen in it. The message begins with the file, "
     "and "
     "with the line where it is one of many: a record that is no JSON, a checkpoint that is "
     "damaged, a "
     "full disk. It says what was found, what was expected and, where there is one, the way on.",
     "", "", ""},
};

std::span<const MistakeRow> mistakes() {
  return table;
}

std::string_view spelling(Code code) {
  const auto *row = std::ranges::find(table, code, &MistakeRow::code);
  assert(row != std::end(table) && "every kind of mistake has a row");
  return row->name;
}

const MistakeRow *findMistake(std::string_view name) {
  const auto *row = std::ranges::find(table, name, &MistakeRow::name);
  return row == std::end(table) ? nullptr : row;
}

static std::string indented(std::string_view text) {
  std::string out = "  ";
  for (char c : text) {
    if (c == '\r')
      continue;
    out += c;
    if (c == '\n')
      out += "  ";
  }
  return out + "\n";
}

std::string explanation(const MistakeRow &row) {
  std::string out = fmt::format("{}: {}\n\n{}\n", row.name, row.title, row.text);
  if (!row.wrong.empty())
    out += fmt::format("\nwrong:\n{}\nright:\n{}", indented(row.wrong), indented(row.right));
  return out;
}

std::string mistakesPage() {
  std::string out =
      "# Mistakes, by name\n\nEvery diagnostic ends in the name of its kind, in brackets; "
      "`--diagnostics json` has it as `code`. `roux explain NAME` prints what stands here. This "
      "page "
      "is made by `print-reference mistakes`.\n";
  for (const MistakeRow &row : table) {
    out += fmt::format("\n## {}\n\n{}{}. {}\n", row.name,
                       static_cast<char>(std::toupper(static_cast<unsigned char>(row.title[0]))),
                       row.title.substr(1), row.text);
    if (row.wrong.empty())
      continue;
    out += fmt::format("\n```\n{}\n```\n\nis written\n\n```\n{}\n```\n", row.wrong, row.right);
  }
  return out;
}

} // namespace roux
