"""Recipes, model folders and data that nobody means well with: each is refused in words, or is read, in bounded memory and
processor time (bounded.py); nothing outside the output folder is touched.

    hostile_inputs.py RECIPES [NAME ...]     (roux on PATH; works in the current folder)
"""
import gzip
import json
import os
import pathlib
import shutil
import sys

import bounded
import short_run
from bounded import refused, roux
from short_run import say

recipes, bounded.only = sys.argv[1], sys.argv[2:]
train = """train read {
  model: base, data: docs, target: true, weight: 1 / step.targets
  batch: 2 * pack(64 tokens, fit: next, overflow: split, last: keep)
  optimizer: adamw(lr: 1e-3), length: 2 steps
}
"""
model = 'model base = load("model") { template: plain }\n'


def recipe(definitions="", data='data docs = text("docs.txt", ends: both)\n', name="case.recipe", train=train):
    pathlib.Path(name).write_text(model + data + definitions + train)


def fresh():
    """The model folder as a short run left it, and plain data."""
    for name in ("model", "runs"):
        shutil.rmtree(name, ignore_errors=True)
    shutil.copytree("made", "model")
    pathlib.Path("docs.txt").write_text("Once upon a time there was a cat. " * 40)
    recipe()


def edit_json(name, change):
    path = pathlib.Path("model", name)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


shutil.rmtree("runs", ignore_errors=True)
short_run.write("first", recipes, steps=1, run="threads: 1")
short_run.done("first")
shutil.rmtree("made", ignore_errors=True)
shutil.copytree(short_run.folder("first") / "model", "made")

# Numbers that more bits hold than are kept.
huge = 2**32 + 4
for what, before, after in [
        ("pieces", "\ntrain", f"\ndata cut0 = docs | cut({huge} tokens, side: right)\ntrain"),
        ("copies", "\ntrain", f"\ndata cut0 = docs | repeat({huge})\ntrain"),
        ("spans", "\ntrain", f"\ndata cut0 = docs | spans(tokens: {huge})\ntrain")]:
    fresh()
    text = pathlib.Path("case.recipe").read_text().replace(before, after, 1).replace("data: docs", "data: cut0")
    pathlib.Path("case.recipe").write_text(text)
    refused(f"a count of {what} beyond 32 bits", f"found {huge}, expected at most")
for what, before, after in [
        ("sites", "length: 2 steps", f"length: 2 steps, position: gaps(at: token, sites: {huge}, span: 128)"),
        ("cycles", "batch: 2 * pack(64 tokens, fit: next, overflow: split, last: keep)",
         f"batch: bucket(tokens: 64 tokens, odds: 1, cycles: {huge}, overflow: drop, last: keep)"),
        ("threads", "length: 2 steps\n}", f"length: 2 steps\n}}\nrun {{ threads: {huge} }}")]:
    fresh()
    recipe(train=train.replace(before, after))
    refused(f"a count of {what} beyond 32 bits", f"found {huge}")

fresh()
recipe(f"tokenizer t = bpe(docs, vocab: {huge})\nmodel own = new(llama, tokenizer: t, layers: 1, dim: 64, heads: 4, kv_heads: 2, "
       "ffn: 64, context: 512)\n", train=train.replace("model: base", "model: own"))
refused("a vocabulary beyond 32 bits", f"found {huge}, expected at most")

# Small texts that say large things.
fresh()
doublings = "".join(f"data d{i} = concat(d{i - 1}, d{i - 1})\n" for i in range(1, 46))
recipe("data d0 = docs\n" + doublings, train=train.replace("docs", "d45"))
refused("data that double 45 times", "rows, expected at most")
fresh()
recipe("data many = docs | repeat(100)" + " | repeat(100)" * 5 + "\n", train=train.replace("docs", "many"))
refused("copies of copies", "rows, expected at most")
fresh()
doublings = "".join(f"model m{i} = 0.5 * m{i - 1} + 0.5 * m{i - 1}\n" for i in range(1, 25))
recipe("model m0 = base\n" + doublings, train=train.replace("model: base", "model: m24"))
refused("a sum that doubles 24 times", "models, with those of the sums that it names; expected at most")

# Devices and links in the place of files.
for device in ("/dev/urandom", "/dev/zero"):
    fresh()
    recipe(data=f'data docs = text("{device}", ends: both)\n')
    refused(f"{device} as data", device)
