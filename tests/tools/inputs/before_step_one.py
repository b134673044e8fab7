"""What the stages and sums of a recipe need is known before the first step, and a sum is a model like a train's.

    before_step_one.py RECIPES     (roux on PATH; works in the current folder)
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import short_run
from short_run import done, metrics, run, say

recipes = sys.argv[1]
EACH = "each(4 sequences, overflow: error, last: drop)"


def train(name, model, data="pieces", carry="", target="true", batch=EACH):
    return (f"\ntrain {name} {{\n  model: {model}\n  data: {data}\n  target: {target}\n  weight: 1 / step.targets\n"
            f"  batch: {batch}\n  optimizer: adamw(lr: 1e-3)\n  length: 3 steps\n{carry and '  carry: ' + carry}\n}}\n")


pieces = "\ndata pieces = stories | split(pow2: 32..32, overlong: largest, tail: drop)\n"
wide = "\nmodel wide = read { rope: base(80_000), context: 1Ki }\n"

# A block that changes no tensor keeps the moments, however it is written.
for place, model, extra in (("place", "read { rope: base(80_000), context: 1Ki }", ""), ("name", "wide", wide),
                            ("twice", "again", wide + "\nmodel again = wide { context: 2Ki }\n")):
    short_run.write(place, recipes, run="dtype: f32", steps=4, extra=pieces + extra + train("second", model, carry="optimizer"))
    done(place, target="second")
    say(f"carry goes through a block: {place}", len(metrics(place, "second")) == 3)
short_run.write("blended", recipes, run="dtype: f32", steps=4,
                extra=pieces + train("second", "0.5 * read + 0.5 * tiny", carry="optimizer"))
status, said = run("blended", target="second")
say("and not through a sum", status and "'carry' takes from a train" in said, said)

# What of a schedule or of evals on the way the training never reaches is told by roux check.
short_run.write("short", recipes, run="dtype: f32", steps=4, schedule="[warmup(1M tokens), cosine(to: 0)]",
                extra="\neval e { model: read, during: every(5 steps), x: loss(stories | cut(32 tokens, side: right)) }\n")
said = subprocess.run(["roux", "check", "short.recipe"], capture_output=True, text=True).stdout
say("parts and intervals that are never reached are told", all(each in said for each in (
    "warning: phase 1 of the schedule, 'warmup', is not over when the training is\n",
    "warning: phase 2 of the schedule, 'cosine', has none of the 4 steps\n",
    "warning: eval e is never measured on the way: every 5 steps, of which there are 4\n")), said)

# Everything that a later stage lacks is found before the first one begins.
done("place")
shutil.copytree(short_run.folder("place") / "model", "lost")
os.remove("lost/model.safetensors")
for name, what, extra in (
        ("a chat template", "needs a template", "\nmodel bare = new(llama, tokenizer: words, layers: 1, dim: 64, heads: 4,"
         " kv_heads: 2, ffn: 64, context: 512)\n" + train("second", "bare", "chats", target="role == assistant")),
        ("a position that no plan holds", "expected 'token.index' or gaps", pieces + train("second", "read").replace(
            "  length", "  position: token.index * 2\n  length")),
        ("a length over the capacity", "at most 512 fit", train("second", "read", "stories")),
        ("a schedule that ends before the train does", "the schedule ends at step 2, but the training has 3 steps",
         pieces + train("second", "read").replace("  length", "  schedule: [linear(to: 0, over: 2 steps)]\n  length")),
        ("an average of more saves than there will be", "saves 1 time in its 4 steps; expected 2",
         "\nmodel mean = average(read, saves: 2)\n" + train("second", "mean", "stories | cut(32 tokens, side: right)")
         + "\nrun { dtype: f32, save: every(9 steps, keep: 2) }\n"),
        ("a term of a sum without its weights", "lost/model.safetensors: cannot be opened",
         '\nmodel lost = load("lost")\nmodel mean = 0.5 * read + 0.5 * lost\neval e { model: mean, target: true, '
         "x: loss(stories | cut(32 tokens, side: right)) }\n"),
        ("an eval of too long data", "context is 512", "\neval e { model: read, x: loss(stories) }\n")):
    short_run.write("late", recipes, run="" if "run {" in extra else "dtype: f32", steps=4, extra=extra)
    target = "e" if "eval e" in extra else "second"
    status, said = run("late", target=target)
    begun = list(pathlib.Path("runs/late").glob("read-*"))
    say(f"{name} is found before any step", status and what in said and not begun, (said, begun))

# What the terms of a sum disagree about is decided by a block, or refused.
both = wide + "\nmodel one = 0.5 * read + 0.5 * wide\n"
short_run.write("sums", recipes, run="dtype: f32", steps=4, extra=both)
status, said = run("sums", target="one")
say("a sum of unlike models is refused", status and "differ in rotary positions (base 10000 and 80000)" in said, said)
half = wide + "\nmodel one = 0.5 * read + 0.5 * wide { rope: base(80_000) }\n"
short_run.write("sums", recipes, run="dtype: f32", steps=4, extra=half)
status, said = run("sums", target="one")
say("for each thing that no block says", status and "differ in context (512 and 1024 tokens)" in said, said)
shutil.copytree(short_run.folder("place") / "model", "same")
shutil.copytree("same", "other")
config = json.loads(pathlib.Path("other/config.json").read_text())
for key, value, what in (("hidden_act", "gelu_pytorch_tanh", "activations"), ("model_type", "mistral", "kinds (llama and mistral)")):
    pathlib.Path("other/config.json").write_text(json.dumps(config | {key: value}))
    short_run.write("sums", recipes, run="dtype: f32", steps=4, extra='\nmodel same = load("same")\nmodel other = load("other")\nmodel one = 0.5 * same + 0.5 * other\n')
    status, said = run("sums", target="one")
    say(f"other {what}", status and f"differ in {what}" in said, said)
whole = wide + ("\nmodel one = 0.5 * read + 0.5 * wide { rope: base(80_000), context: 1Ki }\n"
                "\nmodel two = 0.5 * wide + 0.5 * read { rope: base(80_000), context: 1Ki }\n")
short_run.write("sums", recipes, run="dtype: f32", steps=4, extra=whole)
folders = []
for target in ("one", "two"):
    said = done("sums", target=target)
    folders.append(next(pathlib.Path("runs/sums").glob(f"{target}-*")) / "model")
first, second = folders
config = json.loads((first / "config.json").read_text())
say("a model is a target, written like a train's",
    config["max_position_embeddings"] == 1024 and (first / "tokenizer.json").exists(), config)
say("its order does not matter",
    all((first / file).read_bytes() == (second / file).read_bytes() for file in ("config.json", "model.safetensors")))
say("what is there is not made again", "model one: nothing changed" in done("sums", target="one"))
status, said = run("sums", target="three")
say("another name is refused", status and "no train, eval, score or model is named 'three'" in said, said)
