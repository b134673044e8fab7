"""A train of four steps, and those of two and three, which are its beginnings: average(…) of its last three saves is their mean.

    average_of_saves.py   (roux on PATH; works in the current folder)
"""
import json
import pathlib
import subprocess
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

toy.write_model("model")
toy.texts("docs.jsonl", [60 + i for i in range(12)])
TRAIN = """train {name} {{
  model: base, data: docs, target: true, weight: 1 / step.targets
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-2), length: {steps} steps
}}
"""


def recipe(saves=3, keep=3):
    pathlib.Path("r.recipe").write_text('model base = load("model")\ndata docs = text("docs.jsonl", ends: both)\n' + "".join(
        TRAIN.format(name=name, steps=steps) for name, steps in (("two", 2), ("three", 3), ("four", 4))) +
        f"model mean = average(four, saves: {saves})\neval of_mean {{ model: mean, target: true, unseen: loss(docs) }}\n"
        f"run {{ dtype: f32, threads: 1, memory: 4GB, save: every(1 steps, keep: {keep}) }}\n")


def roux(*words, fails=False):
    said = subprocess.run(["roux", "run", "r.recipe", *words], capture_output=True, text=True)
    text = said.stdout + said.stderr
    assert (said.returncode != 0) == fails, text
    return text


def tensors(name):
    folders = sorted(pathlib.Path("runs/r").glob(f"{name}-*"), key=lambda folder: folder.stat().st_mtime)
    return toy.read_tensors(folders[-1] / "model/model.safetensors")


recipe(keep=2)
said = roux(fails=True)
check("what will not be saved is refused before any training", "r.recipe:15:" in said and "3 saves are asked for, and 2 stay; "
      "expected save: every(…, keep: 3) in the run block" in said and not list(pathlib.Path("runs/r").glob("two-*")), said)
recipe()
roux()
said = roux("--target", "mean")
check("it is written like a train's model", "model mean: runs/r/mean-" in said, said)
parts = [tensors(name) for name in ("two", "three", "four")]
mean = tensors("mean")
check("it has the train's tensors", set(mean) == set(parts[0]))
check("each is the mean of the three", all(
    numpy.array_equal(mean[name], (sum(part[name].astype("f8") for part in parts) / 3).astype("f4")) for name in mean))
check("and is not one of them", any(not numpy.array_equal(mean[name], parts[2][name]) for name in mean))
measured = json.loads(next(pathlib.Path("runs/r/evals").glob("of_mean-*.json")).read_text())["tasks"][0]["all"]["mean"]
recipe(saves=1)
roux("--target", "mean")
check("of one save it is the end", all(numpy.array_equal(tensor, parts[2][name]) for name, tensor in tensors("mean").items()))
roux()
check("each is measured on its own", len({json.loads(file.read_text())["tasks"][0]["all"]["mean"]
                                          for file in pathlib.Path("runs/r/evals").glob("of_mean-*.json")}) == 2, measured)
for file in pathlib.Path("runs/r").glob("four-*/step-*.checkpoint"):
    file.unlink()
recipe(saves=2)
check("a save that is gone is said", "train 'four' has 0 saves; expected 2" in roux("--target", "mean", fails=True))