fresh()
(pathlib.Path("runs/case")).mkdir(parents=True)
pathlib.Path("precious").write_text("mine")
os.symlink(os.path.abspath("precious"), "runs/case/lock")
refused("a lock that is a link", "lock: is a link")
say("what it led to is as it was", pathlib.Path("precious").read_text() == "mine")
for name in ("..recipe", "...recipe", ".recipe"):
    fresh()
    pathlib.Path("important.tmp").write_text("mine")
    recipe(name=name)
    refused(f"a recipe called {name}", "call it", "run", name)
    say("another file stays", pathlib.Path("important.tmp").read_text() == "mine")
    os.unlink(name)
fresh()
pathlib.Path("secret").write_text("my key")
os.unlink("model/tokenizer_config.json")
os.symlink(os.path.abspath("secret"), "model/tokenizer_config.json")
os.symlink(os.path.abspath("secret"), "model/merges.txt")
status, said, _, _ = roux("run", "case.recipe", "--target", "read")
taken = [path for path in pathlib.Path("runs").rglob("*") if path.is_file() and b"my key" in path.read_bytes()]
say("what links lead out to is not exported", not taken, taken)

# Tokenizers of a few bytes that make texts without end.
fresh()
for what, normalizer in [
        ("grows", {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}] * 40}),
        ("inserts", {"type": "Replace", "pattern": {"String": "e"}, "content": "x" * 1_000_000}),
        ("prepends", {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "y" * 100_000}] * 1000})]:
    fresh()
    edit_json("tokenizer.json", lambda file: file.update(normalizer=normalizer))
    refused(f"a normalizer that {what}", "docs.txt")
fresh()
edit_json("tokenizer.json", lambda file: file.update(pre_tokenizer={
    "type": "Split", "pattern": {"Regex": "(a|a|ab|[a-z]+)*[0-9]$|(x+x+)+y"}, "behavior": "Isolated", "invert": False}))
pathlib.Path("docs.txt").write_text("a" * 200_000)
if not bounded.only or "pattern" in bounded.only:
    status, said, _, _ = roux("run", "case.recipe", "--target", "read")
    say("a tokenizer's pattern without end: ends", status in (0, 1) and "docs.txt" in said or status == 0, f"status {status}: {said[-600:]}")
fresh()
pathlib.Path("docs.jsonl").write_text(json.dumps({"text": "a", "also": "a" * 100_000 + "!"}) + "\n")
recipe(data='data all = text("docs.jsonl", ends: both)\ndata docs = all | where(matches(field("also"), "(a+)+$|(a|aa)+$|(.*)(.*)(.*)[0-9]x$"))\n')
refused("a pattern of a recipe without end", "docs.jsonl:1: matches() cannot decide: match limit exceeded")

# Data that are small until they are read.
fresh()
with gzip.open("docs.jsonl.gz", "wb", compresslevel=9) as file:
    for _ in range(300):
        file.write(b"\n" * 1_000_000)
recipe(data='data docs = text("docs.jsonl.gz", ends: both)\n')
refused("a compressed file of nothing", "docs.jsonl.gz")
fresh()
pathlib.Path("docs.jsonl").write_text('{"text": "a", "deep": ' + "[" * 1_000_000 + "]" * 1_000_000 + "}\n")
recipe(data='data docs = text("docs.jsonl", ends: both)\n')
refused("JSON a million deep", "docs.jsonl:1")
for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"):
    fresh()
    pathlib.Path("model", name).write_text('{"a": ' + "[" * 1_000_000 + "]" * 1_000_000 + "}")
    refused(f"{name} a million deep", name)

# Names and numbers that are printed.
fresh()
edit_json("config.json", lambda file: file.update({"x" * 1_000_000: 1, "rope_scaling": {"type": "y" * 1_000_000}}))
refused("a type of a million letters", "config.json")
fresh()
recipe(data='data all = text("docs.txt", ends: both)\ndata docs = all | where(matches(field("text"), "' + "(" * 200_000 + '"))\n')
refused("a pattern of 200 000 brackets", "case.recipe")
fresh()
recipe(train=train.replace("lr: 1e-3", "lr: 1e-3, epsilon: 0"))
refused("an epsilon of nothing", "epsilon")
