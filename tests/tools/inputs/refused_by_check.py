"""`roux check` and `roux run` refuse the same recipes, and check says where in both of its forms.

    refused_by_check.py RECIPES     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import shutil
import subprocess
import sys

from short_run import say

recipes = pathlib.Path(sys.argv[1])
shutil.copytree(recipes / "tiny", "tiny")
TEXT = (recipes / "tiny.recipe").read_text()
HELD = "eval report {"
# What is changed, and what is said; in the recipe's line of the first word of the second column.
REFUSED = [
    ([("length:    30 steps", "lenght:    30 steps")], "lenght", "did you mean 'length'?", "unknown-key"),
    ([("tiny/stories.txt", "tiny/none.txt")], "data stories", "there is no file or folder", "no-file"),
    ([(HELD, "run { devices: 8, parallel: shard }\n" + HELD)], "devices:", "'devices' is checked, but this build", "not-yet"),
    ([("overflow: split", "overflow: error")], "batch:", "but at most 256 fit", "refused"),
    ([("data stories = text(\"tiny/stories.txt\", ends: both)", "data stories = text(\"tiny/stories.txt\", ends: both)\n"
       "data few = stories | where(sequence.tokens > 1Mi)"), ("data:      stories", "data:      few")],
     "data:      few", "the data of 'read' hold no sequence", "refused"),
    ([("schedule:  [warmup(10%), cosine(to: 10%)]", "schedule:  [warmup(100 steps), cosine(to: 0, over: 100 steps)]")],
     "schedule:", "phase 2 of the schedule", "refused"),
    ([(HELD, "run { memory: 2MB }\n" + HELD)], "memory:", "a step of train read needs", "refused"),
    ([("tokenizer words = bpe(stories, vocab: 512)\n", ""), ('model tiny = new(llama, tokenizer: words, layers: 2, dim: 64, heads: 4, kv_heads: 2, ffn: 176, context: 512) {\n'
       '  template: plain\n}', 'model tiny = load("bare") { template: plain }')], "model:     tiny", "brings no tokenizer", "refused"),
    ([(HELD, "data one = text(\"tiny/stories.txt\", ends: both)\neval beyond { model: tiny, target: true, whole: loss(one) }\n" + HELD)],
     "eval beyond", "and the model's context is 512; expected data within it", "refused"),
    ([(HELD, "eval far { model: tiny, found: needle(stories, lengths: [9_000], depths: [50%]) }\n" + HELD)],
     "eval far", "a needle test of 9000 tokens does not fit", "refused"),
]


def roux(*arguments):
    return subprocess.run(["roux", *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


pathlib.Path("base.recipe").write_text(TEXT.replace("length:    30 steps", "length:    1 steps"))
say("a model", roux("run", "base.recipe", "--target", "read").returncode == 0)
folder, = pathlib.Path("runs/base").glob("read-*/model")
shutil.copytree(folder, "bare", ignore=lambda *_: [name.name for name in folder.iterdir() if "token" in name.name])
for changes, place, message, code in REFUSED:
    text = TEXT
    for before, after in changes:
        text = text.replace(before, after)
    name = "r.recipe"
    pathlib.Path(name).write_text(text)
    line = text[:text.index(place)].count("\n") + 1
    run, check, told = roux("run", name), roux("check", name), roux("check", name, "--diagnostics", "json")
    say(f"{message}: run refuses it", run.returncode == 1 and message in run.stderr, run.stderr)
    say(f"{message}: check refuses it", check.returncode == 1 and message in check.stderr, check.stdout + check.stderr)
    say(f"{message}: and in JSON", told.returncode == 1 and message in told.stdout, told.stdout)
    if code:
        say(f"{message}: at its line", f"{name}:{line}:" in check.stderr and f"[{code}]" in check.stderr and "^" in check.stderr, check.stderr)
        found = [json.loads(each) for each in told.stdout.splitlines() if '"severity"' in each]
        say(f"{message}: with a place", found and found[0]["line"] == line and found[0]["code"] == code, found)
explained = roux("explain", "refused")
say("the kind is explained", explained.returncode == 0 and "refused:" in explained.stdout, explained.stdout)
say("all are listed", "unknown-key" in roux("explain").stdout)
unknown = roux("explain", "unknown-kye")
say("a name that is none", unknown.returncode == 1 and "did you mean 'unknown-key'?" in unknown.stderr, unknown.stderr)
