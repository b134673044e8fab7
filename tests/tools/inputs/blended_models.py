"""A sum of models, of trains and files, is the sum of their weights.

    blended_models.py RECIPES     (roux on PATH; works in the current folder)
"""
import sys

import numpy as np

import short_run
from llama_numpy import read_safetensors
from short_run import done, folder, run, say


def train(name, model, steps, rate):
    return f"""
train {name} {{
  model: {model}
  data: stories
  target: true
  weight: 1 / step.targets
  batch: 2 * pack(256 tokens, fit: fill(rest: next), overflow: split, last: keep)
  optimizer: adamw(lr: {rate})
  length: {steps} steps
}}
"""


recipes = sys.argv[1]
still = train("kept", "merged", 1, 0)  # a step of rate 0 leaves the sum as it is
short_run.write("sums", recipes, run="dtype: f32", extra=train("left", "tiny", 5, "3e-3")
                + train("right", "tiny", 9, "1e-3") + "\nmodel merged = 0.25 * left + 0.75 * right\n" + still
                + "\neval sum { model: merged, target: true, loss: loss(held) }\n")
done("sums", target="kept")
left, right, kept = (read_safetensors(folder("sums", name) / "model/model.safetensors")
                     for name in ("left", "right", "kept"))
far = max(np.abs(kept[name] - 0.25 * left[name] - 0.75 * right[name]).max() for name in kept)
apart = max(np.abs(left[name] - right[name]).max() for name in kept)
say("0.25 * left + 0.75 * right", set(kept) == set(left) and far < 1e-7 and apart > 1e-3, (far, apart))
say("a sum is measured", "loss" in done("sums", target="sum"))

# Shapes that differ cannot be added.
short_run.write("misfit", recipes, extra="""
model other = new(llama, tokenizer: words, layers: 2, dim: 32, heads: 4, kv_heads: 2, ffn: 176, context: 512) {
  template: plain
}
model merged = 0.5 * tiny + 0.5 * other
""" + train("kept", "merged", 1, 0))
status, said = run("misfit", target="kept")
say("other shapes are refused", status == 1 and ("64" in said and "32" in said), said)
