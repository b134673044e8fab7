"""A small model, texts and a recipe around the keys of one train: what freeze.test and adapt.test share. (roux on PATH)"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402, F401

LAYERS = 4


def begin():
    base = toy.write_model("base", layers=LAYERS)
    toy.texts("docs.jsonl", [60 + i for i in range(12)])
    return base


def train(name, model="base", more="", steps=4, optimizer="adamw(lr: 1e-2)"):
    return f"""train {name} {{
  model: {model}
  data: docs
  target: true
  weight: 1 / step.targets
  batch: each(3 sequences, overflow: error, last: keep)
  optimizer: {optimizer}
  length: {steps} steps
{f"  {more}" if more else ""}
}}
"""


def recipe(*trains, file="r.recipe", dtype="f32", run=""):
    pathlib.Path(file).write_text('model base = load("base")\ndata docs = text("docs.jsonl", ends: both)\n' + "".join(trains) +
                                  f"run {{ dtype: {dtype}, threads: 1, memory: 4GB, save: every(1 steps, keep: 3){run} }}\n")


def roux(*words, fails=False):
    said = subprocess.run(["roux", *words], capture_output=True, text=True)
    assert (said.returncode != 0) == fails, said
    return said.stdout + said.stderr


def folder(name):
    return sorted(pathlib.Path("runs/r").glob(f"{name}-*"), key=lambda each: each.stat().st_mtime)[-1]


def tensors(name, file="model/model.safetensors"):
    return toy.read_tensors(folder(name) / file)


def losses(name):
    return [json.loads(line)["loss"] for line in (folder(name) / "metrics.jsonl").read_text().splitlines()]


def saves(name):
    return sorted(folder(name).glob("step-*.checkpoint"))


def as_if_killed(name):
    """The folder as a kill behind the last save but one leaves it."""
    made = folder(name)
    shutil.rmtree(made / "model")
    shutil.rmtree(made / "adapter", ignore_errors=True)
    saves(name)[-1].unlink()
