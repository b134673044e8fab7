"""What `roux diff` says of two recipes and of two runs.

    compared.py RECIPES     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

import short_run
from short_run import say

recipes = sys.argv[1]
short_run.write("a", recipes, steps=4, run="threads: 1", optimizer="adamw(lr: peak)",
                extra="param peak = 1e-3\neval after { model: read, target: true, unseen: loss(held) }\n")
text = pathlib.Path("a.recipe").read_text()
head, train = text.split("train read {", 1)


def other(name, *edits):
    result = train
    for before, after in edits:
        assert before in result, before
        result = result.replace(before, after, 1)
    pathlib.Path(f"{name}.recipe").write_text(head + "train read {" + result)


def roux(*arguments):
    process = subprocess.run(["roux", *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process.returncode, process.stdout, process.stderr


def lines(said):
    return [re.sub(" +", " ", line.strip()) for line in said.splitlines()]


# The same in other words is no difference; train by train.
other("same", ("2 * pack(256 tokens", "2*pack(0.25Ki tokens"))
status, out, err = roux("diff", "a.recipe", "same.recipe")
say("other words: no difference", status == 0 and "train read: no difference" in out and "train talk: no difference" in out, out + err)

# Another weight is another objective; the formulas stand one below the other.
other("b", ("weight:    1 / step.targets", "weight:    1 / (sequence.targets * step.sequences)"), ("2 * pack(256", "4 * pack(256"),
      ("length: 4 steps", "length: 6 steps"))
status, out, err = roux("diff", "a.recipe", "b.recipe")
found = lines(out)
say("the objectives", status == 0 and any(line.startswith("A L = (1 / T) * sum_i sum_t nll") for line in found)
    and any(line.startswith("B L = (1 / M) * sum_i (1 / N_i)") for line in found), out + err)
say("the keys", "batch.units 2 4" in found and "length 4 steps 6 steps" in found, out)
say("the steps", "steps 4 6" in found and any(re.fullmatch(r"tokens a step 276\.\.512 276\.\.1\.02k", line) for line in found), out)
say("the memory", any(line.startswith("activations ") for line in found) and any(line.startswith("peak ") for line in found), out)
say("not what is equal", not any(line.startswith("parameters ") for line in found), out)

# Other data: what is kept and lost of them.
other("c", ("data:      stories", "data:      stories | cut(64 tokens, side: right)"))
status, out, err = roux("diff", "a.recipe", "c.recipe")
say("data kept and lost", status == 0 and re.search(r"stories +\d+ sequences, \d+ tokens, \d+ targets", out)
    and re.search(r"cut: .*\d+ sequences", out), out + err)

# Runs: with what came of them, from their own recipes, whatever became of the file.
assert roux("run", "a.recipe", "--target", "after")[0] == 0
assert roux("run", "a.recipe", "--target", "after", "--set", "peak=2e-3")[0] == 0
first, second = [json.loads(line)["folder"] for line in roux("runs", "a.recipe", "--json")[1].splitlines()]
pathlib.Path("a.recipe").rename("gone")
status, out, err = roux("diff", first, second)
found = lines(out)
say("runs: the rate", status == 0 and "optimizer.lr 0.001 0.002" in found, out + err)
say("runs: the results", any(line.startswith("last loss ") for line in found) and any(line.startswith("after/unseen ") for line in found), out)
status, out, err = roux("diff", first, second, "--json")
told = json.loads(out)
say("as JSON", told["recipe"] == [{"what": "optimizer.lr", "a": "0.001", "b": "0.002"}]
    and {fact["section"] for fact in told["facts"]} == {"results"} and told["objective"][0] == told["objective"][1], out)
pathlib.Path("gone").rename("a.recipe")
status, out, err = roux("diff", second, "a.recipe")
say("a run and a recipe", status == 0 and "optimizer.lr 0.002 0.001" in lines(out) and "train talk: only in B" in out, out + err)

# What is neither is refused; so is a recipe with a mistake.
status, out, err = roux("diff", "a.recipe", "nothing")
say("nothing is refused", status == 1 and "nothing: is neither a recipe nor the folder of a run" in err, err)
status, out, err = roux("diff", "runs/a", "a.recipe")
say("a folder of folders is refused", status == 1 and "runs/a: is not the folder of a run: expected runs/RECIPE/NAME-HASH with a run.json" in err, err)
pathlib.Path("bad.recipe").write_text(text.replace("length:", "lenght:"))
status, out, err = roux("diff", "a.recipe", "bad.recipe")
say("a mistake is said", status == 1 and "unknown key 'lenght'" in err and "bad.recipe: cannot be compared before that is mended" in err, err)
pathlib.Path("lost.recipe").write_text(text.replace("stories.txt", "nowhere.txt"))
status, out, err = roux("diff", "a.recipe", "lost.recipe")
say("lost data leave the text", status == 0 and "not planned: B: " in out, out + err)
