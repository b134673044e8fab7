"""longalign.recipe and longalign_table.recipe, from data to their last evaluation.

    longalign.py RECIPES
"""
import math
import sys

import toy
from toy import check

recipes = sys.argv[1]
toy.write_model("model", context=256)
toy.chats("long.jsonl", 60, 150, seed=1)
toy.chats("short.jsonl", 60, 40, seed=2, empty=7)
toy.lines("essays.jsonl", *({"text": toy.prose(400, i)} for i in range(4)))
size = dict(start='"model"', long_in='"long.jsonl"', short_in='"short.jsonl"', essays='"essays.jsonl"', window=256,
            packs=2, lengths="[230]", rate="1e-3", watch="3 steps")
aligned = toy.Recipe(recipes, "longalign", **size)

steps, plan = aligned.steps("aligned")
placed = [sequence for step in steps for pack in step for sequence in pack]
short = {sequence["record"] for sequence in placed if sequence["source"] == "short"}
check("conversations with an empty answer are left out", short and max(short) < 60 and
      "short/where/0: left out" in plan, plan[:1500])
check("packs hold whole conversations", all(sequence["whole"] for sequence in placed) and
      max(sum(sequence["positions"] for sequence in pack) for step in steps for pack in step) <= 256)
check("two packs a step", all(len(step) == 2 for step in steps))
half = len(steps) // 2
order = [[(s["source"], s["record"]) for pack in step for s in pack] for step in steps]
check("both epochs see one order", order[:half] == order[half:])

checked = aligned.roux("check")
check("the weights of a step add up to 1", "sum of a step 1 to 1" in checked, checked)
said = aligned.run()
metrics = aligned.metrics("aligned")
check("as many steps as planned", len(metrics) == len(steps))
check("losses fall", metrics[-1]["loss"] < metrics[0]["loss"], metrics)
report = aligned.eval("report")
check("the needle grid is one length by ten depths", len(report["needle"]["cells"]) == 10, report["needle"])
check("the loss is by position, and a number", report["unseen"]["positions"] and
      math.isfinite(report["unseen"]["all"]["mean"]), report["unseen"])
check("it writes", len(report["writes"]["samples"]) == 1)

table = toy.Recipe(recipes, "longalign_table", **size, group=2, each=8)
said = table.run()
rows = {line.split()[0]: line for line in said.splitlines() if line.split()}
check("the comparison has its four rows", all(name in rows for name in ("naive", "sorted", "packed", "weighted")), said)
header = next(line for line in said.splitlines() if line.startswith("model "))
end = header.index(" idle ") + len(" idle")


def idle(train):
    """Of eight devices, or of as many as a group has, that take the next row of a step each and wait for the longest."""
    taken = used = 0
    devices = 2 if train == "sorted" else 8
    for step in table.steps(train)[0]:
        packed = train in ("packed", "weighted")
        wide = [sum(s["positions"] for s in pack) for pack in step] if packed else [s["positions"] for pack in step for s in pack]
        for at in range(0, len(wide), devices):
            taken += max(wide[at:at + devices]) * len(wide[at:at + devices])
            used += sum(wide[at:at + devices])
    return 100 * (1 - used / taken)


for name in ("naive", "sorted", "packed", "weighted"):
    shown = float(rows[name][:end].split()[-1].rstrip("%"))
    check(f"{name}: what devices would wait is in the table", abs(shown - idle(name)) < 0.06, (shown, idle(name)))
check("sorting and packing leave less to wait for", max(idle("sorted"), idle("packed")) < idle("naive"))
same, weighted = aligned.metrics("aligned"), table.metrics("weighted")
check("packed and weighted is the recipe's own training", [m["loss"] for m in same] == [m["loss"] for m in weighted])
check("without the weights it is another", [m["loss"] for m in table.metrics("packed")] != [m["loss"] for m in weighted])
steps, _ = table.steps("sorted")
lengths = [[s["tokens"] for pack in step for s in pack] for step in steps]
check("sorted steps hold groups of neighbours in length",
      all(sorted(step[i:i + 2]) == step[i:i + 2] for step in lengths for i in range(0, len(step), 2)), lengths)
