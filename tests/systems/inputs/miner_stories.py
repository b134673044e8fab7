"""The miner's scores of eight documents under stories260K, against NumPy in double precision.

    miner_stories.py RECIPES REFERENCE
"""
import json
import math
import pathlib
import shutil
import subprocess
import sys

import toy
from lds import lds
from llama import Llama
from scores import read_scores
from seeds import drawn_pairs, record_key, tree
from toy import check

recipes, model = sys.argv[1], pathlib.Path(sys.argv[2]) / "models/stories260K"
scorer = pathlib.Path("scorer")
scorer.mkdir()
for name, source in (("config.json", "config.json"), ("model.safetensors", "model.safetensors"),
                     ("tokenizer.model", "tok512.reconstructed.model")):
    shutil.copy(model / source, scorer / name)
stories = [f"Once upon a time, there was a {who}. " + toy.prose(500 + 80 * i, i) + f" The {who} was happy."
           for i, who in enumerate(("little girl", "big dog", "red ball", "small bird", "boy", "cat", "old man", "tree"))]
toy.lines("corpus.jsonl", *({"text": story} for story in stories))
recipe = toy.Recipe(recipes, "miner", scorer_in='"scorer"', start='"scorer"', corpus='"corpus.jsonl"', segment=16, pairs=30, row=128)
recipe.roux("run", "--target", "lds")
scores = read_scores(next(pathlib.Path("runs/miner/scores").glob("lds-*.scores")))
said = subprocess.run(["roux", "tokenize", "--tokenizer", "scorer"], input=pathlib.Path("corpus.jsonl").read_text(),
                      capture_output=True, text=True, check=True)
ids = [json.loads(line)["ids"] for line in said.stdout.splitlines()]
numpys = Llama(json.loads((scorer / "config.json").read_text()), toy.read_tensors(scorer / "model.safetensors"))


def perplexity(of, given):
    return math.exp(numpys.nll((given or []) + of)[-(len(of) - 1):].mean())


worst, some = 0, 0
for ordinal, tokens in enumerate(ids):
    key = record_key("all", ordinal)
    if key not in scores:
        continue  # held out
    spans = [tokens[at:at + 16] for at in range(0, len(tokens) - 15, 16)]
    value = lds(spans, drawn_pairs(len(spans), 30, tree(11) / "lds" / key / "pairs"), perplexity)
    print(f"{ordinal}: {scores[key][0][0]:.6f}, NumPy {value:.6f}")
    worst, some = max(worst, abs(value - scores[key][0][0])), some + (value > 0)
check("the scores are NumPy's within 1e-4", some >= 6 and worst < 1e-4, worst)
