"""miner.recipe, from data to its last evaluation.

    miner.py RECIPES
"""
import json
import math
import pathlib
import re
import sys

import toy
from lds import lds
from llama import Llama
from scores import read_scores
from seeds import drawn_pairs, record_key, tree
from toy import check

recipes = sys.argv[1]
tensors = toy.write_model("scorer", context=128, seed=5, scale=0.35)
toy.write_model("model", context=128)
toy.texts("corpus.jsonl", [16 * (3 + i % 9) + i % 16 for i in range(60)])
size = dict(scorer_in='"scorer"', start='"model"', corpus='"corpus.jsonl"', segment=16, pairs=9, row=128, rows=2,
            steps="4 steps")
recipe = toy.Recipe(recipes, "miner", **size)
said = recipe.run()


file = next(pathlib.Path("runs/miner/scores").glob("lds-*.scores"))
scores = {key: numbers for key, (numbers, _) in read_scores(file).items()}
model = Llama(json.loads(open("scorer/config.json").read()), tensors)
texts = [json.loads(line)["text"] for line in open("corpus.jsonl")]


def perplexity(of, given):
    ids = (given or []) + of
    return math.exp(model.nll(ids)[-(len(of) - 1):].mean())


expected, worst = {}, 0
for ordinal, text in enumerate(texts):
    key = record_key("all", ordinal)
    if key not in scores:
        continue
    ids = list(text.encode())
    spans = [ids[at:at + 16] for at in range(0, len(ids) - 15, 16)]
    count = len(spans) * (len(spans) - 1) // 2
    pairs = drawn_pairs(len(spans), 9, tree(11) / "lds" / key / "pairs") if count >= 9 else []
    expected[ordinal] = lds(spans, pairs, perplexity)
    worst = max(worst, abs(expected[ordinal] - scores[key][0]))
check("every document but the held ones has a score", len(texts) - 6 <= len(expected) == len(scores) < len(texts), len(scores))
check("scores are those of a model in double precision", worst < 1e-4, worst)
check("some are above 0, and those with too few pairs are 0",
      sum(value > 0 for value in expected.values()) > 9 and any(value == 0 for value in expected.values()), expected)

steps, _ = recipe.steps("miner")
kept = {s["record"] for step in steps for pack in step for s in pack}
ranked = sorted(expected, key=lambda ordinal: -expected[ordinal])
half = set(ranked[:round(len(ranked) / 2)])
check("the kept half is the one with the largest scores", kept <= half and len(kept) > len(half) // 3, (kept - half, len(kept)))
steps, _ = recipe.steps("random")
check("the random half is another", not {s["record"] for step in steps for pack in step for s in pack} <= half)
check("both halves are trained and measured", len(recipe.metrics("miner")) == len(recipe.metrics("random")) == 4 and
      recipe.eval("of_mined")["unseen"]["all"]["mean"] != recipe.eval("of_random")["unseen"]["all"]["mean"])
check("the page shows how scores are spread", "lds, " in open("runs/miner/report.html").read())
check("what is scored is not scored again", "score lds: nothing changed" in recipe.run())
file.write_bytes(file.read_bytes()[:-20])
said = recipe.run()
check("a score that lost its last record finds only that again",
      re.search(rf"score lds: {len(scores)} of {len(scores)} records", said) and {k: n for k, (n, _) in read_scores(file).items()} == scores, said)
