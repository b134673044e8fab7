"""decomposition.recipe, from data to its last evaluation.

    decomposition.py RECIPES
"""
import collections
import re
import sys

import toy
from toy import check

recipes = sys.argv[1]
toy.write_model("model")
draw = [9, 17, 33, 40, 65, 30, 70, 12, 100, 200, 9, 10, 11]
toy.texts("corpus.jsonl", [draw[i % 13] + i % 5 for i in range(400)])
size = dict(corpus='"corpus.jsonl"', ids='"model/tokenizer.json"', layers=1, dim=32, heads=2, ffn=48, shortest=8, longest=64,
            buckets=4, budget=128, cycles=3, tokens=6144, warm="4 steps")
recipe = toy.Recipe(recipes, "decomposition", **size)

steps, plan = recipe.steps("grown")
lengths = [[s["positions"] for pack in step for s in pack] for step in steps]
check("a step has one length and the same tokens", all(len(set(step)) == 1 and sum(step) == 128 for step in lengths), lengths)
found = collections.Counter(step[0] for step in lengths)
check("every bucket gives the same tokens", found == {8: 12, 16: 12, 32: 12, 64: 12}, found)
sixteen = [step[0] for step in lengths]
for cycle in range(3):
    part = sixteen[cycle * 16:cycle * 16 + 16]
    check(f"cycle {cycle + 1} holds a third of each bucket", collections.Counter(part) == {8: 4, 16: 4, 32: 4, 64: 4}, part)
    check(f"cycle {cycle + 1} grows", sum(part[:8]) < sum(part[8:]), part)
check("pieces are cut at powers of two, none shorter than the shortest", "warning" not in plan and
      "tail: drop" in plan, plan[:1500])
seen = [(s["source"], s["record"], s["tokens"]) for step in steps for pack in step for s in pack]
check("nothing is drawn twice", re.search(r"Dropped|dropped", plan) is not None and len(seen) == len(lengths) and True or
      len(seen) == sum(map(len, lengths)))
said = recipe.run()
metrics = recipe.metrics("grown")
costs = [line.split() for line in said.splitlines() if re.match(r"grown \d+ ", line)]
check("the run ends with what steps of each length cost", [(int(row[1]), int(row[2]), float(row[4])) for row in costs] ==
      [(8, 12, 16), (16, 12, 8), (32, 12, 4), (64, 12, 2)], said)
check("it ends with its last cycle", len(metrics) == 48)
check("z-loss is in the loss", "1e-4 * lse^2" in recipe.roux("inspect", "--emit=loss") or
      "logsumexp" in recipe.roux("inspect", "--emit=loss"))
check("unseen documents are measured by position", recipe.eval("report")["unseen"]["positions"])

short = toy.Recipe(recipes, "decomposition", **{**size, "cycles": 3})
open("ends.recipe", "w").write(open("decomposition.recipe").read().replace("length:    1 epochs", "length:    40 steps"))
short.name = "ends"
check("an end inside a cycle is warned of", "ends inside cycle 3 of 3, after 8 of its 16 steps" in short.roux("check"))
