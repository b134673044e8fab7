"""longrecipe.recipe, from data to its last evaluation.

    longrecipe.py RECIPES
"""
import json
import pathlib
import re
import sys

import numpy

import toy
from llama import Llama
from scores import read_scores
from seeds import record_key
from toy import check

recipes = sys.argv[1]
models = {name: toy.write_model(name, context=64, seed=seed, scale=0.3) for name, seed in (("model", 1), ("probe", 2))}
toy.texts("corpus.jsonl", [120 + 5 * (i % 13) for i in range(300)])
toy.lines("lessons.jsonl", *({"prompt": toy.prose(20, i), "completion": toy.prose(25, -i)} for i in range(60)))
size = dict(start='"model"', probed='"probe"', corpus='"corpus.jsonl"', lessons='"lessons.jsonl"', window=256, reach=250,
            budget=60, samples=250, rows=4, steps="6 steps", again="2k tokens", overlap=16)
recipe = toy.Recipe(recipes, "longrecipe", **size)
recipe.run()


found = read_scores(next(pathlib.Path("runs/longrecipe/scores").glob("change-*.scores")))
scores = {key: tokens for key, (_, tokens) in found.items()}
check("every sample has a score", len(scores) == 250, len(scores))
config = json.loads(open("model/config.json").read())
base, probe = (Llama(config, models[name]) for name in ("model", "probe"))


def logits(model, ids):
    """Of each token but the first, in windows of 64 inputs that share 16 tokens."""
    found, begin, first = numpy.full(len(ids), numpy.nan), 0, 1
    while True:
        end = min(begin + 65, len(ids))
        rows = model.logits(ids[begin:end - 1])
        for t in range(first, end):
            found[t] = rows[t - 1 - begin][ids[t]]
        if end == len(ids):
            return found
        begin, first = end - 16, end


texts = [json.loads(line)["text"] for line in open("corpus.jsonl")]
worst, changes = 0, {}
for ordinal, text in enumerate(texts):
    key = record_key("docs", ordinal)
    if key in scores and len(changes) < 24:
        ids = list(text.encode())
        changes[ordinal] = logits(probe, ids) - logits(base, ids)
        worst = max(worst, numpy.abs(changes[ordinal][1:] - scores[key][1:]).max())
check("logit differences are those of models in double precision", changes and worst < 1e-4, worst)
check("the first token, which nothing predicts, has none", all(numpy.isnan(score[0]) for score in scores.values()))

steps, plan = recipe.steps("extended")
check("samples are cut to their budget", max(s["tokens"] for step in steps for pack in step for s in pack) == 60)


def kept(text, change):
    """The sentences that are kept, as ids."""
    ids, ends = list(text.encode()), []
    for t in range(len(ids)):
        if chr(ids[t]) in ".!?\n" and (chr(ids[t]) != "." or t + 1 == len(ids) or chr(ids[t + 1]) in " \n"):
            ends.append(t + 1)
    limit, out, begin = numpy.quantile(change[1:], 0.8), [], 0
    for end in sorted({*ends, len(ids)}):
        moved = sum(change[t] > limit for t in range(max(begin, 1), end))
        if moved >= 0.2 * (end - begin):
            out += ids[begin:end]
        begin = end
    return out


told = 0
for step in range(6):
    recipe.roux("preview", "--target", "extended", "--step", str(step), "--tokens", "0", "--html", "page.html")
    page = open("page.html").read()
    for section in re.findall(r"<section.*?</section>", page, re.S):
        name = re.search(r"<h2>docs:(\d+)", section)
        rows = [value.split("|") for value in re.findall(r'data-v="([^"]*)"', section)]
        positions = [int(row[1]) for row in rows if row[1]]
        check("positions rise and stay below the reach", positions == sorted(set(positions)) and positions[-1] < 250)
        if int(name[1]) in changes:
            told += 1
            want = kept(texts[int(name[1])], changes[int(name[1])])[:60]
            check(f"sentences of docs:{name[1]} are those that moved", [int(row[0]) for row in rows] == want, (rows, want))
check("some of them were looked at", told > 2, told)

checked = recipe.roux("check")
check("positions jump", "gaps bends no sequence" not in checked)
wide, replayed = toy.read_tensors("model/model.safetensors"), recipe.tensors("replayed")
said = recipe.roux("run", "--target", "merged")
merged = recipe.tensors("merged")
check("the merged model is half of each", all(
    numpy.allclose(merged[name], 0.5 * wide[name] + 0.5 * replayed[name], atol=1e-6) for name in wide))
config = json.loads((recipe.folder("merged") / "model/config.json").read_text())
check("in the extended window", config["max_position_embeddings"] == 256 and config["rope_theta"] > 1e5, config)
before, after = (recipe.eval(name)["unseen"]["all"]["mean"] for name in ("before", "after"))
check("both are measured", before != after)
