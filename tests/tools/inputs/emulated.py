"""Recipes on the emulated GPU beside the processor: what is trained, measured and said is the same.

    emulated.py     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import subprocess
import sys

import numpy

import small_families
from small_families import toy
from toy import check

small_families.write_gemma2("gemma")
small_families.write_qwen3("qwen")
small_families.write_gpt2("gpt")
toy.write_model("llama", context=192, layers=2, ffn=48)
toy.texts("docs.jsonl", [40, 57, 23])
toy.chats("chats.jsonl", 2, 20)
toy.lines("turns.jsonl", *({"messages": [{"role": role, "content": toy.prose(8 + i + 3 * turn, f"{i} {turn}")}
                                         for turn, role in enumerate(("user", "assistant") * 2)]} for i in range(3)))
toy.lines("pairs.jsonl", *({"prompt": f"ask {i}", "chosen": "yes" * (i + 1), "rejected": "no" * (4 - i)} for i in range(3)))

BEFORE = """data docs = text("docs.jsonl", ends: both)
data chats = chat("chats.jsonl")
data turns = chat("turns.jsonl")
data prefs = pairs("pairs.jsonl")
"""


def train(model, data="docs", target="true", weight="1 / step.targets", batch="each(3 sequences, overflow: error, last: drop)",
          optimizer="adamw(lr: 1e-2)", steps=2, more="", name="some"):
    return f"""train {name} {{
  model: {model}
  data: {data}
  target: {target}
  weight: {weight}
  batch: {batch}
  optimizer: {optimizer}
  length: {steps} steps
  {more}
}}
"""


def roux(*words, given=None):
    said = subprocess.run(["roux", *words], capture_output=True, text=True, input=given)
    if said.returncode: sys.exit(f"{words} {said.stdout + said.stderr}")
    return said.stdout


def run(name, model, text, device, dtype="f32", keys=()):
    """The losses of a recipe's train and all that its evals found."""
    file = f"{name}-{device}-{dtype}"
    used = "\n".join(line for line in BEFORE.splitlines() if line.split()[1] in text)
    pathlib.Path(f"{file}.recipe").write_text(f'model base = load("{model}")\n{used}\n{text}')
    roux("run", f"{file}.recipe", "--device", device, "--dtype", dtype, "--threads", "1", *keys)
    runs = pathlib.Path("runs", file)
    losses = [json.loads(line)["loss"] for path in runs.glob("some-*/metrics.jsonl") for line in path.read_text().splitlines()]
    return losses, [task for path in runs.glob("evals/*.json") for task in json.loads(path.read_text())["tasks"]]


def far(found, expected):
    return max(abs(a / b - 1) for a, b in zip(found, expected, strict=True))


def same(what, name, model, text, dtype="f32", bound=1e-4, keys=()):
    """Both devices' numbers of a recipe are the same; the emulated losses."""
    (expected, measured), (found, emulated) = (run(name, model, text, device, dtype, keys) for device in ("cpu", "simt"))
    check(f"{what}: the losses are the processor's ({dtype})", len(found) > 1 and far(found, expected) <= bound, (found, expected))
    check(f"{what}: something is learnt", len(set(found)) == len(found), found)
    for here, there in zip(measured, emulated, strict=True):
        check(f"{what}: '{here['name']}' is the same", alike(here, there, bound), (here, there))
    return found


def alike(one, other, bound):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key], bound) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(alike(a, b, bound) for a, b in zip(one, other))
    return abs(one - other) <= bound * abs(one) if isinstance(one, float) else one == other


def says_the_same(name):
    here, there = (roux("chat", f"{name}-{device}-f32.recipe", "--dtype", "f32", "--temperature", "0", "--max-tokens", "4",
                        "--device", device, given="hello\n") for device in ("cpu", "simt"))
    check(f"{name}: a chat is the same", here == there != "", (here, there))


EVAL = """eval report {
  model: some
  unseen: loss(chats)
  said: samples(["the old"], tokens: 3)
}
"""
PACK = "pack(160 tokens, fit: best, overflow: error, last: keep)"

apart = same("windows in turn, capped scores and logits", "gemma", "gemma", train("base") + EVAL)
packed, _ = run("packed", "gemma", train("base", batch=PACK), "simt")
check("packed or each by itself, it is the same training", far(packed, apart) <= 1e-5, (packed, apart))
same("windows in turn, capped scores and logits", "gemma", "gemma", train("base"), "bf16", 2e-2)
says_the_same("gemma")

# Few targets, and a weight that reads the turn and the sequence of each.
same("LayerNorm, biases, learned positions; few targets, weights by turn", "gpt", "gpt",
     train("base", data="turns", target="role == assistant", weight="(1 + turn.index) / (sequence.targets * step.sequences)") + EVAL)
says_the_same("gpt")

# What a score says of a sequence is its weight here.
SCORE = "score hard { data: docs, model: base, value: perplexity(sequence) }\n"
same("norms of heads; an adapter that drops; weights by a score", "qwen", "qwen", SCORE +
     train("base { adapt: lora(rank: 4, alpha: 6, dropout: 30%) }", weight="sequence.hard / (sequence.targets * step.sequences)") + EVAL)
says_the_same("qwen")

same("frozen weights, Muon", "frozen", "llama",
     train("base", optimizer="muon(lr: 0.01, rest: adamw(lr: 1e-3, betas: [0.9, 0.95]), moments: bf16)",
           more="freeze: [embeddings, layers(0..0)]"))
DPO = "-log(sigmoid(0.1 * ((chosen.logp - chosen.reference) - (rejected.logp - rejected.reference))))"
same("pairs of answers", "pairs", "llama", train("base", data="prefs", target="role == assistant", weight="1 / step.sequences",
                                                 more=f"loss: {DPO}\n  reference: base"))
