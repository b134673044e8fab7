"""keep: best(…), patience:, saved(…) and every(… epochs), on a train that unlearns after its sixth step.

    best_weights.py   (roux on PATH; works in the current folder)
"""
import json
import pathlib
import re
import subprocess
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

toy.write_model("model")
toy.texts("docs.jsonl", [60 + i for i in range(6)])
toy.texts("other.jsonl", [75 + i for i in range(6)])
RECIPE = """model base = load("model")
data docs = text("docs.jsonl", ends: both)
data other = text("other.jsonl", ends: both)
train tuned {{
  model: base, data: docs, target: true, weight: (if step.index < 6 then 1 else -4) / step.targets
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: 3e-2), length: {length}
  {keys}
}}
eval watch {{ model: tuned, during: every({every}), unseen: loss(other) }}
{more}
run {{ dtype: f32, threads: 1, memory: 4GB{run} }}
"""


def recipe(keys="", length="12 steps", every="1 steps", more="", run=""):
    pathlib.Path("r.recipe").write_text(RECIPE.format(keys=keys, length=length, every=every, more=more, run=run))


def roux(*words, fails=False):
    said = subprocess.run(["roux", *words], capture_output=True, text=True)
    text = said.stdout + said.stderr
    assert (said.returncode != 0) == fails, text
    return text


def newest(name):
    return max(pathlib.Path("runs/r").glob(f"{name}-*"), key=lambda folder: folder.stat().st_mtime)


def tensors(folder):
    return toy.read_tensors(folder / "model/model.safetensors")


def same(a, b):
    return set(a) == set(b) and all(numpy.array_equal(a[name], b[name]) for name in a)


def losses(folder):
    """What was measured after each step."""
    return {line["step"] + 1: line["watch/unseen"] for line in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines()) if "watch/unseen" in line}


# Without: the last weights, worse than some before.
recipe()
roux("run", "r.recipe")
last, measured = newest("tuned"), losses(newest("tuned"))
best = min(measured, key=measured.get)
check("the loss rises again", 1 <= best < 12 and measured[12] > measured[best], measured)

# With: those of the best step, which is another train, and why is said.
recipe("keep: best(unseen)")
said = roux("run", "r.recipe")
kept = newest("tuned")
check("which step is kept is said", f"train tuned: kept the weights of step {best} of 12, where unseen was {measured[best]:.4f}" in said, said)
check("it is another train", "trained anew, because keep: best(measurement: unseen) is new" in said, said)
check("its export is what was best", re.search(rf"unseen +{measured[best]:.4f}", said), said)
recipe(length=f"{best} steps")
roux("run", "r.recipe")
check("as a training that ends there has it", same(tensors(kept), tensors(newest("tuned"))))
recipe("keep: best(unseen)")
check("and nothing is done twice", "train tuned: nothing changed" in roux("run", "r.recipe"))

# Patience ends it; the report and the next stage know.
recipe("keep: best(unseen), patience: 2", more="""train next {
  model: tuned, data: other, target: true, weight: 1 / step.targets, carry: optimizer
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 2 steps
}""")
said = roux("run", "r.recipe")
early = newest("tuned")
check("patience ends it", max(losses(early)) == best + 2 and f"kept the weights of step {best} of {best + 2}" in said, said)
check("with the same best", same(tensors(kept), tensors(early)))
check("a train goes on from it", "train next: 2 steps" in said, said)
check("it is finished", "train tuned: nothing changed" in roux("run", "r.recipe"))
subprocess.run(["rm", "-r", str(early / "model")], check=True)
check("without its export it is exported again", "kept the weights of step" in roux("run", "r.recipe") and same(tensors(kept), tensors(early)))

# Every save is a model: measured, written, started from, talked to.
more = """model third = saved(tuned, step: 3 steps)
eval of_third { model: third, target: true, unseen: loss(other) }
train on {
  model: third, data: other, target: true, weight: 1 / step.targets
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 1 steps
}"""
subprocess.run(["rm", "-r", "runs"], check=True)
for step, why in ((4, "r.recipe:10:34: error: train 'tuned' saves nothing after step 4; expected save: every(4 steps) in the run block, or so"),
                  (99, "r.recipe:10:34: error: train 'tuned' has 12 steps")):
    recipe(more=more.replace("step: 3", f"step: {step}"), run=", save: every(3 steps)")
    check(f"step {step} is refused before any training", why in roux("run", "r.recipe", "--target", "of_third", fails=True)
          and not list(pathlib.Path("runs/r").glob("tuned-*")))
recipe(more=more, run=", save: every(3 steps)")
said = roux("run", "r.recipe", "--target", "of_third")
check("a save is measured as it was on the way", re.search(rf"unseen +{measured[3]:.4f}", said), said)
said = roux("run", "r.recipe", "--target", "third")
check("a save is written like a train's model", "model third: runs/r/third-" in said, said)
check("a save is started from", "train on: 1 steps" in roux("run", "r.recipe", "--target", "on"))
recipe(more=more.replace("step: 3", "step: 6"), run=", save: every(3 steps)")
(newest("tuned") / "step-000000006.checkpoint").unlink()
check("a save that is gone is said", "train 'tuned' has no save of step 6; it has " in roux("run", "r.recipe", "--target", "of_third", fails=True))

# By epochs: two steps are one.
recipe(every="2 epochs", run=", save: every(1 epochs), log: every(3 epochs)")
roux("run", "r.recipe", "--set", "x=1", fails=True)
subprocess.run(["rm", "-r", "runs"], check=True)
roux("run", "r.recipe")
folder = newest("tuned")
check("measured at the ends of epochs", sorted(losses(folder)) == [4, 8, 12], losses(folder))
check("and saved", [int(path.stem[5:]) for path in sorted(folder.glob("*.checkpoint"))] == [2, 4, 6, 8, 10, 12])
