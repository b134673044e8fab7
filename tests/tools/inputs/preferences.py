"""Trains on pairs of answers, in float64: DPO, SimPO and others against NumPy, loss and gradient of every tensor.

    preferences.py     (roux on PATH; works in the current folder)

The sums of log-probabilities, their slopes and the gradients are made here by hand; tokens of the toy model are bytes.
"""
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from llama_numpy import Llama  # noqa: E402
from toy import check  # noqa: E402

PAIRS, BETA = 32, 0.1


def write_model(path, seed):
    """Tied, as the model in NumPy is."""
    tensors = toy.write_model(path, seed=seed, layers=2)
    folder = pathlib.Path(path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": True}))
    toy.write_tensors(folder / "model.safetensors", {k: v for k, v in tensors.items() if k != "lm_head.weight"})


draw = random.Random(3)


def words(count):
    return " ".join(draw.choice(["stone", "river", "moss", "lamp", "old", "two", "a", "sang"]) for _ in range(count))


records = [{"prompt": words(draw.randint(1, 6)), "chosen": words(draw.randint(1, 8)), "rejected": words(draw.randint(1, 8))}
           for _ in range(PAIRS)]
held = [{"prompt": words(3), "chosen": words(4), "rejected": words(draw.randint(1, 9))} for _ in range(6)]
write_model("base", 1)
write_model("other", 2)
toy.lines("pairs.jsonl", *records)
toy.lines("held.jsonl", *held)


def roux(*words, fails=False):
    said = subprocess.run(["roux", *words], capture_output=True, text=True)
    assert (said.returncode != 0) == fails, said.stdout + said.stderr
    return said.stdout + said.stderr


DPO = "-log(sigmoid(0.1 * ((chosen.logp - chosen.reference) - (rejected.logp - rejected.reference))))"
SIMPO = "-log(sigmoid(2 * (chosen.logp / chosen.targets - rejected.logp / rejected.targets) - 0.5))"
ODDS = "{0}.logp / {0}.targets - log(1 - exp({0}.logp / {0}.targets))"
ORPO = f"-chosen.logp / chosen.targets - 0.1 * log(sigmoid({ODDS.format('chosen')} - ({ODDS.format('rejected')})))"


def recipe(loss=DPO, reference="other", model="base", batch="each(32 sequences, overflow: error, last: keep)", weight="1 / step.sequences",
           data='pairs("pairs.jsonl")', run="", more="", steps=1, target="role == assistant"):
    pathlib.Path("r.recipe").write_text(f"""model base = load("base")
model other = load("other")
data prefs = {data}
data held = pairs("held.jsonl")
train tuned {{
  model: {model}
  data: prefs
  target: {target}
  loss: {loss}
  weight: {weight}
  batch: {batch}
  optimizer: adamw(lr: 1e-3)
  length: {steps} steps
  {f"reference: {reference}" if reference else ""}
}}
{more}
run {{ dtype: f64, threads: 1, memory: 4GB, save: every(1 steps, keep: 3), {run} }}
""")


def folder():
    return max(pathlib.Path("runs/r").glob("tuned-*"), key=lambda each: each.stat().st_mtime)


def metrics():
    return [json.loads(line) for line in (folder() / "metrics.jsonl").read_text().splitlines()]


def tensors(step=1):
    """All that the save after a step holds."""
    raw = next(folder().glob(f"step-*{step}.checkpoint")).read_bytes()
    at = struct.unpack_from("<Q", raw, 16)[0]

    def number():
        nonlocal at
        at += 8
        return struct.unpack_from("<q", raw, at - 8)[0]

    def text():
        nonlocal at
        size = number()
        at += size
        return raw[at - size:at].decode()

    at += 8 * 8
    text()
    for _ in range(number()):
        text(), text()
    found = {}
    for _ in range(number()):
        name, element = text(), text()
        shape = [number() for _ in range(number())]
        offset, size = number(), number()
        found[name] = np.frombuffer(raw, {"f64": "<f8", "f32": "<f4"}[element], size // {"f64": 8, "f32": 4}[element],
                                    offset).reshape(shape)
    return found


def run_anew():
    """How a step is laid out is not part of what a train is, which would be there already."""
    for each in pathlib.Path("runs/r").glob("tuned-*"):
        shutil.rmtree(each)
    roux("run", "r.recipe")


def trained():
    """The first step's metrics, and its gradients out of the first moments."""
    run_anew()
    return metrics()[0], {name.removesuffix(".first"): each / (1 - 0.9) for name, each in tensors().items() if name.endswith(".first")}


def tokens(record, which):
    before = [256] + list(f"[user]{record['prompt']}[assistant]".encode())
    answer = list(record[which].encode()) + [257]
    return before + answer, [0] * len(before) + [1] * len(answer)


def logp(model, record, which):
    ids, targets = tokens(record, which)
    nothing = {name: np.zeros_like(each) for name, each in model.weights.items()}
    return -model.add_gradient(ids, targets, nothing)


def numpy_step(formula, weight=lambda record: 1 / PAIRS):
    """Loss and gradients; `formula` gives loss and slopes of a pair from what is known of its two answers."""
    model, reference = Llama("base"), Llama("other")
    gradients = {name: np.zeros_like(each) for name, each in model.weights.items()}
    total, margins = 0, []
    for record in records:
        known = {}
        for which in ("chosen", "rejected"):
            known[which] = (logp(model, record, which), logp(reference, record, which), len(record[which]) + 1)
        loss, slopes = formula(known["chosen"], known["rejected"])
        margins.append(known["chosen"][0] - known["chosen"][1] - known["rejected"][0] + known["rejected"][1])
        total += weight(record) * loss
        for which, slope in zip(("chosen", "rejected"), slopes):
            ids, targets = tokens(record, which)
            model.add_gradient(ids, [-slope * weight(record) * target for target in targets], gradients)
    return total, gradients, margins


def log1pexp(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def dpo(chosen, rejected):
    x = BETA * ((chosen[0] - chosen[1]) - (rejected[0] - rejected[1]))
    slope = -BETA / (1 + math.exp(x))
    return log1pexp(-x), (slope, -slope)


def simpo(chosen, rejected):
    x = 2 * (chosen[0] / chosen[2] - rejected[0] / rejected[2]) - 0.5
    slope = -2 / (1 + math.exp(x))
    return log1pexp(-x), (slope / chosen[2], -slope / rejected[2])


def with_sft(chosen, rejected):
    loss, (one, two) = dpo(chosen, rejected)
    return loss - 0.1 * chosen[0] / chosen[2], (one - 0.1 / chosen[2], two)


def orpo(chosen, rejected):
    mean = [each[0] / each[2] for each in (chosen, rejected)]
    x = mean[0] - math.log(1 - math.exp(mean[0])) - mean[1] + math.log(1 - math.exp(mean[1]))
    slopes = [-0.1 / (1 + math.exp(x)) / (1 - math.exp(each)) for each in mean]
    return -mean[0] + 0.1 * log1pexp(-x), ((slopes[0] - 1) / chosen[2], -slopes[1] / rejected[2])


def far(found, expected):
    assert set(found) == set(expected), (sorted(found), sorted(expected))
    return max(np.abs(found[name] - expected[name]).max() / np.abs(expected[name]).max() for name in expected)


for name, loss, formula, reference in (("DPO", DPO, dpo, "other"), ("SimPO", SIMPO, simpo, None), ("ORPO", ORPO, orpo, None),
                                       ("DPO with a share of SFT", f"{DPO} - 0.1 * chosen.logp / chosen.targets", with_sft, "other")):
    recipe(loss, reference)
    line, gradients = trained()
    expected, slopes, margins = numpy_step(formula)
    check(f"{name}: the loss of {PAIRS} pairs is NumPy's", abs(line["loss"] - expected) < 1e-9, (line["loss"], expected))
    check(f"{name}: and so is the gradient of every tensor", far(gradients, slopes) < 1e-8, far(gradients, slopes))
    print(f"{name}: loss {line['loss']:.12f}, {expected:.12f} in NumPy; gradients differ by {far(gradients, slopes):.1e}", file=sys.stderr)
    if reference:
        check(f"{name}: margin and accuracy are logged", abs(line["pairs.margin"] - np.mean(margins)) < 1e-8 and
              line["pairs.accuracy"] == np.mean(np.array(margins) > 0), line)

# However a step is laid out it is the same step.
recipe()
whole, gradients = trained()
for what, changed in (("micro-batches", {"run": "micro_batch: 256 tokens"}),
                      ("packing", {"batch": "40 * pack(512 tokens, fit: best, overflow: error, last: keep)"}),
                      ("both", {"batch": "40 * pack(300 tokens, fit: decreasing, overflow: error, last: keep)", "run": "micro_batch: 1 tokens"})):
    recipe(**changed)
    line, others = trained()
    check(f"{what} do not change the loss", abs(line["loss"] - whole["loss"]) < 1e-12, (line["loss"], whole["loss"]))
    check(f"{what} do not change the gradients", far(others, gradients) < 1e-10, far(others, gradients))
    check(f"{what} do not change margin and accuracy", abs(line["pairs.margin"] - whole["pairs.margin"]) < 1e-9 and
          line["pairs.accuracy"] == whole["pairs.accuracy"], line)

# An adapter's reference is the base with the adapter off.
ADAPTED = "base { adapt: lora(rank: 4, alpha: 8) }"
recipe(model=ADAPTED, reference="base", steps=3)
run_anew()
of_base = [line["loss"] for line in metrics()]
check("an adapter begins where base and reference agree", abs(of_base[0] - math.log(2)) < 1e-12, of_base)
check("and learns what is preferred", of_base[2] < of_base[1] < of_base[0] and metrics()[2]["pairs.margin"] > 0, metrics())
write_model("copy", 1)
recipe(model=ADAPTED, reference="copy", steps=3, more='model copy = load("copy")')
run_anew()
check("another folder of the base is the same reference", [line["loss"] for line in metrics()] == of_base, metrics())

# Held-out pairs have the train's own loss.
recipe(steps=2, more="eval e { model: tuned, during: every(1 steps), unseen: loss(held) }")
run_anew()
base, reference, model = Llama("base"), Llama("other"), Llama("base")
saved = tensors(1)
for name in model.weights:
    if "layers." in name:
        prefix, rest = name.split("layers.")[0], name.split("layers.")[1].split(".", 1)
        stacked = saved.get(name)
        model.weights[name] = stacked if stacked is not None else saved[f"{prefix}layers.{{layer}}.{rest[1]}"][int(rest[0])]
    else:
        model.weights[name] = saved[name]
losses, moved = [], []
for record in held:
    known = [(logp(model, record, which), logp(reference, record, which), 0) for which in ("chosen", "rejected")]
    losses.append(dpo(*known)[0])
    moved.append(known[0][0] - known[0][1] - known[1][0] + known[1][1])
line = metrics()[0]
check("the held-out loss is that of the pairs", abs(line["e/unseen"] - np.mean(losses)) < 1e-9, (line, np.mean(losses)))
check("with margin and accuracy", abs(line["e/unseen.margin"] - np.mean(moved)) < 1e-8 and
      line["e/unseen.accuracy"] == np.mean(np.array(moved) > 0), line)

said = roux("eval", "r.recipe")
check("the end's says how many pairs there were", "over 6 pairs" in said and "accuracy" in said, said)

# What was asked of the reference is kept.
check("the reference is asked once", "asking the reference" not in roux("run", "r.recipe", "--dtype", "f64"))

# What was compiled can be looked at.
graph = roux("inspect", "r.recipe", "--emit=grad")
check("the step has the operations of pairs", all(word in graph for word in (
    "step.answer_logp", "step.pair_loss", "step.pair_loss_grad", "step.answer_logp_grad")), graph[-2000:])
